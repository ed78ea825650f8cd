// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "behind.h"
#include "files.h"
#include "limited.h"
#include "output.h"

static const char *const kinds[] = {
	[REASON_UNKNOWN] = "unknown",
	[REASON_FREEZE] = "frozen file system",
	[REASON_FILE_SYSTEM] = "file system",
	[REASON_SWAP] = "swap",
	[REASON_MEMCG] = "memory cgroup",
	[REASON_RECLAIM] = "memory reclaim",
	[REASON_USERFAULTFD] = "userfaultfd",
	[REASON_DEVICE] = "device",
};

static char text[LIMITED_SIZE];

static void say(struct behind *b, const char *format, ...) PRINTF(2, 3);
static void say(struct behind *b, const char *format, ...)
{
	size_t len = strlen(b->text);
	va_list args;

	va_start(args, format);
	vsnprintf(b->text + len, sizeof(b->text) - len, format, args);
	va_end(args);
}

/* A mount, from a line of mountinfo. */
struct mount {
	char device[32], at[128], type[32];
};

static const char *next_mount(const char *line, struct mount *m)
{
	const char *rest = strstr(line, " - ");
	const char *end = strchr(line, '\n');

	if (!end || !rest || rest > end ||
	    sscanf(line, "%*d %*d %31s %*s %127s", m->device, m->at) != 2 ||
	    sscanf(rest, " - %31s", m->type) != 1)
		return NULL;
	return end + 1;
}

/*
 * Does the code of the file system @fs serve mounts of @type? A comparison of
 * prefixes does not suffice: fusectl and nfsd are mounted on most machines.
 */
static bool is_type_of(const char *type, const char *fs)
{
	static const char *const others[][2] = {
		{ "fuse", "fuseblk" }, { "nfs", "nfs4" }, { "cifs", "smb3" },
	};
	size_t len = strlen(fs);

	if (!strncmp(type, fs, len) && (!type[len] || type[len] == '.'))
		return true;	/* also fuse.sshfs */
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcmp(fs, others[i][0]) && !strcmp(type, others[i][1]))
			return true;
	return false;
}

/* The number of unanswered requests of a FUSE file system. */
static unsigned int unanswered(const struct mount *m)
{
	static char number[LIMITED_SIZE];
	unsigned int major, minor;

	if (!is_type_of(m->type, "fuse") ||
	    sscanf(m->device, "%u:%u", &major, &minor) != 2 ||
	    limited_read(number, "/sys/fs/fuse/connections/%u/waiting",
			 major << 20 | minor))
		return 0;
	return strtoul(number, NULL, 10);
}

/* Does the process have a file below @at open? */
static bool has_open(pid_t pid, const char *at)
{
	DIR *dir = directory_open("/proc/%d/fd", pid);
	static char path[LIMITED_SIZE];
	size_t len = strlen(at);
	bool found = false;
	const char *fd;

	while (dir && !found && (fd = directory_next(dir)))
		found = !limited_link(path, "/proc/%d/fd/%s", pid, fd) &&
			!strncmp(path, at, len) && path[len] == '/';
	if (dir)
		closedir(dir);
	return found;
}

/* The mounts of @pid; false if not all of them could be read. */
static bool read_mounts(pid_t pid)
{
	return !limited_read(text, "/proc/%d/mountinfo", pid) &&
	       strlen(text) < LIMITED_SIZE - 1;
}

/* Name the mount point of a file system of that type, if it is unambiguous. */
static void say_mount(struct behind *b, pid_t pid, const char *type)
{
	struct mount m, only, open, silent;
	int n = 0, nr_open = 0, nr_silent = 0;
	const char *line = text;

	if (!read_mounts(pid))
		return;
	while ((line = next_mount(line, &m))) {
		if (!is_type_of(m.type, type))
			continue;
		only = m;
		n++;
		if (unanswered(&m)) {
			silent = m;
			nr_silent++;
		}
		if (has_open(pid, m.at)) {
			open = m;
			nr_open++;
		}
	}
	if (n == 1)
		say(b, " %s", only.at);
	else if (nr_silent == 1)
		say(b, " %s (its server does not answer)", silent.at);
	else if (nr_open == 1)
		say(b, " %s (the process has files there open)", open.at);
	else if (n)
		say(b, ", one of %d", n);
}

static void say_cgroup(struct behind *b, pid_t pid, const char *before)
{
	char *at;

	if (limited_read(text, "/proc/%d/cgroup", pid))
		return;
	at = strstr(text, "0::");
	if (!at)
		return;
	at += 3;
	at[strcspn(at, "\n")] = '\0';
	if (strcmp(at, "/"))
		say(b, "%s%s", before, at);
}

/* Name the suspended devices of the device mapper. */
static void say_suspended(struct behind *b, pid_t pid)
{
	DIR *dir = directory_open("/sys/block");
	char name[64], number[32];
	const char *block;

	if (!dir)
		return;
	while ((block = directory_next(dir))) {
		struct mount m;
		const char *line = text;

		if (strncmp(block, "dm-", 3) ||
		    limited_read(text, "/sys/block/%s/dm/suspended", block) ||
		    *text != '1' ||
		    !file_line(name, sizeof(name), "/sys/block/%s/dm/name",
			       block))
			continue;
		say(b, "; the device %s (%s) is suspended", name, block);
		if (!file_line(number, sizeof(number), "/sys/block/%s/dev",
			       block) ||
		    limited_read(text, "/proc/%d/mountinfo", pid))
			continue;
		while ((line = next_mount(line, &m)))
			if (!strcmp(m.device, number)) {
				say(b, ", mounted at %s", m.at);
				break;
			}
	}
	closedir(dir);
}

/*
 * The stack of a task that waits for a page under readahead does not show the
 * file system: add the FUSE file systems with unanswered requests.
 */
static void say_silent(struct behind *b, pid_t pid)
{
	const char *line = text;
	struct mount m;

	if (!read_mounts(pid))
		return;
	while ((line = next_mount(line, &m))) {
		unsigned int n = unanswered(&m);

		if (n)
			say(b, "; the server of the file system %s %s has not answered %u request%s",
			    m.type, m.at, n, n == 1 ? "" : "s");
	}
}

void behind_find(struct behind *b, const struct sleeper *holder, pid_t pid)
{
	char fs[32];

	*b = (struct behind) { 0 };
	b->reason = stack_reason(&holder->stack, fs, sizeof(fs));
	b->kind = kinds[b->reason];
	switch (b->reason) {
	case REASON_FREEZE:
		say(b, "the frozen file system %s", fs);
		say_mount(b, pid, fs);
		break;
	case REASON_FILE_SYSTEM:
		say(b, "the file system %s", fs);
		say_mount(b, pid, fs);
		break;
	case REASON_SWAP:
		say(b, "swap");
		say_cgroup(b, pid, ", memory cgroup ");
		break;
	case REASON_MEMCG:
		say(b, "the limit of the memory cgroup");
		say_cgroup(b, holder->pid, " ");
		break;
	case REASON_RECLAIM:
		say(b, "memory reclaim");
		break;
	case REASON_USERFAULTFD:
		say(b, "userfaultfd");
		break;
	case REASON_DEVICE:
		say(b, "a page of a file that its device or server does not deliver");
		say_silent(b, pid);
		break;
	case REASON_UNKNOWN:
		if (holder->stack.n)
			say(b, "%s", holder->stack.frame[0].function);
		break;
	}
	if (b->reason == REASON_SWAP || b->reason == REASON_DEVICE ||
	    b->reason == REASON_MEMCG || b->reason == REASON_RECLAIM)
		say_suspended(b, pid);
	make_printable(b->text);
}
