/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the supported kernels: functions that one lacks, names
 * that differ, and symbols that no public header declares. Only headers in this
 * directory check the kernel version. The file options lists the configuration
 * options that matter.
 */
#ifndef _COMPAT_COMPAT_H
#define _COMPAT_COMPAT_H

#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/uio.h>
#include <linux/version.h>

/*
 * On other architectures GUP also flushes caches (flush_anon_page(),
 * flush_dcache_page()) and makes a pinned folio accessible
 * (arch_make_folio_accessible()). The fast path does neither.
 */
#ifndef CONFIG_X86_64
#error "vmapeek: only x86-64 is supported so far"
#endif
#ifndef CONFIG_PER_VMA_LOCK
#error "vmapeek: this kernel has no CONFIG_PER_VMA_LOCK"
#endif
#ifndef CONFIG_LIVEPATCH
#error "vmapeek: this kernel has no CONFIG_LIVEPATCH"
#endif

/*
 * docs/locking.md was checked against these versions only. Early 6.12 kernels
 * count mm_lock_seq differently.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 95) && \
	LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#include "linux-6.12.h"
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 4) && \
	LINUX_VERSION_CODE < KERNEL_VERSION(7, 4, 0)
#include "linux-7.3.h"
#else
#error "vmapeek: this kernel version is not supported"
#endif

/* Linked by livepatch relocations; no public header declares them. */
extern unsigned long highest_memmap_pfn;
int __access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf,
		       int len, unsigned int gup_flags);
ssize_t process_vm_rw(pid_t pid, const struct iovec __user *lvec,
		      unsigned long liovcnt, const struct iovec __user *rvec,
		      unsigned long riovcnt, unsigned long flags, int vm_write);

#endif /* _COMPAT_COMPAT_H */
