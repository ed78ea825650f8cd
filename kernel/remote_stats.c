// SPDX-License-Identifier: GPL-2.0
/*
 * Remote reads counted by what became of them. A call of access_remote_vm()
 * counts once. A remote segment of process_vm_readv() counts as fast if it did
 * not need the slow path; otherwise each time that it did counts under its
 * reason.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>

#include "remote_stats.h"

DEFINE_PER_CPU(struct remote_read_stats, remote_read_stats);

/* What the events are called where they are shown. */
const char *const remote_read_event_names[NR_REMOTE_READ_EVENTS] = {
	[REMOTE_READ_FAST] = "fast",
	[REMOTE_READ_WRITE] = "write",
	[REMOTE_READ_NO_VMA] = "no_vma",
	[REMOTE_READ_LEAVES_VMA] = "leaves_vma",
	[REMOTE_READ_SPECIAL] = "special",
	[REMOTE_READ_NOT_PERMITTED] = "not_permitted",
	[REMOTE_READ_FOLL_ANON] = "foll_anon",
	[REMOTE_READ_NOT_PRESENT] = "not_present",
	[REMOTE_READ_TOO_LONG] = "too_long",
	[REMOTE_READ_UNSHARE] = "unshare",
	[REMOTE_READ_SELF] = "self",
	[REMOTE_READ_FATAL_SIGNAL] = "fatal_signal",
};

/**
 * remote_read_sum - how often something became of a remote read
 * @event: what
 *
 * Return: the sum of the counters of all CPUs.
 */
unsigned long remote_read_sum(enum remote_read_event event)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(remote_read_stats, cpu).count[event];
	return sum;
}
