// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv(): segments of another address space, copied to the
 * caller's memory.
 *
 * A segment is read in chunks. All of a chunk is found before any of it is
 * copied, as it was in the address space at one moment:
 *
 * - Resident pages are found under the read locks of their VMAs, which are
 *   held until the end of the chunk. They are dropped before anything is
 *   copied: the caller's memory may fault, and that may wait for somebody who
 *   waits for one of these VMAs.
 * - What the fast path may not take is pinned under the mmap lock, which must
 *   not be waited for with a VMA lock held. So that is another moment, and the
 *   chunk is only good if nobody changed the address space from the beginning
 *   to the end. If somebody did, all of it is pinned under one mmap lock.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "compat.h"
#include "remote_read.h"
#include "remote_readv.h"
#include "remote_stats.h"
#include "remote_untag.h"
#include "remote_walk.h"

/*
 * Pages that are found, faulted in and marked accessed before it is asked
 * whether the caller's memory takes that much. The target can see it, so it is
 * as it always was.
 */
#define REMOTE_READV_CHUNK	(2 * PAGE_SIZE / sizeof(struct page *))

/* Pages that are pinned by one call of GUP. */
#define REMOTE_READV_PINS	16UL

/* Pages of a segment for which no memory is allocated. */
#define REMOTE_READV_RUNS	16UL

/* VMAs that are locked at the same time. */
#define REMOTE_READV_VMAS	8

/**
 * struct remote_readv - one segment under way
 * @mm: the address space that is read; the caller holds a reference (mm_users)
 * @iter: where to copy to; may be shorter than what is read
 * @batch: what was found of the chunk at hand
 * @runs: memory for @batch, if that is enough
 * @vmas: those that are read-locked
 * @nr_vmas: their number
 * @nr_slow: how often the slow path was needed
 * @reason: why it was needed last; REMOTE_READ_FAST if it was not
 */
struct remote_readv {
	struct mm_struct *mm;
	struct iov_iter *iter;
	struct remote_batch batch;
	struct remote_run runs[REMOTE_READV_RUNS];
	struct vm_area_struct *vmas[REMOTE_READV_VMAS];
	unsigned int nr_vmas;
	unsigned int nr_slow;
	enum remote_read_event reason;
};

static void remote_readv_unlock(struct remote_readv *rr)
{
	while (rr->nr_vmas)
		vma_end_read(rr->vmas[--rr->nr_vmas]);
}

/*
 * Find memory from @addr on, not beyond @end, in one more VMA, which stays
 * locked. Never waits for a lock. Returns how far it came; if that is not the
 * end of the VMA, or @end, @rr->batch.miss says why.
 */
static unsigned long remote_readv_collect(struct remote_readv *rr,
					  unsigned long addr,
					  unsigned long end)
{
	struct remote_batch *batch = &rr->batch;
	struct vm_area_struct *vma;

	if (fatal_signal_pending(current)) {
		batch->miss = REMOTE_READ_FATAL_SIGNAL;
		return addr;
	}
	if (rr->nr_vmas == ARRAY_SIZE(rr->vmas)) {
		batch->miss = REMOTE_READ_LEAVES_VMA;
		return addr;
	}

	vma = lock_vma_under_rcu(rr->mm, addr);
	if (!vma) {
		batch->miss = REMOTE_READ_NO_VMA;
		return addr;
	}
	rr->vmas[rr->nr_vmas++] = vma;

	batch->miss = remote_read_check_vma(vma, batch->gup_flags);
	if (batch->miss != REMOTE_READ_FAST)
		return addr;
	return remote_batch_fill(batch, vma, addr, min(end, vma->vm_end));
}

/*
 * Would the slow path say -EFAULT to @addr, where remote_readv_collect()
 * stopped, too? Nobody should wait for the mmap lock only to hear that. It is
 * so at a moment when the VMAs before @addr are still locked.
 */
static bool remote_readv_is_invalid(struct remote_readv *rr,
				    unsigned long addr)
{
	switch (rr->batch.miss) {
	case REMOTE_READ_NOT_PERMITTED:
		return true;
	case REMOTE_READ_NO_VMA:
		/* Beyond its end there may be a page without a VMA. */
		return addr < rr->mm->task_size &&
		       remote_read_is_hole(rr->mm, addr, false);
	default:
		return false;
	}
}

/* Pins become part of the batch. Returns their number. */
static long remote_readv_add_pins(struct remote_readv *rr, unsigned long addr,
				  unsigned long end, struct page **pages,
				  long nr)
{
	long i;

	for (i = 0; i < nr; i++) {
		unsigned int offset = offset_in_page(addr);
		unsigned int len = min(end - addr, PAGE_SIZE - offset);

		/* There is room for a run for each page of a chunk. */
		if (WARN_ON_ONCE(!remote_batch_add_pin(&rr->batch,
						       page_folio(pages[i]),
						       pages[i], offset,
						       len))) {
			unpin_user_pages(pages + i, nr - i);
			break;
		}
		addr += len;
	}
	return i;
}

