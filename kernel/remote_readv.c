// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv(): one segment of another address space, copied to the
 * caller's memory.
 *
 * Resident pages are collected in batches under the read lock of one VMA. The
 * lock is dropped before anything is copied: the caller's memory may fault,
 * and that may wait for somebody who waits for this VMA. What the fast path
 * may not take is pinned under the mmap lock, a few pages at a time, and the
 * fast path goes on behind them.
 *
 * There is no lock that covers a whole call, and there never was.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "compat.h"
#include "remote_read.h"
#include "remote_readv.h"
#include "remote_walk.h"
#include "stats.h"

/*
 * Pages are found, faulted in and marked accessed up to here before it is
 * asked whether the caller wants more, even where its memory was full or
 * invalid before that. The target can see it, so it is as it always was.
 */
#define REMOTE_READV_CHUNK	(2 * PAGE_SIZE / sizeof(struct page *))

/* Pages that are pinned at a time, and how many it begins with. */
#define REMOTE_READV_PIN_MAX	16UL
#define REMOTE_READV_PIN_MIN	1UL

/**
 * struct remote_readv - one segment under way
 * @mm: the address space that is read; the caller holds a reference (mm_users)
 * @iter: where to copy to; may be shorter than what is read
 * @batch: what was found last
 * @nr_slow: how often the slow path was needed
 * @fault: the memory behind @iter turned out to be invalid: copy no more
 */
struct remote_readv {
	struct mm_struct *mm;
	struct iov_iter *iter;
	struct remote_batch batch;
	unsigned int nr_slow;
	bool fault;
};

/*
 * Copy a piece of a folio. Returns the number of bytes.
 *
 * copy_folio_to_iter() goes page by page, for the sake of highmem; elsewhere a
 * folio is one piece of the kernel's address space.
 */
static size_t remote_readv_copy_bytes(struct folio *folio, size_t offset,
				      size_t len, struct iov_iter *iter)
{
	if (IS_ENABLED(CONFIG_HIGHMEM))
		return copy_folio_to_iter(folio, offset, len, iter);
	return _copy_to_iter(folio_address(folio) + offset, len, iter);
}

/* May fault and sleep: not to be called under a VMA's lock. */
static void remote_readv_copy(struct remote_readv *rr, struct folio *folio,
			      size_t offset, size_t len)
{
	if (rr->fault)
		return;
	if (remote_readv_copy_bytes(folio, offset, len, rr->iter) < len &&
	    iov_iter_count(rr->iter))
		rr->fault = true;
}

/*
 * Find memory from @addr on, not beyond @end, under one VMA's lock. Returns the
 * number of bytes in @batch; if that is 0, @batch->miss says why.
 */
static unsigned long remote_readv_collect(struct mm_struct *mm,
					  unsigned long addr,
					  unsigned long end,
					  struct remote_batch *batch)
{
	struct vm_area_struct *vma;
	unsigned long reached = addr;

	/* GUP asks for each page. */
	if (fatal_signal_pending(current)) {
		batch->miss = REMOTE_READ_FATAL_SIGNAL;
		return 0;
	}

	vma = lock_vma_under_rcu(mm, addr);
	if (!vma) {
		batch->miss = REMOTE_READ_NO_VMA;
		return 0;
	}
	batch->miss = remote_read_check_vma(vma, batch->gup_flags);
	if (batch->miss == REMOTE_READ_FAST) {
		reached = remote_batch_fill(batch, vma, addr,
					    min(end, vma->vm_end));
		remote_batch_touch(batch, vma, addr);
	}
	vma_end_read(vma);
	return reached - addr;
}

/* Returns the number of bytes that are dealt with, or 0. */
static unsigned long remote_readv_fast(struct remote_readv *rr,
				       unsigned long addr, unsigned long len)
{
	struct remote_batch *batch = &rr->batch;
	unsigned long bytes;
	unsigned int i;

	addr = untagged_addr_remote_unlocked(rr->mm, addr);
	remote_batch_init(batch, 0, true);
	bytes = remote_readv_collect(rr->mm, addr, addr + len, batch);
	for (i = 0; i < batch->nr; i++)
		remote_readv_copy(rr, batch->runs[i].folio,
				  batch->runs[i].offset, batch->runs[i].len);
	remote_batch_put(batch);
	return bytes;
}

/*
 * Would the slow path say -EFAULT to @addr, too? Nobody should wait for the
 * mmap lock only to hear that.
 */
static bool remote_readv_is_invalid(struct remote_readv *rr,
				    unsigned long addr)
{
	switch (rr->batch.miss) {
	case REMOTE_READ_NOT_PERMITTED:
		return true;
	case REMOTE_READ_NO_VMA:
		addr = untagged_addr_remote_unlocked(rr->mm, addr);
		/* Beyond its end there may be a page without a VMA. */
		return addr < rr->mm->task_size &&
		       remote_read_is_hole(rr->mm, addr, false);
	default:
		return false;
	}
}

