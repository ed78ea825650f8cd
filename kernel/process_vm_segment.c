// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv(): segments of another address space, copied to the
 * caller's memory.
 *
 * A segment is read in chunks. All of a chunk is pinned before any of it is
 * copied, as it was in the address space at one moment. Only a fault that drops
 * its lock ends one moment and begins the next, as in stock.
 *
 * - All VMAs of the chunk are read-locked before the first page is looked up,
 *   and then the pages are pinned. The locks are dropped before anything is
 *   copied: the caller's memory may fault, and that fault may wait for a task
 *   that waits for one of these VMAs.
 * - An absent or shared page is faulted in under its own VMA's lock alone,
 *   because the fault may take long and would block writers of the other VMAs.
 *   The mmap lock's sequence count shows that the other VMAs are unchanged.
 * - From the first page on that cannot be pinned that way, GUP pins the rest of
 *   the chunk under the mmap lock. The pages before it are kept if no writer
 *   took the mmap lock since the moment began. While pages are pinned, the mmap
 *   lock is only taken by trylock; if that fails, the pins are dropped, and GUP
 *   pins from the beginning of the moment.
 */
#include <linux/instrumented.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "remote.h"

/*
 * Pages per chunk, as PVM_MAX_USER_PAGES of mm/process_vm_access.c: stock
 * faults in and marks this many before it checks the destination, and the
 * target can observe that.
 */
#define REMOTE_READV_CHUNK	(2 * PAGE_SIZE / sizeof(struct page *))

/* A segment of up to this many pages needs no memory allocation. */
#define REMOTE_READV_RUNS	16UL

/* VMAs that are locked at the same time. */
#define REMOTE_READV_VMAS	8

/**
 * struct remote_readv - a segment being read
 * @mm: the address space that is read; the caller holds a reference (mm_users)
 * @iter: the destination; may be shorter than the source
 * @pins: the current chunk
 * @runs: memory for @pins, if it is large enough
 * @vmas: the read-locked VMAs
 * @nr_vmas: their number
 * @start: start of the current moment, once a fault is needed
 * @nr_kept: runs of earlier moments, which are always kept
 * @seq: the mmap lock's sequence count before the moment's first page was
 *	looked up
 * @fault_flags: FAULT_FLAG_* for the next fault, without
 *	FAULT_FLAG_UNSHARE; with FAULT_FLAG_TRIED, the current moment has no
 *	page yet
 * @why: the last reason for the slow path, or REMOTE_READ_OK
 */
struct remote_readv {
	struct mm_struct *mm;
	struct iov_iter *iter;
	struct remote_pins pins;
	struct remote_run runs[REMOTE_READV_RUNS];
	struct vm_area_struct *vmas[REMOTE_READV_VMAS];
	unsigned int nr_vmas;
	unsigned long start;
	unsigned int nr_kept;
	unsigned int seq;
	unsigned int fault_flags;
	enum remote_read_result why;
};

static void remote_readv_unlock(struct remote_readv *rr)
{
	while (rr->nr_vmas)
		vma_end_read(rr->vmas[--rr->nr_vmas]);
}

/*
 * Lock the VMAs from @start on, not beyond @end, one after the other. Never
 * waits for a lock. Returns the end of the locked and readable range; if that
 * is not @end, @rr->pins.miss has the reason.
 */
static __always_inline unsigned long
remote_readv_lock(struct remote_readv *rr, unsigned long start,
		  unsigned long end)
{
	struct remote_pins *pins = &rr->pins;
	unsigned long addr = start;
	struct vm_area_struct *vma;

	do {
		if (fatal_signal_pending(current)) {
			pins->miss = REMOTE_READ_FATAL_SIGNAL;
			break;
		}
		if (rr->nr_vmas == ARRAY_SIZE(rr->vmas)) {
			pins->miss = REMOTE_READ_LEAVES_VMA;
			break;
		}
		vma = lock_vma_under_rcu(rr->mm, addr);
		if (!vma) {
			pins->miss = REMOTE_READ_NO_VMA;
			break;
		}
		rr->vmas[rr->nr_vmas++] = vma;

		pins->miss = remote_check_vma(vma, 0);
		if (unlikely(pins->miss != REMOTE_READ_OK) &&
		    remote_check_any_vma(vma, 0) != REMOTE_READ_OK) {
			pins->miss = REMOTE_READ_NOT_PERMITTED;
			break;
		}
		addr = vma->vm_end;
		if (likely(addr >= end))
			return end;
	} while (true);
	return addr;
}

