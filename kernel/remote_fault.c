// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults in another address space under the VMA's read lock, with the
 * flags that GUP passes for the same read, so that the kernel waits, accounts
 * and fails as it does under the mmap lock.
 *
 * handle_mm_fault() drops the VMA lock if it returns VM_FAULT_RETRY or
 * VM_FAULT_COMPLETED. It does so for two reasons, which must be distinguished:
 *
 * - It waited. A caller that allows this (FAULT_FLAG_ALLOW_RETRY) gets the same
 *   result from a fault under the mmap lock.
 * - It needs the mmap lock. Stock never sees this result; the caller must take
 *   the slow path.
 *
 * Device-private memory needs the mmap lock and cannot be distinguished from a
 * fault that waited; see docs/locking.md, "What still differs from stock".
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/userfaultfd_k.h>

#include "remote.h"

/*
 * May a fault in this VMA have to allocate an anon_vma, which needs the mmap
 * lock? Then VM_FAULT_RETRY means just that: anonymous memory, and private
 * hugetlb memory, of a VMA without an anon_vma has nothing else to wait for,
 * except for userfaultfd.
 */
static bool remote_fault_lacks_anon_vma(struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		return false;
	return vma_is_anonymous(vma) ||
	       (is_vm_hugetlb_page(vma) && !(vma->vm_flags & VM_MAYSHARE));
}

/**
 * remote_may_fault - may a page of this VMA be faulted in under its lock?
 * @vma: the VMA, read-locked, which may be read
 * @flags: FAULT_FLAG_* of the read
 *
 * No fault may be tried if
 *
 * - the fault always needs the mmap lock, as for drivers without map_pages,
 * - an entry may be present but not readable here, as for DAX: the lookup would
 *   fail again after the fault,
 * - access_remote_vm() calls ->access() after a failed fault: the slow path
 *   would have to repeat that fault, or
 * - VM_FAULT_RETRY would not show whether the fault waited for userfaultfd or
 *   needs the mmap lock.
 *
 * Context: @vma is read-locked.
 *
 * Return: true if remote_fault() may be tried.
 */
bool remote_may_fault(struct vm_area_struct *vma, unsigned int flags)
{
	const struct vm_operations_struct *ops = vma->vm_ops;

	if ((vma->vm_flags & VM_MIXEDMAP) || vma_is_dax(vma))
		return false;
	if ((flags & FAULT_FLAG_ALLOW_RETRY) && userfaultfd_armed(vma) &&
	    remote_fault_lacks_anon_vma(vma))
		return false;
	if (is_vm_hugetlb_page(vma) || !ops)
		return true;
	return ops->map_pages && !ops->access;
}

/**
 * remote_fault - fault in a page of another address space
 * @vma: the VMA, read-locked, for which remote_may_fault() returned true
 * @addr: an address in the page
 * @flags: FAULT_FLAG_* of the read, in addition to those of every remote read
 *
 * Context: Process context; may sleep. @vma stays locked if the result is
 * REMOTE_FAULT_DONE or REMOTE_FAULT_FAILED; otherwise its lock is dropped, and
 * the VMA may be freed.
 *
 * Return: enum remote_fault_result.
 */
enum remote_fault_result remote_fault(struct vm_area_struct *vma,
				      unsigned long addr, unsigned int flags)
{
	bool lacks_anon_vma = remote_fault_lacks_anon_vma(vma);
	vm_fault_t ret;

	remote_count_fault();
	ret = handle_mm_fault(vma, addr,
			      flags | FAULT_FLAG_REMOTE | FAULT_FLAG_VMA_LOCK,
			      NULL);
	if (ret & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)) {
		if (lacks_anon_vma || !(flags & FAULT_FLAG_ALLOW_RETRY))
			return REMOTE_FAULT_NEEDS_MMAP_LOCK;
		return REMOTE_FAULT_DROPPED_LOCK;
	}
	return ret & VM_FAULT_ERROR ? REMOTE_FAULT_FAILED : REMOTE_FAULT_DONE;
}

/**
 * remote_fault_in - fault in an absent page, and read it
 * @vmap: the VMA, read-locked, for which remote_may_fault() returned true;
 *	becomes NULL if that lock was dropped
 * @addr: an address in the page
 * @look: looks the page up again and reads it; REMOTE_READ_NOT_PRESENT if the
 *	page is absent
 * @arg: for @look
 * @failed: becomes true if the fault failed, which ends the read at this page
 *
 * For reads that one VMA lock covers to the end: their faults hold that lock
 * while they wait. The page may be absent again after each fault, for example
 * because it was reclaimed.
 *
 * Context: Process context; may sleep.
 *
 * Return: REMOTE_READ_OK if @look has read the page or the fault failed;
 * otherwise the reason.
 */
enum remote_read_result remote_fault_in(struct vm_area_struct **vmap,
					unsigned long addr,
					remote_look_fn look, void *arg,
					bool *failed)
{
	struct vm_area_struct *vma = *vmap;
	enum remote_read_result result;
	unsigned int faults;

	for (faults = 0; faults < REMOTE_FAULT_TRIES; faults++) {
		switch (remote_fault(vma, addr, 0)) {
		case REMOTE_FAULT_DONE:
			break;
		case REMOTE_FAULT_FAILED:
			*failed = true;
			return REMOTE_READ_OK;
		default:
			*vmap = NULL;
			return REMOTE_READ_NOT_PRESENT;
		}
		if (fatal_signal_pending(current))
			return REMOTE_READ_FATAL_SIGNAL;
		cond_resched();
		result = look(vma, arg);
		if (result != REMOTE_READ_NOT_PRESENT)
			return result;
	}
	return REMOTE_READ_NOT_PRESENT;
}
