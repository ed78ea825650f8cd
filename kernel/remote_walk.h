/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REMOTE_WALK_H
#define _REMOTE_WALK_H

#include <linux/cacheflush.h>
#include <linux/highmem.h>
#include <linux/types.h>

#include "remote_event.h"

/**
 * enum remote_run_kind - how the memory of a run was found, and is held
 * @REMOTE_RUN_PTES: by entries for pages; one reference on the folio
 * @REMOTE_RUN_PMD: by a huge entry; one reference on the folio
 * @REMOTE_RUN_PINNED: by GUP, which has done all there is to do but to unpin;
 *	a pin for each page
 */
enum remote_run_kind {
	REMOTE_RUN_PTES,
	REMOTE_RUN_PMD,
	REMOTE_RUN_PINNED,
};

/**
 * struct remote_run - memory that lies in one folio without a gap
 * @folio: the folio
 * @offset: where the run starts in @folio, in bytes
 * @len: in bytes; never 0
 * @kind: how it was found
 */
struct remote_run {
	struct folio *folio;
	unsigned long offset;
	unsigned int len;
	enum remote_run_kind kind;
};

/**
 * struct remote_batch - resident memory, in the order of addresses
 * @runs: what was found, without gaps between them
 * @nr: number of @runs
 * @max: how many there is room for, so also how many folios may be held
 * @first: the first one of the VMA at hand
 * @gup_flags: FOLL_* flags of the read
 * @pin: refuse what GUP would not hand out with FOLL_PIN, as it is
 * @miss: REMOTE_READ_FAST, or why less was found than asked for
 */
struct remote_batch {
	struct remote_run *runs;
	unsigned int nr;
	unsigned int max;
	unsigned int first;
	unsigned int gup_flags;
	bool pin;
	enum remote_read_event miss;
};

/* As a function and not an initializer, it is clear what is not cleared. */
static inline void remote_batch_init(struct remote_batch *batch,
				     struct remote_run *runs, unsigned int max,
				     unsigned int gup_flags, bool pin)
{
	batch->runs = runs;
	batch->nr = 0;
	batch->max = max;
	batch->first = 0;
	batch->gup_flags = gup_flags;
	batch->pin = pin;
}

/*
 * Copy @len bytes at @addr in @page, not beyond its end, which is said once
 * more because a compiler that knows the limit copies on the spot. Any context.
 */
static inline void remote_copy_bytes(struct vm_area_struct *vma,
				     struct page *page, unsigned long addr,
				     void *buf, unsigned int len)
{
	void *maddr = kmap_local_page(page);

	len = min_t(unsigned int, len, PAGE_SIZE - offset_in_page(addr));
	copy_from_user_page(vma, page, addr, buf, maddr + offset_in_page(addr),
			    len);
	kunmap_local(maddr);
}

enum remote_read_event remote_copy_page(struct vm_area_struct *vma,
					unsigned long addr, void *buf,
					unsigned int len,
					unsigned int gup_flags);
bool remote_batch_add_pin(struct remote_batch *batch, struct folio *folio,
			  struct page *page, unsigned int offset,
			  unsigned int len);
unsigned long remote_batch_fill(struct remote_batch *batch,
				struct vm_area_struct *vma, unsigned long addr,
				unsigned long end);
void remote_batch_mark(const struct remote_batch *batch);
void remote_batch_put(struct remote_batch *batch);

#endif /* _REMOTE_WALK_H */