/* Was there no writer since the current moment began? */
static bool remote_readv_is_one_moment(const struct remote_readv *rr)
{
	/* The count is odd while a writer holds the lock. */
	return !(rr->seq & 1) && !mmap_lock_speculate_retry(rr->mm, rr->seq);
}

/*
 * Would the slow path return -EFAULT at @addr, where remote_readv_lock()
 * stopped? Then the mmap lock is not needed.
 */
static bool remote_readv_is_invalid(struct remote_readv *rr,
				    unsigned long addr)
{
	switch (rr->pins.miss) {
	case REMOTE_READ_NOT_PERMITTED:
		return true;
	case REMOTE_READ_NO_VMA:
		/* Above task_size GUP may still serve the gate (vsyscall) page. */
		return addr < rr->mm->task_size &&
		       remote_is_hole(rr->mm, addr) &&
		       remote_readv_is_one_moment(rr);
	default:
		return false;
	}
}

/* Pin from @addr to @end in the locked VMAs. Returns the end of the pins. */
static unsigned long remote_readv_fill(struct remote_readv *rr,
				       unsigned long addr, unsigned long end)
{
	unsigned int i;

	for (i = 0; addr < end; i++) {
		unsigned long vma_end = min(end, rr->vmas[i]->vm_end);

		addr = remote_pins_fill(&rr->pins, rr->vmas[i], addr, vma_end);
		if (unlikely(addr != vma_end))
			break;
	}
	return addr;
}

/*
 * Pin from @start on under the locks of VMAs, which stay locked. Returns the
 * end of the pins; @rr->pins.miss is REMOTE_READ_OK if the slow path would stop
 * there, too.
 *
 * The pages are from one moment: no VMA changes after the last VMA is locked
 * and before the last page is looked up. If a hole ends the chunk, or the slow
 * path continues, @rr->seq shows whether that belongs to the same moment. With
 * @goes_on, @rr->seq is from an earlier part of the moment and stays.
 */
static __always_inline unsigned long
remote_readv_pin_fast(struct remote_readv *rr, unsigned long start,
		      unsigned long end, bool goes_on)
{
	unsigned long locked = remote_readv_lock(rr, start, end), addr;
	enum remote_read_result miss = rr->pins.miss;

	if (!goes_on)
		mmap_lock_speculate_try_begin(rr->mm, &rr->seq);
	addr = remote_readv_fill(rr, start, locked);
	if (likely(addr == end) || addr != locked)
		return addr;

	rr->pins.miss = miss;
	if (remote_readv_is_invalid(rr, addr))
		rr->pins.miss = REMOTE_READ_OK;
	return addr;
}

/*
 * remote_readv_pin_fast() out of line, after a fault. With @goes_on, the VMAs
 * of the pages pinned so far are no longer locked, so only after the last
 * lookup is it known that all pages are from one moment.
 */
static noinline unsigned long remote_readv_pin_on(struct remote_readv *rr,
						  unsigned long start,
						  unsigned long end,
						  bool goes_on)
{
	unsigned long next = remote_readv_pin_fast(rr, start, end, goes_on);

	if (goes_on && !remote_readv_is_one_moment(rr))
		rr->pins.miss = REMOTE_READ_LEAVES_VMA;
	return next;
}

/*
 * Take the mmap lock, and drop the locks of the VMAs. The pages of the current
 * moment are kept if no writer was active until the lock was taken. Otherwise,
 * or if the lock is contended, they are dropped: in stock a reader that waits
 * for the lock holds no pin of this moment, and the target can observe pins.
 * Returns false if a fatal signal ended the wait; stock notices it only after
 * the wait.
 */
static bool remote_readv_lock_mm(struct remote_readv *rr)
{
	bool locked = rr->pins.nr > rr->nr_kept && mmap_read_trylock(rr->mm);

	if (!locked || mmap_lock_speculate_retry(rr->mm, rr->seq))
		remote_pins_drop(&rr->pins, rr->nr_kept);
	remote_readv_unlock(rr);
	return locked || !mmap_read_lock_killable(rr->mm);
}

static bool remote_readv_is_absent(const struct remote_readv *rr)
{
	return rr->pins.miss == REMOTE_READ_NOT_PRESENT ||
	       rr->pins.miss == REMOTE_READ_UNSHARE;
}

/* Return the FAULT_FLAG_* for a fault of the absent page. */
static unsigned int remote_readv_fault_flags(const struct remote_readv *rr)
{
	if (rr->pins.miss == REMOTE_READ_UNSHARE)
		return rr->fault_flags | FAULT_FLAG_UNSHARE;
	return rr->fault_flags;
}

