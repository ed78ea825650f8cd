/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_PROC_7_3_H
#define _COMPAT_PROC_7_3_H

#include "vma-lock-7.3.h"

/* ->d_revalidate() is given the directory and the name, too. */
#define HAVE_REVALIDATE_BY_NAME

struct proc_maps_private {
	struct inode *inode;
	struct task_struct *task;
	struct vma_iterator iter;
	loff_t last_pos;
	struct {
		struct mm_struct *mm;
		bool mmap_locked;
		struct vm_area_struct *locked_vma;
	} lock_ctx;
	struct mempolicy *task_mempolicy;
} __randomize_layout;

static inline struct mm_struct *
maps_private_mm(const struct proc_maps_private *priv)
{
	return priv->lock_ctx.mm;
}

#define PM_SCAN_CATEGORIES						\
	(PAGE_IS_WPALLOWED | PAGE_IS_WRITTEN | PAGE_IS_FILE |		\
	 PAGE_IS_PRESENT | PAGE_IS_SWAPPED | PAGE_IS_PFNZERO |		\
	 PAGE_IS_HUGE | PAGE_IS_SOFT_DIRTY | PAGE_IS_GUARD |		\
	 PAGE_IS_ACCESSED)

#endif /* _COMPAT_PROC_7_3_H */
