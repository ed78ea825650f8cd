/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzzers share: rounds of random calls, each round with a target of
 * its own, all with vmapeek off and then all with it on, and compared.
 */
#ifndef ROUNDS_H
#define ROUNDS_H

#include "layout.h"
#include "vmapeek.h"

/* Of one call: what it returned, and a number for the bytes it brought. */
struct result {
	long ret;
	unsigned long hash;
};

struct round {
	struct layout layout;
	struct result *off, *on;
	long state_off, state_on;
};

struct fuzzer {
	const char *calls;	/* what they are called, in the plural */
	unsigned int nr_rounds, nr_calls;	/* unless arguments say other */
	/* Before the target of a round starts, and in it, and then here. */
	void (*begin)(const struct layout *l, unsigned int round);
	prepare_fn prepare;
	void (*started)(void);
	/* A call follows from its round and number. */
	struct result (*call)(const struct layout *l, unsigned int round,
			      unsigned int n, pid_t pid);
	/* What all calls of a round left behind, or NULL. */
	unsigned long (*left)(void);
	/* One that differs. */
	void (*print)(const struct round *r, unsigned int round,
		      unsigned int n);
	/* What is not tried is not tested; ends with NR_EVENTS. */
	const enum event *wanted;
};

bool differ(const struct result *a, const struct result *b);

/* Arguments: [SEED [ROUNDS [CALLS]]]. Runs and reports all, for main(). */
int rounds_main(const struct fuzzer *f, int argc, char **argv);

#endif
