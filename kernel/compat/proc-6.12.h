/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_PROC_6_12_H
#define _COMPAT_PROC_6_12_H

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

int show_map(struct seq_file *m, void *v);
int show_smap(struct seq_file *m, void *v);
int show_numa_map(struct seq_file *m, void *v);

/* Later kernels have it themselves. */
struct vm_area_struct *lock_next_vma(struct mm_struct *mm,
				     struct vma_iterator *vmi,
				     unsigned long addr);

#endif /* _COMPAT_PROC_6_12_H */
