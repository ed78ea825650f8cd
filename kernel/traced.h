/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TRACED_H
#define _TRACED_H

#include <linux/types.h>

struct iov_iter;
struct mm_struct;

int traced_access_remote_vm(pid_t pid, struct mm_struct *mm, unsigned long addr,
			    void *buf, int len, unsigned int gup_flags);
int traced_readv(pid_t pid, struct mm_struct *mm, unsigned long addr,
		 unsigned long len, struct iov_iter *iter);

#endif /* _TRACED_H */
