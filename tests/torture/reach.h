/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sees by the kernel's own tracing that the functions which change page tables
 * ran, how often, and that reads were under way meanwhile.
 */
#ifndef REACH_H
#define REACH_H

#include <stdbool.h>

#define MAX_FUNCTIONS	3

/* What counts of the runs of a row's functions. */
enum row_kind {
	WHILE_READ,		/* by another task, with a read under way */
	WHILE_FAULT,		/* by another task, with a read in a page fault */
	BY_READER,		/* by a reader */
	BY_FAULT		/* by a page fault in what is read */
};

struct row {
	const char *name;	/* as docs/locking.md has it */
	const char *play;	/* in which it is to be reached */
	/* Kernels have one or the other; the first that can be traced. */
	const char *functions[MAX_FUNCTIONS];
	const char *needs;	/* kernels without this have none of them */
	enum row_kind kind;
	const char *found;	/* the function; NULL: this kernel has none */
	unsigned long runs;	/* how often it ran */
	unsigned long met;	/* of those traced, what counts */
	unsigned long traced;
};

extern struct row rows[];
extern const unsigned int nr_rows;

/* Once, with the module loaded. False: the kernel cannot trace. */
bool reach_prepare(void);
/*
 * Around one play, and every few milliseconds in between. What is counted goes
 * to its rows. The trace ends again and again when one of them has run.
 */
void reach_start(const char *play);
void reach_look(const char *play);
void reach_stop(const char *play);
/* Before the module is unloaded. */
void reach_end(void);

#endif
