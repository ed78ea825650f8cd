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
	bool seen;		/* its stack or wchan could be read */
	bool in_exec;		/* its exec_update_lock is taken */
	struct stack stack;
	enum waits waits;
	enum holds holds;	/* if it waits for no such lock */
	bool sure;		/* that it still holds it */
	pid_t of;		/* whose lock that is; 0: unknown */
	char looks[32];		/* how it reads that process; "": its own */
};

struct sleepers {
	size_t n;
	struct sleeper *task;
	size_t looked;		/* number of tasks examined */
	size_t unseen;		/* uninterruptible, but not readable */
	bool hidden;		/* other users' processes: hidepid= of /proc */
	bool stacks;		/* may be read: root */
};

/* Finds the tasks in uninterruptible sleep. Never blocks for long. */
void sleepers_read(struct sleepers *s);

/*
 * Adds the tasks that sleep interruptibly and may hold a lock: examines all
 * tasks again. Needs root.
 */
void sleepers_read_interruptible(struct sleepers *s);

void sleepers_free(struct sleepers *s);

/* Name of a process; "?" */
void process_comm(pid_t pid, char *comm, size_t size);

#endif