/*
 * Repeat, under the mmap lock, a fault of the page at *@addr that has waited
 * before. GUP does so with FOLL_TRIED, an internal flag that its callers may
 * not pass: the fault counts as a major one, and holds the mmap lock while it
 * waits for the page lock. If the page is present by now, pin it and advance
 * *@addr beyond it. GUP pins the rest. Called with the mmap lock held and no
 * VMA locked. Returns true with the mmap lock held; false, with it dropped, if
 * GUP would stop at this page, or the reader is being killed.
 */
static noinline bool remote_readv_fault_tried(struct remote_readv *rr,
					      unsigned long *addr,
					      unsigned long end)
{
	struct vm_area_struct *vma;
	vm_fault_t ret;

	end = min(end, (*addr & PAGE_MASK) + PAGE_SIZE);
	for (;;) {
		*addr = remote_readv_pin_on(rr, *addr, end, false);
		vma = rr->vmas[0];
		remote_readv_unlock(rr);
		if (*addr == end || !remote_readv_is_absent(rr))
			return true;

		ret = handle_mm_fault(vma, *addr,
				      remote_readv_fault_flags(rr) |
				      FAULT_FLAG_REMOTE, NULL);
		if (!(ret & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)))
			break;
		if (fatal_signal_pending(current) ||
		    mmap_read_lock_killable(rr->mm))
			return false;
	}
	if (!(ret & VM_FAULT_ERROR))
		return true;
	mmap_read_unlock(rr->mm);
	return false;
}

/*
 * Pin from @rr->start to @end by GUP, which may drop the mmap lock to fault.
 * Pages pinned so far, up to @addr, are kept if possible. Returns the end of
 * the pins.
 */
static unsigned long remote_readv_pin_slow(struct remote_readv *rr,
					   unsigned long addr,
					   unsigned long end)
{
	unsigned long nr_pages;
	struct page **pages;
	int locked = 1;
	long nr;

	remote_count(rr->pins.miss);
	rr->why = rr->pins.miss;

	if (!remote_readv_lock_mm(rr))
		return rr->start;
	if (rr->pins.nr == rr->nr_kept)
		addr = rr->start;
	if ((rr->fault_flags & FAULT_FLAG_TRIED) &&
	    !remote_readv_fault_tried(rr, &addr, end))
		return addr;
	remote_pins_commit(&rr->pins);
	if (addr == end) {
		mmap_read_unlock(rr->mm);
		return addr;
	}

	nr_pages = DIV_ROUND_UP(end - (addr & PAGE_MASK), PAGE_SIZE);
	pages = remote_pins_gup_pages(&rr->pins, nr_pages);
	nr = pin_user_pages_remote(rr->mm, addr & PAGE_MASK, nr_pages, 0, pages,
				   &locked);
	if (locked)
		mmap_read_unlock(rr->mm);
	if (nr > 0)
		addr = remote_pins_add_gup(&rr->pins, addr, end, pages, nr);
	return addr;
}

/* Unlock all VMAs except the one at @addr, and return that one. */
static struct vm_area_struct *remote_readv_keep_vma(struct remote_readv *rr,
						    unsigned long addr)
{
	struct vm_area_struct *vma = NULL;

	while (rr->nr_vmas) {
		struct vm_area_struct *last = rr->vmas[--rr->nr_vmas];

		if (addr >= last->vm_start && addr < last->vm_end)
			vma = last;
		else
			vma_end_read(last);
	}
	return vma;
}

/*
 * Fault in and pin from *@addr to @end, or to the end of @vma, the only locked
 * VMA. *@addr becomes the end of the pins. If that is not the end of the range,
 * @rr->pins.miss or the result has the reason. @is_alone: no page of the
 * current moment belongs to another VMA.
 */
static enum remote_fault_result
remote_readv_fault_vma(struct remote_readv *rr, struct vm_area_struct *vma,
		       bool is_alone, unsigned long *addr, unsigned long end)
{
	enum remote_fault_result result;
	unsigned int faults = 0;
	unsigned long next;

	end = min(end, vma->vm_end);
	do {
		if (fatal_signal_pending(current)) {
			rr->pins.miss = REMOTE_READ_FATAL_SIGNAL;
			break;
		}
		cond_resched();

		/* GUP marks and counts a page before it faults in the next. */
		remote_pins_commit(&rr->pins);
		result = remote_fault(vma, *addr, remote_readv_fault_flags(rr));
		if (result != REMOTE_FAULT_DONE)
			return result;

		next = remote_pins_fill(&rr->pins, vma, *addr, end);
		if (next != *addr) {
			faults = 0;
			rr->fault_flags &= ~FAULT_FLAG_TRIED;
		}
		*addr = next;
		/* Check now: if the next fault waits, the pins are kept. */
		if (!is_alone && !remote_readv_is_one_moment(rr)) {
			rr->pins.miss = REMOTE_READ_LEAVES_VMA;
			break;
		}
	} while (next != end && remote_readv_is_absent(rr) &&
		 ++faults < REMOTE_FAULT_TRIES);
	return REMOTE_FAULT_DONE;
}

