/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REMOTE_UNTAG_H
#define _REMOTE_UNTAG_H

#include <linux/mmu_context.h>

/**
 * remote_untag - untag an address of another process without its mmap lock
 * @mm: the address space
 * @addr: the address
 *
 * untagged_addr_remote() insists on the lock, although the mask is one word
 * that changes only while the process has one thread. With an old mask an
 * address means what it meant before. An architecture that has tags, but does
 * not tell its mask, leaves them in the address, where nothing is mapped.
 *
 * Some architectures replace the tag by the bit below it. Where that is set,
 * the address is none of user space, and must not become one by the mask.
 *
 * Return: the address as untagged_addr_remote() has it, or one at which nothing
 * is mapped.
 */
static inline unsigned long remote_untag(struct mm_struct *mm,
					 unsigned long addr)
{
	unsigned long mask = mm_untag_mask(mm);

	addr &= mask;
	return addr > mask >> 1 ? addr | ~mask : addr;
}

#endif /* _REMOTE_UNTAG_H */
