/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private structures and functions of fs/proc for /proc/PID/maps and its
 * relatives. The functions and tables are linked by livepatch relocations. The
 * structures are the same on all supported kernels, except for struct
 * proc_maps_private.
 */
#ifndef _COMPAT_PROC_H
#define _COMPAT_PROC_H

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/pid.h>
#include <linux/seq_file.h>

#include "proc-inode.h"

#ifndef CONFIG_PROC_PAGE_MONITOR
#error "vmapeek_maps: this kernel has no CONFIG_PROC_PAGE_MONITOR"
#endif
#ifndef CONFIG_NUMA
#error "vmapeek_maps: this kernel has no CONFIG_NUMA"
#endif

/**
 * maps_get_task - the task of a file below /proc/PID
 * @inode: the file's inode
 *
 * Return: the task, with a reference; or NULL if it was reaped.
 */
static inline struct task_struct *maps_get_task(const struct inode *inode)
{
	return get_pid_task(proc_inode_pid(inode), PIDTYPE_PID);
}

/* Sums for smaps and smaps_rollup; only @swap is used here. */
struct mem_size_stats {
	unsigned long resident;
	unsigned long shared_clean;
	unsigned long shared_dirty;
	unsigned long private_clean;
	unsigned long private_dirty;
	unsigned long referenced;
	unsigned long anonymous;
	unsigned long lazyfree;
	unsigned long anonymous_thp;
	unsigned long shmem_thp;
	unsigned long file_thp;
	unsigned long swap;
	unsigned long shared_hugetlb;
	unsigned long private_hugetlb;
	unsigned long ksm;
	u64 pss;
	u64 pss_anon;
	u64 pss_file;
	u64 pss_shmem;
	u64 pss_dirty;
	u64 pss_locked;
	u64 swap_pss;
};

/* A read of pagemap: @buffer has room for @len entries, and holds @pos. */
struct pagemapread {
	int pos, len;
	u64 *buffer;
	bool show_pfn;
};

/* State of a PAGEMAP_SCAN, which collects regions in @vec_buf. */
struct pagemap_scan_private {
	struct pm_scan_arg arg;
	unsigned long masks_of_interest, cur_vma_category;
	struct page_region *vec_buf;
	unsigned long vec_buf_len, vec_buf_index, found_pages;
	struct page_region __user *vec_out;
};

#define PM_SCAN_FLAGS	(PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC)

/*
 * clang inlines do_pagemap_scan() into its only caller, do_pagemap_cmd(). Then
 * there is no function to leave a scan to, and the kernel does all scans.
 */
#ifndef CONFIG_CC_IS_CLANG
#define HAVE_DO_PAGEMAP_SCAN
#endif

long do_pagemap_scan(struct mm_struct *mm, unsigned long uarg);
long do_pagemap_cmd(struct file *file, unsigned int cmd, unsigned long arg);

int show_map(struct seq_file *m, void *v);
int show_smap(struct seq_file *m, void *v);

struct dentry *proc_map_files_instantiate(struct dentry *dentry,
					  struct task_struct *task,
					  const void *ptr);
bool proc_fill_cache(struct file *file, struct dir_context *ctx,
		     const char *name, unsigned int len,
		     struct dentry *(*instantiate)(struct dentry *dentry,
						   struct task_struct *task,
						   const void *ptr),
		     struct task_struct *task, const void *ptr);
void task_dump_owner(struct task_struct *task, umode_t mode, kuid_t *ruid,
		     kgid_t *rgid);
int __walk_page_range(unsigned long start, unsigned long end,
		      struct mm_walk *walk);
void show_vma_header_prefix(struct seq_file *m, unsigned long start,
			    unsigned long end, vm_flags_t flags,
			    unsigned long long pgoff, dev_t dev,
			    unsigned long ino);
void __show_smap(struct seq_file *m, const struct mem_size_stats *mss,
		 bool rollup_mode);

extern const struct mm_walk_ops smaps_walk_ops;
extern const struct mm_walk_ops smaps_shmem_walk_ops;
extern const struct mm_walk_ops pagemap_ops;
extern const struct mm_walk_ops pagemap_scan_ops;

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#include "proc-6.12.h"
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
#include "proc-7.3.h"
#else
#error "vmapeek: the structures of fs/proc were not compared for this kernel"
#endif

#endif /* _COMPAT_PROC_H */
