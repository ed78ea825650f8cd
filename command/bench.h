/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

/* What one way to read costs. */
struct read_cost {
	const char *interface;
	size_t size;		/* that is asked for */
	double ns;		/* per call, the median of some batches */
	int error;		/* why it could not be measured, or 0 */
};

#define MAX_READ_COSTS	16

/* Measures all; returns how many. Starts and ends a process to read from. */
size_t bench_reads(struct read_cost *costs);

/* What a reader in a loop costs a thread that maps and unmaps memory. */
struct churn_cost {
	double alone, watched;	/* maps and unmaps per second, medians */
	double reads;		/* of the reader per second, median */
	int error;		/* why it could not be measured, or 0 */
};

void bench_churn(struct churn_cost *cost);

#endif
