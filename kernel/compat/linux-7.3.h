/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_LINUX_7_3_H
#define _COMPAT_LINUX_7_3_H

#include <linux/mm.h>

/* Reached as those in compat.h. */
bool touch_pmd(struct vm_area_struct *vma, unsigned long addr, pmd_t *pmd,
	       bool write);

#endif /* _COMPAT_LINUX_7_3_H */
