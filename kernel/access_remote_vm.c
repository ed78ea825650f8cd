// SPDX-License-Identifier: GPL-2.0
/*
 * Reading another process's resident memory under the VMA's read lock.
 *
 * Reads of another address space take its mmap lock for the whole transfer,
 * although the memory is there most of the time. Here the VMA is found under
 * RCU and read-locked instead. Whatever is not plainly fine is not attempted:
 * the caller takes the slow path, which knows how to fault, to grow stacks and
 * to fail.
 *
 * One VMA lock covers a whole transfer. Reading on into the next VMA under
 * the next lock could show an address space that never was.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>

#include "remote.h"

/* Flags whose meaning for a read is known here. */
#define REMOTE_READ_FLAGS	(FOLL_FORCE | FOLL_ANON)

/*
 * A read that runs out of @vma. If nothing follows, the slow path returns the
 * bytes up to there. That must be so when the last of them is copied, or they
 * could be newer than the hole. *@len becomes that number of bytes.
 *
 * Only cmdline and environ, which ask for anonymous memory and read titles
 * from the end of the stack a page at a time, believe the hole under a writer:
 * they must not wait for it. See "Titles" in docs/locking.md.
 */
static noinline enum remote_read_result
remote_read_short(struct vm_area_struct *vma, unsigned long addr, void *buf,
		  int *len, unsigned int gup_flags)
{
	bool is_title = (vma->vm_flags & VM_GROWSDOWN) &&
			(gup_flags & FOLL_ANON);
	unsigned int seq;

	if (!mmap_lock_speculate_try_begin(vma->vm_mm, &seq) && !is_title)
		return REMOTE_READ_LEAVES_VMA;
	if ((vma->vm_flags & VM_GROWSUP) ||
	    !remote_is_hole(vma->vm_mm, vma->vm_end, is_title))
		return REMOTE_READ_LEAVES_VMA;
	*len = vma->vm_end - addr;
	return remote_copy(vma, addr, buf, *len, gup_flags,
			   is_title ? NULL : &seq);
}

/*
 * The read under the VMA's lock. *@len becomes shorter where the slow path's
 * answer would be shorter, too.
 */
static enum remote_read_result remote_read_vma(struct vm_area_struct *vma,
					       unsigned long addr, void *buf,
					       int *len, unsigned int gup_flags)
{
	enum remote_read_result result = remote_check_vma(vma, gup_flags);

	if (result != REMOTE_READ_OK)
		return result;
	if (*len > vma->vm_end - addr)
		return remote_read_short(vma, addr, buf, len, gup_flags);
	return remote_copy(vma, addr, buf, *len, gup_flags, NULL);
}

/**
 * remote_read - read another address space without its mmap lock
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: address to read from, possibly tagged
 * @buf: kernel memory to read into; its content is undefined unless all is read
 * @len: number of bytes
 * @gup_flags: FOLL_* flags, as for access_remote_vm()
 * @why: if not NULL: gets the result
 *
 * Context: Process context. Takes a VMA's read lock, never the mmap lock;
 * does not fault; may sleep only to be rescheduled.
 *
 * Return: the number of bytes read, as the slow path would have read them (but
 * see remote_read_short() on titles); or -EAGAIN: the slow path must be taken,
 * from the first byte on.
 */
int remote_read(struct mm_struct *mm, unsigned long addr, void *buf, int len,
		unsigned int gup_flags, enum remote_read_result *why)
{
	enum remote_read_result result;
	struct vm_area_struct *vma;

	if (gup_flags & FOLL_WRITE) {
		result = REMOTE_READ_WRITE;
		goto out;
	}
	if ((gup_flags & ~REMOTE_READ_FLAGS) || len <= 0) {
		result = REMOTE_READ_NOT_PERMITTED;
		goto out;
	}

	addr = remote_untag(mm, addr);
	vma = lock_vma_under_rcu(mm, addr);
	if (!vma) {
		result = REMOTE_READ_NO_VMA;
		goto out;
	}
	result = remote_read_vma(vma, addr, buf, &len, gup_flags);
	vma_end_read(vma);
out:
	remote_count(result);
	if (why)
		*why = result;
	return result == REMOTE_READ_OK ? len : -EAGAIN;
}
