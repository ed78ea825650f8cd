// SPDX-License-Identifier: GPL-2.0
/*
 * What is mapped at an address, and whether it may be read.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>

#include "remote.h"

/**
 * remote_check_any_vma - may this VMA be read, hugetlb or not?
 * @vma: the VMA, read-locked
 * @gup_flags: FOLL_FORCE and FOLL_ANON count
 *
 * Exactly the checks of GUP for a remote read.
 *
 * Context: @vma is read-locked.
 *
 * Return: REMOTE_READ_OK, or the reason against it.
 */
enum remote_read_result remote_check_any_vma(struct vm_area_struct *vma,
					     unsigned int gup_flags)
{
	return __remote_check_vma(vma, gup_flags, VM_IO | VM_PFNMAP);
}

/* Is there a mapping at @addr that does not grow down? */
static bool remote_is_no_stack(struct mm_struct *mm, unsigned long addr)
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
 * remote_is_hole - is nothing mapped at an address?
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
bool remote_is_hole(struct mm_struct *mm, unsigned long addr, bool with_writer)
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
	return !next || remote_is_no_stack(mm, next_start);
}
