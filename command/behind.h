/* SPDX-License-Identifier: GPL-2.0 */
/* The reason why a process is stuck: a file system, swap, a memory cgroup.. */
#ifndef BEHIND_H
#define BEHIND_H

#include <stddef.h>

#include "sleepers.h"

struct behind {
	enum reason reason;
	const char *kind;	/* of the reason, for programs */
	char text[256];		/* for the operator; "": unknown */
};

/* @holder sleeps with a lock of process @pid. */
void behind_find(struct behind *b, const struct sleeper *holder, pid_t pid);

#endif
