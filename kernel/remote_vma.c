// SPDX-License-Identifier: GPL-2.0
/*
 * What is mapped at an address, and whether it may be read. The checks
 * themselves are inline, in remote.h.
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

/*
 * Is nothing mapped at @addr, nor right above it a stack that might grow down to
 * it? *@next becomes the start of the mapping above, or 0.
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
 * Also not where the slow path might grow a stack down to the address. A writer
 * of the address space may take a mapping away for a moment before it puts
 * another in its place, and that hole must not be seen: the answer counts only
 * if mmap_lock_speculate_try_begin() was true before and
 * mmap_lock_speculate_retry() is false after.
 *
 * Context: Takes RCU; does not sleep.
 */
bool remote_is_hole(struct mm_struct *mm, unsigned long addr)
{
	unsigned long next;

	return remote_is_free(mm, addr, &next);
}

/**
 * remote_is_hole_under_writer - is nothing mapped at an address for a moment?
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: the address, not tagged
 *
 * As remote_is_hole(), but believed also while somebody changes the address
 * space, and whatever that is. What counts is one moment during the call at
 * which nothing was mapped there.
 *
 * Context: Takes RCU and a VMA's read lock, never the mmap lock; does not
 * sleep.
 */
bool remote_is_hole_under_writer(struct mm_struct *mm, unsigned long addr)
{
	unsigned long next;

	if (!remote_is_free(mm, addr, &next))
		return false;
	/* The VMA may be gone or reused by now, and its flags not its own. */
	return !next || remote_is_no_stack(mm, next);
}
