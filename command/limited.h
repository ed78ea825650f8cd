/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads of /proc files that may block: by a child, with a time limit.
 *
 * On 6.12 and 7.3 these of a task take exec_update_lock, which a task in exec()
 * holds while it waits for an mmap lock: stat, wchan, stack, syscall,
 * personality, io, ns/, and open() of maps, smaps, numa_maps, pagemap, environ,
 * mem. These take the mmap lock or a VMA's: maps and its relatives, cmdline,
 * environ, mem. Neither lock: status, comm, sched, cgroup, fd/, fdinfo/ and the
 * directories.
 */
#ifndef LIMITED_H
#define LIMITED_H

#include "files.h"

/*
 * The content of a file, up to LIMITED_SIZE bytes, and of a symbolic link.
 * Returns 0, an error number, or ETIMEDOUT: the kernel did not answer.
 * @text ends with a NUL, also if it fails.
 */
#define LIMITED_SIZE	65536
int limited_read(char *text, const char *format, ...) PRINTF(2, 3);
int limited_link(char *text, const char *format, ...) PRINTF(2, 3);

/*
 * The scheduler's clock of one CPU in seconds, as in /proc/PID/sched of its
 * tasks: the child runs there briefly. Negative if unknown.
 */
double limited_clock(unsigned int cpu);

/* The time at which a task last ran, by that clock, from its sched file. */
double exec_start(const char *sched);

/* Ends the child. */
void limited_end(void);

#endif
