// SPDX-License-Identifier: GPL-2.0
/*
 * Reading another process's resident memory under the VMA's read lock.
 *
 * Reads of another address space take its mmap lock for the whole transfer,
 * although the memory is there most of the time. Here the VMA is found under
 * RCU and read-locked instead. Whatever is not plainly fine is not attempted:
 * remote_read() returns the reason and the caller takes the slow path, which
 * knows how to fault, to grow stacks and to fail.
 *
 * One VMA lock covers a whole transfer. Reading on into the next VMA under
 * the next lock could show an address space that never was.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>

#include "compat.h"
#include "remote_copy.h"
#include "remote_read.h"
#include "remote_stats.h"
#include "remote_untag.h"
#include "remote_vma.h"

/* Flags whose meaning for a read is known here. */
#define REMOTE_READ_FLAGS	(FOLL_FORCE | FOLL_ANON)

/* Is there a mapping at @addr that does not grow down? */
static bool remote_read_is_no_stack(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(mm, addr);
	bool grows;

	if (!vma)
		return false;
	grows = vma->vm_flags & VM_GROWSDOWN;
	vma_end_read(vma);
	return !grows;
}

/**
 * remote_read_is_hole - is nothing mapped at an address?
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: the address, not tagged
 * @with_writer: believe it also while somebody changes the address space
 *
 * Also not where the slow path might grow a stack down to the address.
 *
 * No lock keeps others from mapping something there; what counts is one moment
 * during the call at which nothing was. A writer of the address space may take
 * a mapping away for a moment before it puts another in its place, and that
 * hole must not be seen; hence @with_writer.
 *
 * Context: Takes RCU and a VMA's read lock, never the mmap lock; does not
 * sleep.
 */
bool remote_read_is_hole(struct mm_struct *mm, unsigned long addr,
			 bool with_writer)
{
	VMA_ITERATOR(vmi, mm, addr);
	unsigned long next_start = 0;
	struct vm_area_struct *next;
	bool grows = false;
	unsigned int seq;

	if (!mmap_lock_speculate_try_begin(mm, &seq) && !with_writer)
		return false;

	rcu_read_lock();
	next = vma_next(&vmi);
	if (next) {
		next_start = vmi.mas.index;
		grows = READ_ONCE(next->vm_flags) & VM_GROWSDOWN;
	}
	rcu_read_unlock();
	if (next && (next_start <= addr || grows))
		return false;

	if (!with_writer)
		return !mmap_lock_speculate_retry(mm, seq);
	/* @next may be gone or reused by now, and its flags not its own. */
	return !next || remote_read_is_no_stack(mm, next_start);
}

/*
 * Is nothing mapped at the end of @vma, and will the slow path not grow a
 * stack into it? Then it returns the bytes up to there, and so may we.
 *
 * Only cmdline and environ, which ask for anonymous memory and read titles
 * from the end of the stack a page at a time, believe it under a writer: they
 * must not wait for it. See "Short reads" in docs/locking.md.
 */
static bool remote_read_hole_follows(struct vm_area_struct *vma,
				     unsigned int gup_flags)
{
	bool is_title = (vma->vm_flags & VM_GROWSDOWN) &&
			(gup_flags & FOLL_ANON);

	return !(vma->vm_flags & VM_GROWSUP) &&
	       remote_read_is_hole(vma->vm_mm, vma->vm_end, is_title);
}

/*
 * The read under the VMA's lock. *@len becomes shorter where the slow path's
 * answer would be shorter, too.
 */
static enum remote_read_event remote_read_vma(struct vm_area_struct *vma,
					      unsigned long addr, void *buf,
					      int *len, unsigned int gup_flags)
{
	enum remote_read_event event = remote_check_vma(vma, gup_flags);

	if (event != REMOTE_READ_FAST)
		return event;

	if (*len > vma->vm_end - addr) {
		if (!remote_read_hole_follows(vma, gup_flags))
			return REMOTE_READ_LEAVES_VMA;
		*len = vma->vm_end - addr;
	}
	return remote_copy(vma, addr, buf, *len, gup_flags);
}

/**
 * remote_read - read another address space without its mmap lock
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: address to read from, possibly tagged
 * @buf: kernel memory to read into; its content is undefined unless all is read
 * @len: number of bytes
 * @gup_flags: FOLL_* flags, as for access_remote_vm()
 *
 * Context: Process context. Takes a VMA's read lock, never the mmap lock;
 * does not fault; may sleep only to be rescheduled.
 *
 * Return: the number of bytes read, as the slow path would have read them (but
 * see remote_read_hole_follows() on titles); or the reason for a fallback, an
 * enum remote_read_event, negated, and then the slow path must be taken from
 * the first byte on.
 */
int remote_read(struct mm_struct *mm, unsigned long addr, void *buf, int len,
		unsigned int gup_flags)
{
	enum remote_read_event event;
	struct vm_area_struct *vma;

	if (gup_flags & FOLL_WRITE) {
		event = REMOTE_READ_WRITE;
		goto out;
	}
	if ((gup_flags & ~REMOTE_READ_FLAGS) || len <= 0) {
		event = REMOTE_READ_NOT_PERMITTED;
		goto out;
	}

	addr = remote_untag(mm, addr);
	vma = lock_vma_under_rcu(mm, addr);
	if (!vma) {
		event = REMOTE_READ_NO_VMA;
		goto out;
	}
	event = remote_read_vma(vma, addr, buf, &len, gup_flags);
	vma_end_read(vma);
out:
	remote_read_count(event);
	return event == REMOTE_READ_FAST ? len : -(int)event;
}
