// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "openers.h"
#include "output.h"
#include "sleepers.h"

/* Files whose readers hold the mmap lock or a VMA's. */
static bool takes_lock(const char *file)
{
	static const char *const files[] = {
		"maps", "smaps", "smaps_rollup", "numa_maps", "pagemap",
		"clear_refs", "cmdline", "environ", "mem", NULL
	};

	for (const char *const *f = files; *f; f++)
		if (!strcmp(*f, file))
			return true;
	return false;
}

static bool is_of(const char *path, pid_t pid, char *file, size_t size)
{
	char prefix[32];
	size_t len = snprintf(prefix, sizeof(prefix), "/proc/%d/", pid);
	const char *name = strrchr(path, '/');

	if (strncmp(path, prefix, len) || !takes_lock(name + 1))
		return false;
	snprintf(file, size, "%s", name + 1);
	return true;
}

static char state_of(pid_t pid)
{
	FILE *file = file_open("/proc/%d/status", pid);
	char line[128], state = '?';

	while (file && state == '?' && fgets(line, sizeof(line), file))
		sscanf(line, "State: %c", &state);
	if (file)
		fclose(file);
	return state;
}

static bool has_open(pid_t reader, pid_t pid, char *file, size_t size)
{
	DIR *dir = directory_open("/proc/%d/fd", reader);
	bool found = false;
	const char *fd;
	char path[128];
	ssize_t n;

	while (dir && !found && (fd = directory_next(dir))) {
		n = readlinkat(dirfd(dir), fd, path, sizeof(path) - 1);
		if (n <= 0)
			continue;
		path[n] = '\0';
		found = is_of(path, pid, file, size);
	}
	if (dir)
		closedir(dir);
	return found;
}

size_t openers_of(pid_t pid, struct opener *openers)
{
	DIR *dir = directory_open("/proc");
	const char *name;
	size_t n = 0;

	while (dir && n < MAX_OPENERS && (name = directory_next(dir))) {
		struct opener *o = &openers[n];

		o->pid = atoi(name);
		if (!isdigit(*name) || o->pid == pid ||
		    !has_open(o->pid, pid, o->file, sizeof(o->file)))
			continue;
		process_comm(o->pid, o->comm, sizeof(o->comm));
		o->state = state_of(o->pid);
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}
