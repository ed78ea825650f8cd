/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_PROC_7_3_H
#define _COMPAT_PROC_7_3_H

#include "vma-lock-7.3.h"

/* ->d_revalidate() also takes the directory and the name. */
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

/*
 * numa_maps is left to the kernel: get_task_policy() and __mpol_put() are
 * exported to KVM only, and modpost refuses other modules that name them.
 */
static inline bool maps_is_numa_maps(const struct seq_file *m)
{
	return false;
}

static inline void maps_hold_policy(struct proc_maps_private *priv,
				    struct task_struct *task)
{
}

static inline void maps_release_policy(struct proc_maps_private *priv)
{
}

/*
 * Where ->start() continues: an address, or a special value after all VMAs. It
 * continues at last_pos, because ->next() has already advanced m->index beyond
 * the VMA that is to be shown next.
 */
static inline loff_t maps_position(const struct seq_file *m)
{
	const struct proc_maps_private *priv = m->private;

	return m->index > 0 ? priv->last_pos : m->index;
}

static inline void maps_set_position(struct seq_file *m, unsigned long addr)
{
	struct proc_maps_private *priv = m->private;

	m->index = addr;
	priv->last_pos = addr;
}

/*
 * Call show_smap() for a read-locked VMA. It leaves the RCU read-side section
 * and enters it again, and for that expects the VMA in lock_ctx.
 */
static inline void maps_show_walked(struct seq_file *m,
				    struct vm_area_struct *vma)
{
	struct proc_maps_private *priv = m->private;

	priv->lock_ctx.locked_vma = vma;
	m->op->show(m, vma);
	priv->lock_ctx.locked_vma = NULL;
}

#define PM_SCAN_CATEGORIES						\
	(PAGE_IS_WPALLOWED | PAGE_IS_WRITTEN | PAGE_IS_FILE |		\
	 PAGE_IS_PRESENT | PAGE_IS_SWAPPED | PAGE_IS_PFNZERO |		\
	 PAGE_IS_HUGE | PAGE_IS_SOFT_DIRTY | PAGE_IS_GUARD |		\
	 PAGE_IS_ACCESSED)

#endif /* _COMPAT_PROC_7_3_H */
