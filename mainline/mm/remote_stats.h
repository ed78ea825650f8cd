/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MM_REMOTE_STATS_H
#define _MM_REMOTE_STATS_H

#include <linux/build_bug.h>
#include <linux/vmstat.h>

#include "remote_event.h"

#ifdef CONFIG_PER_VMA_LOCK_STATS
/* The vm events are those of enum remote_read_event, in the same order. */
static_assert(VMA_LOCK_REMOTE_FATAL_SIGNAL - VMA_LOCK_REMOTE_FAST + 1 ==
	      NR_REMOTE_READ_EVENTS);
#endif

/* Any context. */
static inline void remote_read_count(enum remote_read_event event)
{
	count_vm_vma_lock_event(VMA_LOCK_REMOTE_FAST + event);
}

#endif /* _MM_REMOTE_STATS_H */
