// SPDX-License-Identifier: GPL-2.0
/*
 * Permission checks of a VMA, and detection of holes. Most checks are inline,
 * in remote.h.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>

#include "remote.h"

/**
 * remote_check_any_vma - may this VMA be read, hugetlb or not?
 * @vma: the VMA, read-locked
 * @gup_flags: only FOLL_FORCE and FOLL_ANON matter
 *
 * Makes exactly GUP's checks for a remote read.
 *
 * Context: @vma is read-locked.
 *
 * Return: REMOTE_READ_OK, or the reason to refuse.
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

/*
 * Is nothing mapped at @addr, and is the next mapping above not a stack, which
 * might grow down to @addr? *@next becomes the start of that mapping, or 0.
 */
static __always_inline bool remote_is_free(struct mm_struct *mm,
					   unsigned long addr,
					   unsigned long *next)
{
	VMA_ITERATOR(vmi, mm, addr);
	struct vm_area_struct *vma;
	bool is_free = true;

	*next = 0;
	rcu_read_lock();
	vma = vma_next(&vmi);
	if (vma) {
		*next = vmi.mas.index;
		is_free = *next > addr &&
			  !(READ_ONCE(vma->vm_flags) & VM_GROWSDOWN);
	}
	rcu_read_unlock();
	return is_free;
}

/**
 * remote_is_hole - is nothing mapped at an address, while there is no writer?
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: the address, not tagged
 *
 * A writer of the address space may remove a mapping before it inserts another
 * in its place, and that transient hole must not be seen. Therefore the result
 * is valid only if mmap_lock_speculate_try_begin() was true before and
 * mmap_lock_speculate_retry() is false after.
 *
 * Context: Takes RCU; does not sleep.
 *
 * Return: true if nothing is mapped; false also if the slow path might grow a
 * stack down to the address.
 */
bool remote_is_hole(struct mm_struct *mm, unsigned long addr)
{
	unsigned long next;

	return remote_is_free(mm, addr, &next);
}

/**
 * remote_is_hole_under_writer - was an address unmapped at some moment?
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: the address, not tagged
 *
 * As remote_is_hole(), but valid even while a writer changes the address space.
 *
 * Context: Takes RCU and a VMA's read lock, never the mmap lock; does not
 * sleep.
 *
 * Return: true if nothing was mapped there at some moment during the call.
 */
bool remote_is_hole_under_writer(struct mm_struct *mm, unsigned long addr)
{
	unsigned long next;

	if (!remote_is_free(mm, addr, &next))
		return false;
	/* The VMA may be freed or reused by now: its flags prove nothing. */
	return !next || remote_is_no_stack(mm, next);
}
