// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "look.h"
#include "target.h"
#include "util.h"

static char buffer[MIB];

const char *look_name(const struct look *look)
{
	return look->file ? look->file : interface_names[look->how];
}

void looker_open(struct looker *l, const struct look *look, pid_t pid,
		 unsigned long addr, unsigned long memory)
{
	char path[64];
	int err = 0;

	*l = (struct looker){ .look = look, .addr = addr, .memory = memory };
	/* Make it resident: a fault here is not part of the look. */
	memset(buffer, 1, look->file ? 64 * KIB : look->size);
	if (!look->file) {
		err = reader_open(&l->reader, look->how, pid);
	} else {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, look->file);
		l->reader = (struct reader){ .how = MEM, .pid = pid };
		l->reader.fd = open(path, O_RDONLY | O_CLOEXEC);
		if (l->reader.fd < 0)
			err = -errno;
	}
	if (err)
		die("%s of %d: %s", look_name(look), pid, strerror(-err));
}

static void count_call(struct looker *l)
{
	if (l->calls)
		atomic_fetch_add(l->calls, 1);
}

/* Read the whole file. */
static void look_at_file(struct looker *l)
{
	bool entries = !strcmp(l->look->file, "pagemap");
	off_t at = entries ? l->addr / PAGE * 8 : 0;
	off_t end = entries ? at + (l->memory + PAGE - 1) / PAGE * 8 : 0;
	ssize_t n;

	do {
		size_t size = 64 * KIB;

		if (end && (size_t)(end - at) < size)
			size = end - at;
		n = pread(l->reader.fd, buffer, size, at);
		if (n < 0)
			die("%s: %s", l->look->file, strerror(errno));
		at += n;
		count_call(l);
	} while (n && at != end);
}

void looker_look(struct looker *l)
{
	const struct look *look = l->look;
	bool file = look->how == CMDLINE || look->how == ENVIRON;
	ssize_t n;

	if (look->file) {
		look_at_file(l);
		return;
	}
	n = reader_read(&l->reader, file ? 0 : l->addr, buffer, look->size);
	if (n <= 0 || (!file && n != (ssize_t)look->size))
		die("%s: %zd", look_name(look), n);
	count_call(l);
}

void looker_close(struct looker *l)
{
	reader_close(&l->reader);
}
