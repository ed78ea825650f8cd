/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REMOTE_READ_H
#define _REMOTE_READ_H

#include <linux/types.h>

struct mm_struct;

bool remote_read_is_hole(struct mm_struct *mm, unsigned long addr,
			 bool with_writer);
int remote_read(struct mm_struct *mm, unsigned long addr, void *buf, int len,
		unsigned int gup_flags);

#endif /* _REMOTE_READ_H */
