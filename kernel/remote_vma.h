/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REMOTE_VMA_H
#define _REMOTE_VMA_H

#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mmu_context.h>
#include <linux/secretmem.h>

#include "compat.h"
#include "remote_event.h"

/**
 * remote_check_vma - may this VMA be read without the mmap lock?
 * @vma: the VMA, read-locked
 * @gup_flags: FOLL_FORCE and FOLL_ANON count
 *
 * The checks of GUP for a remote read, plus hugetlb, whose page tables the VMA
 * lock does not protect.
 *
 * Context: @vma is read-locked.
 *
 * Return: REMOTE_READ_FAST, or the reason to take the slow path.
 */
static __always_inline enum remote_read_event
remote_check_vma(struct vm_area_struct *vma, unsigned int gup_flags)
{
	vm_flags_t vm_flags = vma->vm_flags;

	if (vm_flags & (VM_IO | VM_PFNMAP | VM_HUGETLB))
		return REMOTE_READ_SPECIAL;

	/*
	 * cmdline and environ must not be pointed at a file: a read of it may
	 * take as long as its owner likes.
	 */
	if ((gup_flags & FOLL_ANON) && !vma_is_anonymous(vma))
		return REMOTE_READ_FOLL_ANON;

	if (vma_is_secretmem(vma))
		return REMOTE_READ_SPECIAL;

	if (!(vm_flags & VM_READ) &&
	    !((gup_flags & FOLL_FORCE) && (vm_flags & VM_MAYREAD)))
		return REMOTE_READ_NOT_PERMITTED;

	if (!arch_vma_access_permitted(vma, false, false, true))
		return REMOTE_READ_NOT_PERMITTED;

	return REMOTE_READ_FAST;
}

#endif /* _REMOTE_VMA_H */
