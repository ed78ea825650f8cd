/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_LINUX_7_3_H
#define _COMPAT_LINUX_7_3_H

#include <linux/mm.h>

/* Reached as those in compat.h. */
bool touch_pmd(struct vm_area_struct *vma, unsigned long addr, pmd_t *pmd,
	       bool write);

/* Tells fork() that there may be pins; never taken back. As GUP does. */
static inline void remote_set_has_pinned(struct mm_struct *mm)
{
	if (!mm_flags_test(MMF_HAS_PINNED, mm))
		mm_flags_set(MMF_HAS_PINNED, mm);
}

#endif /* _COMPAT_LINUX_7_3_H */
