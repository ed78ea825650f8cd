/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Readers of /proc/PID/maps and its relatives, under the VMAs' read locks
 * instead of the mmap lock.
 */
#ifndef _MAPS_H
#define _MAPS_H

#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "../compat/compat.h"
#include "../compat/proc.h"

/**
 * struct maps_tree_seq - tells whether the VMA tree changed since a moment
 * @seq: the mmap lock's sequence count at that moment
 * @quiet: nobody held the mmap lock for writing at that moment
 *
 * The tree changes only under the mmap lock, held for writing. As long as
 * @quiet is true and @seq is current, the tree is unchanged, and none of its
 * nodes was freed.
 */
struct maps_tree_seq {
	unsigned int seq;
	bool quiet;
};

static inline void maps_tree_seq_begin(struct maps_tree_seq *tree,
				       struct mm_struct *mm)
{
	tree->quiet = mmap_lock_speculate_try_begin(mm, &tree->seq);
}

static inline bool maps_tree_seq_is_current(const struct maps_tree_seq *tree,
					    struct mm_struct *mm)
{
	return tree->quiet && !mmap_lock_speculate_retry(mm, tree->seq);
}

/**
 * struct maps_iter - position of a walk from VMA to VMA
 * @vmi: position in the VMA tree
 * @tree: state of the tree when @vmi was set to an address
 *
 * As long as @tree is current, @vmi also stays valid from one RCU read-side
 * section to the next.
 */
struct maps_iter {
	struct vma_iterator vmi;
	struct maps_tree_seq tree;
};

/* Set @iter to @addr. The caller is in an RCU read-side section. */
static inline void maps_iter_set(struct maps_iter *iter, struct mm_struct *mm,
				 unsigned long addr)
{
	maps_tree_seq_begin(&iter->tree, mm);
	vma_iter_init(&iter->vmi, mm, addr);
}

/*
 * Continue in a new RCU read-side section. @iter is at a VMA that ended at
 * @addr. If the tree is unchanged now, RCU keeps its nodes until this section
 * ends.
 */
static inline void maps_iter_resume(struct maps_iter *iter,
				    struct mm_struct *mm, unsigned long addr)
{
	if (unlikely(!maps_tree_seq_is_current(&iter->tree, mm)))
		maps_iter_set(iter, mm, addr);
}

/* Reschedule between two VMAs, while none is locked. */
static inline void maps_iter_cond_resched(struct maps_iter *iter,
					  struct mm_struct *mm,
					  unsigned long addr)
{
	if (likely(!need_resched()))
		return;
	rcu_read_unlock();
	cond_resched();
	rcu_read_lock();
	maps_iter_resume(iter, mm, addr);
}

/* join_readers.c: read-lock a VMA that a writer waits for */

int maps_begin_join(void);
int maps_join_readers(struct mm_struct *mm, struct vm_area_struct *vma);
void maps_end_join(void);

/* lock_next_vma.c: read-lock the VMAs one after the other */

struct vm_area_struct *maps_iter_try_next(struct mm_struct *mm,
					  struct maps_iter *iter,
					  unsigned long addr);
struct vm_area_struct *maps_iter_wait_next(struct mm_struct *mm,
					   struct maps_iter *iter,
					   unsigned long addr);
struct vm_area_struct *maps_iter_lock_next(struct mm_struct *mm,
					   struct maps_iter *iter,
					   unsigned long addr);

/**
 * maps_lock_next - read-lock the first VMA that ends above an address
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: the address, not tagged
 *
 * For callers that may sleep while they hold the VMA's lock.
 *
 * Context: As maps_iter_lock_next(), but not in an RCU read-side section.
 *
 * Return: as maps_iter_lock_next().
 */
static inline struct vm_area_struct *maps_lock_next(struct mm_struct *mm,
						    unsigned long addr)
{
	struct vm_area_struct *vma;
	struct maps_iter iter;

	rcu_read_lock();
	maps_iter_set(&iter, mm, addr);
	vma = maps_iter_lock_next(mm, &iter, addr);
	rcu_read_unlock();
	return vma;
}

/* maps_stats.c: how often each file was read */

#ifdef HAVE_MAPS_UNDER_MMAP_LOCK
#define MAPS_FILES(X)							\
	X(map_files) X(maps) X(numa_maps) X(pagemap) X(pagemap_scan)	\
	X(procmap_query) X(smaps) X(smaps_rollup)
#else
#define MAPS_FILES(X)							\
	X(map_files) X(maps) X(pagemap) X(pagemap_scan) X(smaps)	\
	X(smaps_rollup)
#endif

/*
 * Counters by file. They count calls of read(2); for map_files, every
 * operation; for procmap_query and pagemap_scan, calls of ioctl(2).
 */
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

/* pagemap_scan.c */

#ifdef HAVE_DO_PAGEMAP_SCAN
void pagemap_scan_init(void);
#else
static inline void pagemap_scan_init(void)
{
}
#endif

/* Replacements of kernel functions. */

ssize_t vmapeek_seq_read(struct file *file, char __user *buf, size_t size,
			 loff_t *ppos);
#ifdef HAVE_MAPS_UNDER_MMAP_LOCK
long vmapeek_procfs_procmap_ioctl(struct file *file, unsigned int cmd,
				  unsigned long arg);
int vmapeek_walk_page_vma(struct vm_area_struct *vma,
			  const struct mm_walk_ops *ops, void *private);
struct anon_vma_name *vmapeek_anon_vma_name(struct vm_area_struct *vma);
#else
struct vm_area_struct *vmapeek_lock_next_vma(struct mm_struct *mm,
					     struct vma_iterator *vmi,
					     unsigned long addr);
#endif
int vmapeek_show_smaps_rollup(struct seq_file *m, void *v);
ssize_t vmapeek_pagemap_read(struct file *file, char __user *buf, size_t count,
			     loff_t *ppos);
long vmapeek_do_pagemap_cmd(struct file *file, unsigned int cmd,
			    unsigned long arg);

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
