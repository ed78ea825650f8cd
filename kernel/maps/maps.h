/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Readers of /proc/PID/maps and its relatives under the VMAs' read locks,
 * instead of the mmap lock.
 */
#ifndef _MAPS_H
#define _MAPS_H

#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/percpu.h>

#include "../compat/compat.h"
#include "../compat/proc.h"

/**
 * maps_lock_next - read-lock the first VMA that ends above an address
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: the address, not tagged
 *
 * For a caller that may sleep while it looks at the VMA.
 *
 * Context: As lock_next_vma(), but not in an RCU read-side section.
 *
 * Return: as lock_next_vma().
 */
static inline struct vm_area_struct *maps_lock_next(struct mm_struct *mm,
						    unsigned long addr)
{
	struct vm_area_struct *vma;

	do {
		VMA_ITERATOR(vmi, mm, addr);

		rcu_read_lock();
		vma = lock_next_vma(mm, &vmi, addr);
		rcu_read_unlock();
		/* Where VMAs count their readers, there may be too many. */
	} while (vma == ERR_PTR(-EAGAIN));
	return vma;
}

/* maps_stats.c: how often each file was read */

#ifdef HAVE_MAPS_UNDER_MMAP_LOCK
#define MAPS_FILES(X)							\
	X(map_files) X(maps) X(numa_maps) X(pagemap) X(procmap_query) X(smaps)	\
	X(smaps_rollup)
#else
#define MAPS_FILES(X)	X(map_files) X(pagemap) X(smaps_rollup)
#endif

/* Calls of read(2), by file; of map_files, calls of any kind. */
enum maps_file {
#define X(file) MAPS_FILE_##file,
	MAPS_FILES(X)
#undef X
	NR_MAPS_FILES
};

struct maps_stats {
	unsigned long count[NR_MAPS_FILES];
};

DECLARE_PER_CPU(struct maps_stats, maps_stats);

/* Any context; counts on this CPU, without a lock or a shared cache line. */
#define maps_count(file)	this_cpu_inc(maps_stats.count[MAPS_FILE_##file])

struct kobject;

int maps_stats_create(struct kobject *parent);
void maps_stats_remove(void);

/* What replaces functions of the kernel. */

#ifdef HAVE_MAPS_UNDER_MMAP_LOCK
ssize_t vmapeek_seq_read(struct file *file, char __user *buf, size_t size,
			 loff_t *ppos);
long vmapeek_procfs_procmap_ioctl(struct file *file, unsigned int cmd,
				  unsigned long arg);
int vmapeek_walk_page_vma(struct vm_area_struct *vma,
			  const struct mm_walk_ops *ops, void *private);
struct anon_vma_name *vmapeek_anon_vma_name(struct vm_area_struct *vma);
#endif
int vmapeek_show_smaps_rollup(struct seq_file *m, void *v);
ssize_t vmapeek_pagemap_read(struct file *file, char __user *buf, size_t count,
			     loff_t *ppos);

int vmapeek_map_files_get_link(struct dentry *dentry, struct path *path,
			       struct task_struct *task);
struct dentry *vmapeek_proc_map_files_lookup(struct inode *dir,
					     struct dentry *dentry,
					     unsigned int flags);
int vmapeek_proc_map_files_readdir(struct file *file, struct dir_context *ctx);
#ifdef HAVE_REVALIDATE_BY_NAME
int vmapeek_map_files_d_revalidate(struct inode *dir, const struct qstr *name,
				   struct dentry *dentry, unsigned int flags);
#else
int vmapeek_map_files_d_revalidate(struct dentry *dentry, unsigned int flags);
#endif

#endif /* _MAPS_H */
