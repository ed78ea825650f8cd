/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_PROC_6_12_H
#define _COMPAT_PROC_6_12_H

#include <linux/mempolicy.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "vma-lock-6.12.h"

/* Later updates of 6.12 define this. */
#ifndef kzalloc_obj
#define kzalloc_obj(obj, gfp)	kzalloc(sizeof(obj), gfp)
#endif

/* maps, smaps and numa_maps of this kernel take the mmap lock. */
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

int show_numa_map(struct seq_file *m, void *v);
struct mempolicy *get_task_policy(struct task_struct *task);

static inline bool maps_is_numa_maps(const struct seq_file *m)
{
	return m->op->show == show_numa_map;
}

/* For a VMA without a memory policy, show_numa_map() shows that of the task. */
static inline void maps_hold_policy(struct proc_maps_private *priv,
				    struct task_struct *task)
{
	task_lock(task);
	priv->task_mempolicy = get_task_policy(task);
	mpol_get(priv->task_mempolicy);
	task_unlock(task);
}

static inline void maps_release_policy(struct proc_maps_private *priv)
{
	mpol_put(priv->task_mempolicy);
}

/* Where ->start() continues: an address, or a special value after all VMAs. */
static inline loff_t maps_position(const struct seq_file *m)
{
	return m->index;
}

static inline void maps_set_position(struct seq_file *m, unsigned long addr)
{
	m->index = addr;
}

/*
 * Call show_smap() or show_numa_map() for a read-locked VMA. Both may sleep, so
 * this leaves the RCU read-side section and enters it again.
 */
static inline void maps_show_walked(struct seq_file *m,
				    struct vm_area_struct *vma)
{
	rcu_read_unlock();
	m->op->show(m, vma);
	rcu_read_lock();
}

#endif /* _COMPAT_PROC_6_12_H */
