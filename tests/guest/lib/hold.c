// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hold.h"
#include "vmapeek.h"

int hold_begin(const char *mode, pid_t pid)
{
	int fd = open("/dev/hold_mmap_lock", O_RDWR | O_CLOEXEC);
	char text[32];
	int len = snprintf(text, sizeof(text), "%s %d", mode, pid);

	if (fd < 0 || write(fd, text, len) != len)
		die("cannot hold the mmap lock: %s", strerror(errno));
	return fd;
}

bool hold_is(int fd, const char *state)
{
	char text[16] = "";

	if (read(fd, text, sizeof(text) - 1) <= 0)
		die("hold_mmap_lock: %s", strerror(errno));
	return !strncmp(text, state, strlen(state));
}

void hold_wait(int fd, const char *state)
{
	while (!hold_is(fd, state))
		sched_yield();
}

void hold_for_write(struct hold *h, pid_t pid)
{
	h->lock = hold_begin("write", pid);
	hold_wait(h->lock, "held");
}

/* New readers queue behind a waiting writer. */
void hold_for_read_with_writer(struct hold *h, pid_t pid)
{
	h->lock = hold_begin("read", pid);
	hold_wait(h->lock, "held");
	h->writer = hold_begin("write", pid);
	hold_wait(h->writer, "queued");
}

bool hold_lasts(const struct hold *h)
{
	return hold_is(h->lock, "held") &&
	       (h->writer < 0 || hold_is(h->writer, "queued"));
}

void hold_close(struct hold *h)
{
	if (h->lock >= 0)
		close(h->lock);
	if (h->writer >= 0)
		close(h->writer);
	h->lock = h->writer = -1;
}

static bool begins_with(const char *name, const char *begin)
{
	return !strncmp(name, begin, strlen(begin));
}

/* With PREEMPT_RT, all locks sleep in this function. */
#define RT_SLEEPS_IN	"rt_mutex_schedule"

static bool is_of_rt_lock(const char *name)
{
	static const char *const functions[] = {
		"rt_mutex_", "__rt_mutex_", "rwbase_", "__rwbase_", "down_",
	};

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (begins_with(name, functions[i]))
			return true;
	return false;
}

/* The caller of the lock's functions, from "[<0>] NAME+0x... " lines. */
static bool find_caller(pid_t pid, char *name)
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %63[^+]", name) == 1 &&
			!is_of_rt_lock(name);
	if (file)
		fclose(file);
	return found;
}

/*
 * The kernel names the sleeping function, and skips those of the lock itself. A
 * running task has none. Compilers add suffixes, as in
 * process_vm_rw_core.isra.0.
 */
bool waits_in(pid_t pid, const char *function)
{
	char path[64], name[64];

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	if (!read_line(path, name, sizeof(name)) ||
	    (!strcmp(name, RT_SLEEPS_IN) && !find_caller(pid, name)))
		return false;
	return begins_with(name, function);
}

/*
 * Remote reads sleep there only for the mmap lock; they should not in
 * remote_read().
 */
bool waits_for_mmap_lock(pid_t pid)
{
	static const char *const functions[] = {
		"__access_remote_vm", "process_vm_rw", "remote_read",
		"copy_remote_vm_str",
		/* functions of the series for mainline */
		"gup_lock", "__gup_longterm_locked",
	};

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (waits_in(pid, functions[i]))
			return true;
	return false;
}

bool ends_without_mmap_lock(pid_t pid)
{
	for (;;) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return true;
		if (waits_for_mmap_lock(pid))
			return false;
		sched_yield();
	}
}
