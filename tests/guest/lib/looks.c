// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "hold.h"
#include "looks.h"
#include "target.h"
#include "util.h"
#include "vmapeek.h"

const char *const look_states[NR_STATES] = {
	"off", "on", "on, held for writing",
	"on, held for reading, a writer waits",
};

void look_in_all_states(void (*take)(enum look_state state), pid_t pid)
{
	struct hold hold = NOT_HELD;

	take(OFF);
	vmapeek_on();
	take(ON);
	hold_for_write(&hold, pid);
	take(HELD_FOR_WRITE);
	hold_close(&hold);
	hold_for_read_with_writer(&hold, pid);
	take(WRITER_WAITS);
	hold_close(&hold);
	vmapeek_off();
}

int open_of(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void prepare_nothing(struct target *t)
{
	(void)t;
}

int open_of_ended(const char *file)
{
	static struct target *ends;
	pid_t pid;
	int fd;

	if (!ends)
		ends = target_alloc();
	pid = target_start(prepare_nothing, ends);
	fd = open_of(pid, file);
	if (fd < 0)
		die("/proc/%d/%s: %s", pid, file, strerror(errno));
	target_stop(pid);
	return fd;
}
