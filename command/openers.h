/* SPDX-License-Identifier: GPL-2.0 */
/* Processes that have files of /proc/PID open, such as a throttled monitor. */
#ifndef OPENERS_H
#define OPENERS_H

#include <stddef.h>
#include <sys/types.h>

#define MAX_OPENERS	8

struct opener {
	pid_t pid;
	char comm[32];
	char state;
	char file[32];
};

/* Returns the number of openers. Reads only links of /proc/PID/fd. */
size_t openers_of(pid_t pid, struct opener *openers);

#endif