/*
 * Pin from @addr to @end under the mmap lock, which GUP lets go only where a
 * fault insists. Returns how far it came. Killable, which the caller will not
 * live to see.
 */
static noinline unsigned long remote_readv_pin(struct remote_readv *rr,
					       unsigned long addr,
					       unsigned long end)
{
	struct page *pages[REMOTE_READV_PINS] __uninitialized;
	unsigned long nr_pages;
	int locked = 0;
	long pinned;

	do {
		if (!locked && mmap_read_lock_killable(rr->mm))
			return addr;
		locked = 1;
		nr_pages = DIV_ROUND_UP(end - (addr & PAGE_MASK), PAGE_SIZE);
		nr_pages = min(nr_pages, REMOTE_READV_PINS);
		pinned = pin_user_pages_remote(rr->mm, addr & PAGE_MASK,
					       nr_pages, 0, pages, &locked);
		if (pinned > 0)
			pinned = remote_readv_add_pins(rr, addr, end, pages,
						       pinned);
		if (pinned <= 0)
			break;
		addr = min(end, (addr & PAGE_MASK) + pinned * PAGE_SIZE);
	} while (addr != end && pinned == nr_pages);

	if (locked)
		mmap_read_unlock(rr->mm);
	return addr;
}

static void remote_readv_count_miss(struct remote_readv *rr)
{
	remote_read_count(rr->batch.miss);
	rr->nr_slow++;
	rr->reason = rr->batch.miss;
}

/*
 * Find memory from *@addr on, in one VMA after the other, which stay locked.
 * Advances *@addr. Returns true if that is all: it is the end, or the slow path
 * would stop there, too.
 */
static bool remote_readv_fast(struct remote_readv *rr, unsigned long *addr,
			      unsigned long end)
{
	do {
		*addr = remote_readv_collect(rr, *addr, end);
		if (*addr == end)
			return true;
	} while (rr->batch.miss == REMOTE_READ_FAST);

	return remote_readv_is_invalid(rr, *addr);
}

/*
 * Find from @start to @end, all of it as it was at one moment. Returns how far
 * it came, which is where the slow path stops, too.
 */
static unsigned long remote_readv_find(struct remote_readv *rr,
				       unsigned long start, unsigned long end)
{
	unsigned long addr = start, nr_pages = 1, from, to;
	bool is_quiet, is_moment = true;
	unsigned int seq;

	is_quiet = mmap_lock_speculate_try_begin(rr->mm, &seq);
	for (;;) {
		from = addr;
		if (remote_readv_fast(rr, &addr, end))
			break;
		remote_readv_unlock(rr);
		/* It will not be as it was once that writer is done. */
		if (!is_quiet)
			goto pin_all;

		if (addr != from)
			nr_pages = max(nr_pages / 2, 1UL);
		/* So is the rest of the VMA. */
		if (rr->batch.miss == REMOTE_READ_SPECIAL)
			nr_pages = REMOTE_READV_CHUNK;
		to = min(end, (addr & PAGE_MASK) + nr_pages * PAGE_SIZE);
		/* Where it keeps happening, it should not happen often. */
		nr_pages = min(4 * nr_pages, REMOTE_READV_CHUNK);

		is_moment = addr == start && to == end;
		remote_readv_count_miss(rr);
		addr = remote_readv_pin(rr, addr, to);
		if (addr != to || addr == end)
			break;
	}
	remote_readv_unlock(rr);
	if (is_moment || !mmap_lock_speculate_retry(rr->mm, seq))
		return addr;
	/* Which covers that a VMA was being changed. */
	rr->batch.miss = REMOTE_READ_NO_VMA;

pin_all:
	remote_batch_put(&rr->batch);
	remote_readv_count_miss(rr);
	return remote_readv_pin(rr, start, end);
}

/*
 * Copy a piece of a folio. Returns the number of bytes.
 *
 * copy_folio_to_iter() goes page by page, for the sake of highmem; elsewhere a
 * folio is one piece of the kernel's address space.
 */
static size_t remote_readv_copy_run(const struct remote_run *run,
				    struct iov_iter *iter)
{
	if (IS_ENABLED(CONFIG_HIGHMEM))
		return copy_folio_to_iter(run->folio, run->offset, run->len,
					  iter);
	return _copy_to_iter(folio_address(run->folio) + run->offset, run->len,
			     iter);
}

