/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MM_REMOTE_READ_STR_H
#define _MM_REMOTE_READ_STR_H

struct mm_struct;

int remote_read_str(struct mm_struct *mm, unsigned long addr, void *buf,
		    int len, unsigned int gup_flags);

#endif /* _MM_REMOTE_READ_STR_H */
