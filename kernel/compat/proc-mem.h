/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private symbols of fs/proc for /proc/PID/mem, linked by livepatch
 * relocations. They are the same on all supported kernels.
 */
#ifndef _COMPAT_PROC_MEM_H
#define _COMPAT_PROC_MEM_H

#include <linux/fs.h>

/* Values of the kernel parameter proc_mem.force_override= */
enum proc_mem_force {
	PROC_MEM_FORCE_ALWAYS,
	PROC_MEM_FORCE_PTRACE,
	PROC_MEM_FORCE_NEVER
};

extern enum proc_mem_force proc_mem_force_override;

ssize_t mem_rw(struct file *file, char __user *buf, size_t count, loff_t *ppos,
	       int write);

#endif /* _COMPAT_PROC_MEM_H */
