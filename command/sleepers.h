/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks that sleep uninterruptibly, and what they wait for. */
#ifndef SLEEPERS_H
#define SLEEPERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "stack.h"

struct sleeper {
	pid_t pid, tid, ppid;
	char comm[32];
	char state;
	double seconds;		/* since it last ran; negative: unknown */
	bool seen;		/* the kernel told where it sleeps */
	bool in_exec;		/* its exec_update_lock is taken */
	struct stack stack;
	enum waits waits;
	enum holds holds;	/* of one that waits for no such lock */
	bool sure;		/* that it still holds it */
	pid_t of;		/* whose lock that is; 0: unknown */
	char looks[32];		/* how it looks at that process; "": own */
};

struct sleepers {
	size_t n;
	struct sleeper *task;
	size_t looked;		/* at so many tasks */
	size_t unseen;		/* uninterruptible, but hidden from us */
	bool hidden;		/* other users' processes: hidepid= of /proc */
	bool stacks;		/* may be read: root */
};

/* All that are uninterruptible. Never blocks for long. */
void sleepers_read(struct sleepers *s);

/*
 * Adds those that sleep interruptibly and hold or may hold a lock: all tasks
 * are looked at once more. Needs root.
 */
void sleepers_read_interruptible(struct sleepers *s);

void sleepers_free(struct sleepers *s);

/* Name of a process; "?" */
void process_comm(pid_t pid, char *comm, size_t size);

#endif
