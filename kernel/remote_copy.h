/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REMOTE_COPY_H
#define _REMOTE_COPY_H

#include <linux/types.h>

#include "remote_event.h"

struct vm_area_struct;

enum remote_read_event remote_copy(struct vm_area_struct *vma,
				   unsigned long addr, void *buf,
				   unsigned int len, unsigned int gup_flags);

#endif /* _REMOTE_COPY_H */
