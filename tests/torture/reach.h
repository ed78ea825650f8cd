/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Proves with the kernel's tracing that the functions which change page tables
 * ran, counts their calls, and proves that reads were under way meanwhile.
 */
#ifndef REACH_H
#define REACH_H

#include <stdbool.h>

#define MAX_FUNCTIONS	3

/* The calls of a row's functions that count. */
enum row_kind {
	WHILE_READ,		/* by another task, with a read under way */
	WHILE_FAULT,		/* by another task, with a read in a page fault */
	BY_READER,		/* by a reader */
	BY_FAULT		/* by a page fault in the target's memory */
};

struct row {
	const char *name;	/* as docs/locking.md has it */
	const char *play;	/* play that must reach it */
	/* Alternatives of different kernels; the first that can be traced. */
	const char *functions[MAX_FUNCTIONS];
	const char *needs;	/* kernels without this symbol lack the row */
	enum row_kind kind;
	const char *found;	/* the function; NULL: this kernel has none */
	unsigned long runs;	/* number of calls */
	unsigned long met;	/* number of traced calls that count */
	unsigned long traced;
};

extern struct row rows[];
extern const unsigned int nr_rows;

/* To be called once, with the module loaded. False: the kernel cannot trace. */
bool reach_prepare(void);
/*
 * Start and stop tracing around a play, and call reach_look() every few
 * milliseconds in between. Counts go to the rows of the play. The trace ends
 * whenever the function of a row has run, and is started again.
 */
void reach_start(const char *play);
void reach_look(const char *play);
void reach_stop(const char *play);
/* To be called before the module is unloaded. */
void reach_end(void);

#endif
