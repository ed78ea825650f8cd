/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REMOTE_WALK_H
#define _REMOTE_WALK_H

#include <linux/types.h>

#include "remote_event.h"

struct folio;
struct vm_area_struct;

/* Runs that are found in one go, so also how many folios are held. */
#define REMOTE_BATCH_RUNS	16

/**
 * struct remote_run - memory that lies in one folio without a gap
 * @folio: the folio, with one reference held
 * @offset: where the run starts in @folio, in bytes
 * @len: in bytes; never 0
 * @nr_marks: how often GUP would have called folio_mark_accessed() for it
 */
struct remote_run {
	struct folio *folio;
	unsigned int offset;
	unsigned int len;
	unsigned int nr_marks;
};

/**
 * struct remote_batch - resident memory of one VMA, in the order of addresses
 * @gup_flags: FOLL_* flags of the read
 * @pin: refuse what GUP would not hand out with FOLL_PIN, as it is
 * @miss: when less was found than asked for: why
 * @nr: number of @runs
 * @runs: what was found, without gaps between them
 */
struct remote_batch {
	unsigned int gup_flags;
	bool pin;
	enum remote_read_event miss;
	unsigned int nr;
	struct remote_run runs[REMOTE_BATCH_RUNS];
};

/*
 * Not an initializer, which would clear all of the runs. For the same reason
 * batches are __uninitialized, where the kernel clears what is on its stack.
 */
static inline void remote_batch_init(struct remote_batch *batch,
				     unsigned int gup_flags, bool pin)
{
	batch->gup_flags = gup_flags;
	batch->pin = pin;
	batch->nr = 0;
}

unsigned long remote_batch_fill(struct remote_batch *batch,
				struct vm_area_struct *vma, unsigned long addr,
				unsigned long end);
void remote_batch_touch(struct remote_batch *batch, struct vm_area_struct *vma,
			unsigned long addr);
void remote_batch_put(struct remote_batch *batch);

#endif /* _REMOTE_WALK_H */
