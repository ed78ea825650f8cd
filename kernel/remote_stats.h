/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REMOTE_STATS_H
#define _REMOTE_STATS_H

#include <linux/percpu.h>

#include "remote_event.h"

struct remote_read_stats {
	unsigned long count[NR_REMOTE_READ_EVENTS];
};

DECLARE_PER_CPU(struct remote_read_stats, remote_read_stats);

extern const char *const remote_read_event_names[NR_REMOTE_READ_EVENTS];

/* Any context; counts on this CPU, without a lock or a shared cache line. */
static inline void remote_read_count(enum remote_read_event event)
{
	this_cpu_inc(remote_read_stats.count[event]);
}

unsigned long remote_read_sum(enum remote_read_event event);

#endif /* _REMOTE_STATS_H */
