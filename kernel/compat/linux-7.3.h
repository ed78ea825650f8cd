/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_LINUX_7_3_H
#define _COMPAT_LINUX_7_3_H

#include <linux/mm.h>

/* BPF reads strings of another process through copy_remote_vm_str(). */
#ifdef CONFIG_BPF_SYSCALL
#define HAVE_COPY_REMOTE_VM_STR
#endif

/* Linked by a livepatch relocation, as those in compat.h. */
bool touch_pmd(struct vm_area_struct *vma, unsigned long addr, pmd_t *pmd,
	       bool write);

/*
 * Copy out of a page with the same accesses as __access_remote_vm(), because
 * their width is visible if the memory is being written to. There the compiler
 * calls memcpy(). If it knew here that @len is small, it would copy inline.
 */
static __always_inline void remote_memcpy(void *to, const void *from,
					  unsigned int len)
{
	OPTIMIZER_HIDE_VAR(len);
	memcpy(to, from, len);
}

/* Tell fork() that there may be pins, as GUP does. Never cleared. */
static inline void remote_set_has_pinned(struct mm_struct *mm)
{
	if (!mm_flags_test(MMF_HAS_PINNED, mm))
		mm_flags_set(MMF_HAS_PINNED, mm);
}

#endif /* _COMPAT_LINUX_7_3_H */
