/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_LINUX_7_3_H
#define _COMPAT_LINUX_7_3_H

#include <linux/mm.h>

/* BPF reads strings of another process by a function of their own. */
#ifdef CONFIG_BPF_SYSCALL
#define HAVE_COPY_REMOTE_VM_STR
#endif

/* Reached as those in compat.h. */
bool touch_pmd(struct vm_area_struct *vma, unsigned long addr, pmd_t *pmd,
	       bool write);

/*
 * Copy out of a page with the accesses that __access_remote_vm() makes, which
 * decide about what a reader sees of memory that is being written to: there the
 * compiler calls memcpy(), and here it must not know that @len is small.
 */
static __always_inline void remote_memcpy(void *to, const void *from,
					  unsigned int len)
{
	OPTIMIZER_HIDE_VAR(len);
	memcpy(to, from, len);
}

/* Tells fork() that there may be pins; never taken back. As GUP does. */
static inline void remote_set_has_pinned(struct mm_struct *mm)
{
	if (!mm_flags_test(MMF_HAS_PINNED, mm))
		mm_flags_set(MMF_HAS_PINNED, mm);
}

#endif /* _COMPAT_LINUX_7_3_H */
