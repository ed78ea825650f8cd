/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROCESS_VM_H
#define _PROCESS_VM_H

#include <linux/types.h>

struct iovec;

ssize_t vmapeek_process_vm_readv(pid_t pid, const struct iovec __user *lvec,
				 unsigned long liovcnt,
				 const struct iovec __user *rvec,
				 unsigned long riovcnt, unsigned long flags);

#endif /* _PROCESS_VM_H */
