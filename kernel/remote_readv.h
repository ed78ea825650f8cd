/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REMOTE_READV_H
#define _REMOTE_READV_H

#include "remote_event.h"

struct iov_iter;
struct mm_struct;

int remote_readv(struct mm_struct *mm, unsigned long addr, unsigned long len,
		 struct iov_iter *iter, enum remote_read_event *reason);

#endif /* _REMOTE_READV_H */
