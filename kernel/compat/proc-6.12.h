/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_PROC_6_12_H
#define _COMPAT_PROC_6_12_H

#include <linux/slab.h>

#include "vma-lock-6.12.h"

/* Later updates of 6.12 have it, too. */
#ifndef kzalloc_obj
#define kzalloc_obj(obj, gfp)	kzalloc(sizeof(obj), gfp)
#endif

/* maps, smaps and numa_maps take the mmap lock, too. */
#define HAVE_MAPS_UNDER_MMAP_LOCK

struct proc_maps_private {
	struct inode *inode;
	struct task_struct *task;
	struct mm_struct *mm;
	struct vma_iterator iter;
	struct mempolicy *task_mempolicy;
} __randomize_layout;

static inline struct mm_struct *
maps_private_mm(const struct proc_maps_private *priv)
{
	return priv->mm;
}

#define PM_SCAN_CATEGORIES						\
	(PAGE_IS_WPALLOWED | PAGE_IS_WRITTEN | PAGE_IS_FILE |		\
	 PAGE_IS_PRESENT | PAGE_IS_SWAPPED | PAGE_IS_PFNZERO |		\
	 PAGE_IS_HUGE | PAGE_IS_SOFT_DIRTY)

int show_map(struct seq_file *m, void *v);
int show_smap(struct seq_file *m, void *v);
int show_numa_map(struct seq_file *m, void *v);

#endif /* _COMPAT_PROC_6_12_H */