/* End the current moment; the next one begins at @addr. */
static unsigned long remote_readv_next_moment(struct remote_readv *rr,
					      unsigned long addr,
					      unsigned long end)
{
	unsigned long next;

	rr->start = addr;
	rr->nr_kept = rr->pins.nr;
	next = remote_readv_pin_on(rr, addr, end, false);
	if (next == addr)
		rr->fault_flags |= FAULT_FLAG_TRIED;
	return next;
}

/*
 * Continue at *@addr, where a page is absent, by faults in its VMA. *@addr
 * becomes the end of the pins, and @rr->pins.miss is as from
 * remote_readv_pin_fast(). Returns false if the caller must not retry.
 */
static bool remote_readv_pin_absent(struct remote_readv *rr,
				    unsigned long *addr, unsigned long end)
{
	struct vm_area_struct *vma = remote_readv_keep_vma(rr, *addr);
	bool is_alone = rr->start >= vma->vm_start;
	enum remote_fault_result result;

	if (!remote_may_fault(vma, rr->fault_flags)) {
		rr->vmas[rr->nr_vmas++] = vma;
		return false;
	}

	result = remote_readv_fault_vma(rr, vma, is_alone, addr, end);
	switch (result) {
	case REMOTE_FAULT_DONE:
		break;
	case REMOTE_FAULT_FAILED:
		rr->pins.miss = REMOTE_READ_OK;
		break;
	case REMOTE_FAULT_DROPPED_LOCK:
		/* A second drop for the same page: retry by the slow path. */
		if (!(rr->fault_flags & FAULT_FLAG_TRIED)) {
			*addr = remote_readv_next_moment(rr, *addr, end);
			return true;
		}
		rr->start = *addr;
		rr->nr_kept = rr->pins.nr;
		return false;
	case REMOTE_FAULT_NEEDS_MMAP_LOCK:
		return false;
	}

	vma_end_read(vma);
	if (rr->pins.miss != REMOTE_READ_OK)
		return false;
	if (result == REMOTE_FAULT_DONE && *addr != end) {
		*addr = remote_readv_pin_on(rr, *addr, end, true);
		return true;
	}
	/* After a failed fault, remote_readv_fault_vma() did not check this. */
	if (!is_alone && !remote_readv_is_one_moment(rr))
		rr->pins.miss = REMOTE_READ_LEAVES_VMA;
	return false;
}

/*
 * Continue at @addr, where remote_readv_pin_fast() stopped for the reason
 * @rr->pins.miss, with the VMAs still locked. Returns the end of the pins,
 * which is where the slow path stops, too.
 */
static noinline unsigned long remote_readv_pin_rest(struct remote_readv *rr,
						    unsigned long start,
						    unsigned long addr,
						    unsigned long end)
{
	rr->start = start;
	rr->nr_kept = 0;
	rr->fault_flags = FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE;
	while (remote_readv_is_absent(rr) &&
	       remote_readv_pin_absent(rr, &addr, end))
		;
	if (rr->pins.miss != REMOTE_READ_OK)
		return remote_readv_pin_slow(rr, addr, end);
	remote_readv_unlock(rr);
	remote_pins_commit(&rr->pins);
	return addr;
}

/*
 * Pin from @start to @end, all of it as it was at one moment. Returns the end
 * of the pins, which is where the slow path stops, too.
 */
static unsigned long remote_readv_pin(struct remote_readv *rr,
				      unsigned long start, unsigned long end)
{
	unsigned long addr;

	remote_set_has_pinned(rr->mm);
	addr = remote_readv_pin_fast(rr, start, end, false);
	if (unlikely(rr->pins.miss != REMOTE_READ_OK))
		return remote_readv_pin_rest(rr, start, addr, end);

	remote_readv_unlock(rr);
	remote_pins_commit(&rr->pins);
	return addr;
}

/*
 * Copy a piece of a folio. Returns the number of bytes.
 *
 * copy_folio_to_iter() copies page by page, for highmem; without highmem a
 * folio is contiguous in the kernel's address space. With one segment, @iter is
 * plain user memory; its copy is inlined, as it runs for each page.
 */
