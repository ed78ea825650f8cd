/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the fuzzers: rounds of random calls, each round with its own
 * target, first all with vmapeek off and then all with vmapeek on, and
 * compared.
 */
#ifndef ROUNDS_H
#define ROUNDS_H

#include "layout.h"
#include "vmapeek.h"

/* The result of one call, and a hash of its bytes. */
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
	const char *calls;	/* name of the calls, in the plural */
	unsigned int nr_rounds, nr_calls;	/* defaults of the arguments */
	/*
	 * Called before the target of a round starts, in the target, and after
	 * its start.
	 */
	void (*begin)(const struct layout *l, unsigned int round);
	prepare_fn prepare;
	void (*started)(void);
	/* A call is derived from its round and number. */
	struct result (*call)(const struct layout *l, unsigned int round,
			      unsigned int n, pid_t pid);
	/* A hash of the side effects of a round, or NULL. */
	unsigned long (*left)(void);
	/* Prints a call that differs. */
	void (*print)(const struct round *r, unsigned int round,
		      unsigned int n);
	/* Events that must occur, for coverage; ends with NR_EVENTS. */
	const enum event *wanted;
};

bool differ(const struct result *a, const struct result *b);

/* Arguments: [SEED [ROUNDS [CALLS]]]. Runs and reports all, for main(). */
int rounds_main(const struct fuzzer *f, int argc, char **argv);

#endif
