/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

/* The cost of one kind of read. */
struct read_cost {
	const char *interface;
	size_t size;		/* bytes requested */
	double ns;		/* per call, the median of some batches */
	int error;		/* why it could not be measured, or 0 */
};

#define MAX_READ_COSTS	16

/* Measures all kinds; returns their number. Starts and ends a target. */
size_t bench_reads(struct read_cost *costs);

/* The cost of a reader in a loop, for a thread that maps and unmaps memory. */
struct churn_cost {
	double alone, watched;	/* maps and unmaps per second, medians */
	double reads;		/* of the reader per second, median */
	int error;		/* why it could not be measured, or 0 */
};

void bench_churn(struct churn_cost *cost);

#endif
