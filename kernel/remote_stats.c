// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU counts of remote reads, by result. A call of access_remote_vm()
 * counts once, and so does a chunk of /proc/PID/mem that is read without that
 * call; if mem_rw() then repeats the read, its chunks count again. A remote
 * segment of process_vm_readv() counts as fast if it did not need the slow
 * path; otherwise each fallback counts under its reason.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>

#include "remote.h"

DEFINE_PER_CPU(struct remote_stats, remote_stats);

/* Names of the results in sysfs and in the tracepoint. */
const char *const remote_read_names[NR_REMOTE_READ_RESULTS] = {
#define X(constant, name, meaning) [REMOTE_READ_##constant] = name,
	REMOTE_READ_RESULTS(X)
#undef X
};

#define X(constant, name, meaning) (sizeof(name) <= REMOTE_READ_NAME_LEN) &&
static_assert(REMOTE_READ_RESULTS(X) true);
#undef X

/**
 * remote_stats_sum - number of remote reads with a result
 * @result: the result
 *
 * Return: the sum of the counters of all CPUs.
 */
unsigned long remote_stats_sum(enum remote_read_result result)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(remote_stats, cpu).count[result];
	return sum;
}

/**
 * remote_stats_faults - number of page faults taken in the memory that is read
 *
 * Return: the sum of the counters of all CPUs.
 */
unsigned long remote_stats_faults(void)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(remote_stats, cpu).faults;
	return sum;
}
