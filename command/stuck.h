/* SPDX-License-Identifier: GPL-2.0 */
/* Processes with tasks that wait for their mmap lock or a VMA's lock. */
#ifndef STUCK_H
#define STUCK_H

#include <stdio.h>

#include "behind.h"
#include "command.h"
#include "openers.h"
#include "sleepers.h"

struct stuck_process {
	pid_t pid;		/* 0: the waiters' process is unknown */
	char comm[32];
	double seconds;		/* the longest wait; negative: unknown */
	const struct sleeper *holder;		/* of the mmap lock, or NULL */
	const struct sleeper *vma_holder;	/* of a VMA's lock, or NULL */
	const struct sleeper *exec;		/* in exec(), or NULL */
	bool holder_sure, vma_holder_sure;
	bool vma_waited, mmap_waited, exec_waited;
	size_t own, others;	/* waiters */
	struct behind behind;
	struct opener openers[MAX_OPENERS];	/* if a holder is not known */
	size_t nr_openers;
};

struct stuck {
	struct sleepers sleepers;
	size_t n;
	struct stuck_process *process;
	double seconds;		/* duration of the pass */
};

/* The shortest wait that is reported, in seconds. */
#define STUCK_SECONDS	1

void stuck_read(struct stuck *s);
void stuck_free(struct stuck *s);

/* Does @t wait for a lock of @p? */
bool stuck_waits_for(const struct sleeper *t, const struct stuck_process *p);

void stuck_print(FILE *out, const struct stuck *s);
/* Prints notes about tasks that only root may examine. */
void stuck_warn(FILE *out, const struct stuck *s);
void stuck_print_json(const struct options *opt, const struct stuck *s);

#endif
