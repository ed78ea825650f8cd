/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STATS_H
#define _STATS_H

#include <linux/percpu.h>

#include "remote_event.h"

struct kobject;

struct remote_read_stats {
	unsigned long count[NR_REMOTE_READ_EVENTS];
};

DECLARE_PER_CPU(struct remote_read_stats, remote_read_stats);

/* Any context; counts on this CPU, without a lock or a shared cache line. */
static inline void remote_read_count(enum remote_read_event event)
{
	this_cpu_inc(remote_read_stats.count[event]);
}

const char *remote_read_event_name(enum remote_read_event event);
int remote_read_stats_create(struct kobject *parent);
void remote_read_stats_remove(void);

#endif /* _STATS_H */