/*
 * Copy what was found, as far as the caller's memory takes it. May fault and
 * sleep. Returns 0, or -EFAULT if that memory turned out to be invalid.
 */
static int remote_readv_copy(const struct remote_readv *rr)
{
	unsigned int i;

	WARN_ON_ONCE(rr->nr_vmas);

	for (i = 0; i < rr->batch.nr && iov_iter_count(rr->iter); i++) {
		const struct remote_run *run = &rr->batch.runs[i];

		if (i)
			cond_resched();
		if (remote_readv_copy_run(run, rr->iter) < run->len &&
		    iov_iter_count(rr->iter))
			return -EFAULT;
	}
	return 0;
}

/* Returns the number of bytes that are dealt with, or -EFAULT. */
static long remote_readv_chunk(struct remote_readv *rr, unsigned long addr,
			       unsigned long end)
{
	unsigned long reached = remote_readv_find(rr, addr, end);
	int err = -EFAULT;

	if (reached != addr) {
		remote_batch_mark(&rr->batch);
		err = remote_readv_copy(rr);
	}
	remote_batch_put(&rr->batch);
	return err ? err : (long)(reached - addr);
}

/* Returns 0, or an error; what was copied before is known from @rr->iter. */
static int remote_readv_segment(struct remote_readv *rr, unsigned long addr,
				unsigned long len)
{
	unsigned long chunk;
	long bytes;

	do {
		chunk = min(len, REMOTE_READV_CHUNK * PAGE_SIZE -
					 offset_in_page(addr));
		bytes = remote_readv_chunk(rr, addr, addr + chunk);
		if (bytes < 0)
			return bytes;
		/* It is not worth asking after a small piece. */
		if (bytes > PAGE_SIZE)
			cond_resched();
		addr += bytes;
		len -= bytes;
	} while (len && iov_iter_count(rr->iter));
	return 0;
}

/* With room for the runs of a chunk, of which there is one a page at most. */
static int remote_readv_init(struct remote_readv *rr, struct mm_struct *mm,
			     struct iov_iter *iter, unsigned long nr_pages)
{
	struct remote_run *runs = rr->runs;

	nr_pages = clamp(nr_pages, REMOTE_READV_RUNS, REMOTE_READV_CHUNK);
	if (nr_pages > REMOTE_READV_RUNS) {
		runs = kvmalloc_array(nr_pages, sizeof(*runs), GFP_KERNEL);
		if (!runs)
			return -ENOMEM;
	}
	remote_batch_init(&rr->batch, runs, nr_pages, 0, true);
	rr->mm = mm;
	rr->iter = iter;
	rr->nr_vmas = 0;
	rr->nr_slow = 0;
	rr->reason = REMOTE_READ_FAST;
	return 0;
}

static void remote_readv_exit(struct remote_readv *rr)
{
	WARN_ON_ONCE(rr->nr_vmas || rr->batch.nr);
	if (rr->batch.runs != rr->runs)
		kvfree(rr->batch.runs);
}

/**
 * remote_readv - copy a segment of another address space to an iov_iter
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: where the segment starts, possibly tagged
 * @len: its length in bytes
 * @iter: where to copy to; it is advanced, and may hold less than @len
 * @reason: if not NULL: gets REMOTE_READ_FAST, or why the slow path was needed
 *
 * @mm must not be the caller's own: what is read and what is written could
 * overlap, and it is not copied by pages here.
 *
 * The mappings of each chunk of REMOTE_READV_CHUNK pages are those of one
 * moment, as if the mmap lock had been held. (Where a page is not resident, its
 * fault may insist on dropping that lock, here as ever.) The memory may be
 * written to meanwhile, and forked: there are references, not pins.
 *
 * Context: Process context, no locks held. May sleep and fault, both in the
 * caller's memory and, for pages that are not resident, in @mm.
 *
 * Return: 0; -EFAULT where one of the two sides is not valid, or -ENOMEM. What
 * was copied before that is known from @iter.
 */
int remote_readv(struct mm_struct *mm, unsigned long addr, unsigned long len,
		 struct iov_iter *iter, enum remote_read_event *reason)
{
	struct remote_readv rr __uninitialized;
	int err;

	if (!len)
		return 0;
	addr = remote_untag(mm, addr);
	err = remote_readv_init(&rr, mm, iter,
				DIV_ROUND_UP(offset_in_page(addr) + len,
					     PAGE_SIZE));
	if (err)
		return err;
	err = remote_readv_segment(&rr, addr, len);
	if (!rr.nr_slow)
		remote_read_count(REMOTE_READ_FAST);
	if (reason)
		*reason = rr.reason;
	remote_readv_exit(&rr);
	return err;
}