/*
 * Up to @nr_pages from @addr on, under the mmap lock. Returns the number of
 * bytes that are dealt with, or -EFAULT. Killable, which the caller will not
 * live to see.
 */
static noinline long remote_readv_slow(struct remote_readv *rr,
				       unsigned long addr, unsigned long end,
				       unsigned long nr_pages)
{
	struct page *pages[REMOTE_READV_PIN_MAX] __uninitialized;
	unsigned long start = addr;
	int locked = 1;
	long i, pinned;

	nr_pages = min(nr_pages, DIV_ROUND_UP(end - (addr & PAGE_MASK),
					      PAGE_SIZE));

	if (mmap_read_lock_killable(rr->mm))
		return -EFAULT;
	pinned = pin_user_pages_remote(rr->mm, addr & PAGE_MASK, nr_pages, 0,
				       pages, &locked);
	if (locked)
		mmap_read_unlock(rr->mm);
	if (pinned <= 0)
		return -EFAULT;

	for (i = 0; i < pinned; i++) {
		struct folio *folio = page_folio(pages[i]);
		size_t bytes = min(end - addr,
				   PAGE_SIZE - offset_in_page(addr));

		remote_readv_copy(rr, folio,
				  folio_page_idx(folio, pages[i]) * PAGE_SIZE +
				  offset_in_page(addr), bytes);
		addr += bytes;
	}
	unpin_user_pages(pages, pinned);
	return addr - start;
}

/*
 * As much from @addr on as one lock gives. Returns the number of bytes that are
 * dealt with, or -EFAULT. *@nr_pages is how many are to be pinned when nothing
 * is fast. It grows faster than it shrinks: where that keeps happening, both
 * trying and waiting for the mmap lock should be rare.
 */
static long remote_readv_step(struct remote_readv *rr, unsigned long addr,
			      unsigned long end, unsigned long *nr_pages)
{
	unsigned long nr = *nr_pages, bytes;

	bytes = remote_readv_fast(rr, addr, end - addr);
	if (bytes) {
		*nr_pages = max(nr / 2, REMOTE_READV_PIN_MIN);
		return bytes;
	}
	if (remote_readv_is_invalid(rr, addr))
		return -EFAULT;

	remote_read_count(rr->batch.miss);
	rr->nr_slow++;
	if (rr->batch.miss == REMOTE_READ_FATAL_SIGNAL)
		return -EFAULT;
	/* So is all of the VMA. */
	if (rr->batch.miss == REMOTE_READ_SPECIAL)
		nr = REMOTE_READV_PIN_MAX;
	*nr_pages = min(4 * nr, REMOTE_READV_PIN_MAX);
	return remote_readv_slow(rr, addr, end, nr);
}

/* All of @addr to @end. Returns 0, or -EFAULT where it cannot be read. */
static int remote_readv_chunk(struct remote_readv *rr, unsigned long addr,
			      unsigned long end)
{
	unsigned long nr_pages = REMOTE_READV_PIN_MIN;
	long bytes;

	for (;;) {
		bytes = remote_readv_step(rr, addr, end, &nr_pages);
		if (bytes < 0)
			return bytes;
		addr += bytes;
		/* It is not worth asking after a small piece. */
		if (bytes > PAGE_SIZE)
			cond_resched();
		if (addr == end)
			return rr->fault ? -EFAULT : 0;
	}
}

/**
 * remote_readv - copy a segment of another address space to an iov_iter
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: where the segment starts, possibly tagged
 * @len: its length in bytes
 * @iter: where to copy to; it is advanced, and may hold less than @len
 *
 * @mm must not be the caller's own: what is written to @iter could change what
 * is found behind it in the segment.
 *
 * Context: Process context, no locks held. May sleep and fault, both in the
 * caller's memory and, for pages that are not resident, in @mm.
 *
 * Return: 0, or -EFAULT where one of the two sides is not valid; what was
 * copied before that is known from @iter.
 */
int remote_readv(struct mm_struct *mm, unsigned long addr, unsigned long len,
		 struct iov_iter *iter)
{
	struct remote_readv rr __uninitialized;
	unsigned long nr_pages, chunk;
	int err = 0;

	if (!len)
		return 0;
	rr.mm = mm;
	rr.iter = iter;
	rr.nr_slow = 0;
	rr.fault = false;
	/* Not by the end of the range, which may be beyond all addresses. */
	nr_pages = (addr + len - 1) / PAGE_SIZE - addr / PAGE_SIZE + 1;

	while (!err && nr_pages && iov_iter_count(iter)) {
		chunk = min(nr_pages, REMOTE_READV_CHUNK);
		nr_pages -= chunk;
		chunk = min(len, chunk * PAGE_SIZE - offset_in_page(addr));

		err = remote_readv_chunk(&rr, addr, addr + chunk);
		addr += chunk;
		len -= chunk;
	}
	if (!rr.nr_slow)
		remote_read_count(REMOTE_READ_FAST);
	return err;
}
