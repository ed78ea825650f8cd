/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REMOTE_READV_H
#define _REMOTE_READV_H

struct iov_iter;
struct mm_struct;

int remote_readv(struct mm_struct *mm, unsigned long addr, unsigned long len,
		 struct iov_iter *iter);

#endif /* _REMOTE_READV_H */