static __always_inline size_t
remote_readv_copy_run(const struct remote_run *run, struct iov_iter *iter)
{
	size_t bytes;
	void *from;

	if (IS_ENABLED(CONFIG_HIGHMEM))
		return copy_folio_to_iter(run->folio, run->offset, run->len,
					  iter);
	from = folio_address(run->folio) + run->offset;
	if (!iter_is_ubuf(iter))
		return _copy_to_iter(from, run->len, iter);

	bytes = min_t(size_t, run->len, iter->count);
	might_fault();
	instrument_copy_to_user(iter->ubuf + iter->iov_offset, from, bytes);
	bytes -= raw_copy_to_user(iter->ubuf + iter->iov_offset, from, bytes);
	iter->iov_offset += bytes;
	iter->count -= bytes;
	return bytes;
}

/*
 * Copy the pinned memory, up to the size of the destination. May fault and
 * sleep. Returns 0, or -EFAULT if the destination is invalid.
 */
static int remote_readv_copy(const struct remote_readv *rr)
{
	const struct remote_run *run = rr->pins.runs;
	const struct remote_run *end = run + rr->pins.nr;

	VM_WARN_ON_ONCE(rr->nr_vmas);

	for (; run < end && iov_iter_count(rr->iter); run++) {
		if (run != rr->pins.runs)
			cond_resched();
		if (remote_readv_copy_run(run, rr->iter) < run->len &&
		    iov_iter_count(rr->iter))
			return -EFAULT;
	}
	return 0;
}

/* Returns the number of bytes processed, or -EFAULT. */
static long remote_readv_chunk(struct remote_readv *rr, unsigned long addr,
			       unsigned long end)
{
	unsigned long reached = remote_readv_pin(rr, addr, end);
	int err = -EFAULT;

	if (reached != addr)
		err = remote_readv_copy(rr);
	remote_pins_put(&rr->pins);
	return err ? err : (long)(reached - addr);
}

/* Returns 0 or an error. @rr->iter has the number of bytes copied. */
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
		/* After a small piece, rescheduling is not worth its cost. */
		if (bytes > PAGE_SIZE)
			cond_resched();
		addr += bytes;
		len -= bytes;
	} while (len && iov_iter_count(rr->iter));
	return 0;
}

/* Provide room for the runs of a chunk: one per page at most. */
static int remote_readv_init(struct remote_readv *rr, struct mm_struct *mm,
			     struct iov_iter *iter, unsigned long nr_pages)
{
	struct remote_run *runs = rr->runs;

	if (likely(nr_pages <= REMOTE_READV_RUNS)) {
		nr_pages = REMOTE_READV_RUNS;
	} else {
		nr_pages = min(nr_pages, REMOTE_READV_CHUNK);
		runs = kvmalloc_array(nr_pages, sizeof(*runs), GFP_KERNEL);
		if (!runs)
			return -ENOMEM;
	}
	remote_pins_init(&rr->pins, runs, nr_pages);
	rr->mm = mm;
	rr->iter = iter;
	rr->nr_vmas = 0;
	rr->why = REMOTE_READ_OK;
	return 0;
}

static void remote_readv_exit(struct remote_readv *rr)
{
	VM_WARN_ON_ONCE(rr->nr_vmas || rr->pins.nr);
	if (rr->pins.runs != rr->runs)
		kvfree(rr->pins.runs);
}

/**
 * remote_readv - copy a segment of another address space to an iov_iter
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: start of the segment, possibly tagged
 * @len: its length in bytes
 * @iter: the destination; it is advanced, and may hold less than @len
 * @why: if not NULL: gets the last reason for the slow path, or REMOTE_READ_OK;
 *	not written if @len is 0 or the result is -ENOMEM
 *
 * @mm must not be the caller's own: source and destination could overlap, and
 * unlike stock this does not copy page by page.
 *
 * The mappings of each chunk of REMOTE_READV_CHUNK pages are those of one
 * moment, as if the mmap lock had been held. If a page is not resident, its
 * fault may drop that lock, as in stock. The pages stay pinned until the chunk
 * is copied.
 *
 * Context: Process context, no locks held. May sleep and fault, both in the
 * caller's memory and, for pages that are not resident, in @mm.
 *
 * Return: 0; -EFAULT if source or destination is invalid; or -ENOMEM. @iter has
 * the number of bytes copied before that.
 */
int remote_readv(struct mm_struct *mm, unsigned long addr, unsigned long len,
		 struct iov_iter *iter, enum remote_read_result *why)
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
	if (rr.why == REMOTE_READ_OK)
		remote_count(REMOTE_READ_OK);
	if (why)
		*why = rr.why;
	remote_readv_exit(&rr);
	return err;
}
