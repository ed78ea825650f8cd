/* SPDX-License-Identifier: GPL-2.0 */
/* The calls whose instructions are counted. */
#ifndef CALL_H
#define CALL_H

#include "memory.h"

enum call_kind {
	NULL_CALL,	/* the cost of entering and leaving the kernel */
	VM_READV,
	VM_READV_10,	/* ten remote segments, as py-spy reads */
	PEEK,
	POKE,
	PROC_MEM,
	PROC_CMDLINE,
	PROC_ENVIRON,
	PROC_MAPS,	/* whole, in pieces, like the next two */
	PROC_SMAPS,
	PROC_ROLLUP,
	PROC_PAGEMAP,	/* entries from the start of the memory */
	PROC_SCAN,	/* PAGEMAP_SCAN of that much memory */
	PREAD,		/* copies that much from a file, for comparison */
	NR_CALL_KINDS
};

extern const char *const call_names[NR_CALL_KINDS];

/* Make all memory resident that calls write to. To be called first. */
void call_setup(void);

/* Open or attach to what the call needs. */
void call_begin(enum call_kind kind, struct memory *m, size_t size);
void call_end(enum call_kind kind);

/*
 * Repeat the call, each time @step bytes further. Returns the result of the
 * calls, or a negative error; it is fatal if the results differ.
 */
long call_repeat(enum call_kind kind, unsigned int times, unsigned long step);

#endif
