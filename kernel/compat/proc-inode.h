/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inode of files below /proc/PID. Its layout is private to fs/proc, and the
 * same on all supported kernels.
 */
#ifndef _COMPAT_PROC_INODE_H
#define _COMPAT_PROC_INODE_H

#include <linux/fs.h>
#include <linux/pid.h>

struct seq_file;
struct proc_dir_entry;
struct ctl_table;
struct ctl_table_header;
struct proc_ns_operations;

struct proc_inode {
	struct pid *pid;
	unsigned int fd;
	union {
		int (*proc_show)(struct seq_file *m, struct pid_namespace *ns,
				 struct pid *pid, struct task_struct *task);
		int lsmid;
	} op;
	struct proc_dir_entry *pde;
	struct ctl_table_header *sysctl;
	const struct ctl_table *sysctl_entry;
	struct hlist_node sibling_inodes;
	const struct proc_ns_operations *ns_ops;
	struct inode vfs_inode;
} __randomize_layout;

static inline struct pid *proc_inode_pid(const struct inode *inode)
{
	return container_of(inode, struct proc_inode, vfs_inode)->pid;
}

#endif /* _COMPAT_PROC_INODE_H */
