/* SPDX-License-Identifier: GPL-2.0 */
/* The calls whose instructions are counted. */
#ifndef CALL_H
#define CALL_H

#include "memory.h"

enum call_kind {
	NULL_CALL,	/* what entering and leaving the kernel costs */
	VM_READV,
	VM_READV_10,	/* ten remote segments, as py-spy reads */
	PEEK,
	POKE,
	PROC_MEM,
	PROC_CMDLINE,
	PROC_ENVIRON,
	PROC_MAPS,	/* all of it, in pieces; so are the next two */
	PROC_SMAPS,
	PROC_ROLLUP,
	PROC_PAGEMAP,	/* entries from the memory's beginning on */
	PROC_SCAN,	/* PAGEMAP_SCAN of as much memory */
	PREAD,		/* copies as much from a file, for comparison */
	NR_CALL_KINDS
};

extern const char *const call_names[NR_CALL_KINDS];

/* Make everything resident that calls write to. Before any of the others. */
void call_setup(void);

/* Open or attach whatever the call needs. */
void call_begin(enum call_kind kind, struct memory *m, size_t size);
void call_end(enum call_kind kind);

/*
 * Do it so often, each time @step further on. Returns what the calls returned,
 * a negative error if they failed; fatal if they differ.
 */
long call_repeat(enum call_kind kind, unsigned int times, unsigned long step);

#endif
