/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases that are run with vmapeek off and then on. The outcomes must be the
 * same and as expected, by the expected path.
 */
#ifndef CASES_H
#define CASES_H

#include <stdbool.h>

#include "reader.h"
#include "target.h"
#include "vmapeek.h"

#define MAX_READ	(MIB + 2 * PAGE)
/* The content of a buffer before a read. */
#define POISON		0xa5

/* The outcome of one run of a case. */
struct outcome {
	long ret;		/* bytes or negative error */
	long extra;		/* more to compare, chosen by the case */
	unsigned char *bytes;	/* MAX_READ of them, poisoned before */
	struct counters events;
	char lacks[96];
	char broken[160];
};

enum content {
	PATTERN,		/* pattern(), by offset from target.addr */
	ZEROS,
	ANYTHING		/* only the same with vmapeek off and on */
};

struct read_case {
	const char *name;
	prepare_fn prepare;
	enum interface how;
	long offset;		/* from target.addr */
	size_t len;
	long want;		/* bytes, negative error, or COMPARE */
	enum content content;
	unsigned int events;	/* exactly these occur with vmapeek on */
	/* If set, runs instead of one read of the prepared memory. */
	void (*run)(const struct read_case *c, struct outcome *o);
	const void *arg;	/* for @run */
	/* If set, called after the read, for outcome.extra. */
	long (*extra)(pid_t pid, const struct target *t);
};

#define COMPARE		(-1000000L)
#define EV(event)	(1U << (event))
#define ANY_EVENTS	(~0U)
#define NO_EVENTS	0U

/* Runs the selected cases as a cmocka group; returns main()'s value. */
int run_cases(const struct read_case *cases, size_t count);

/*
 * Tests of another kind, each run off and then on; on mainline, only on.
 * @cases: @nr structures of @size bytes, each of which begins with its name.
 * @seconds: the limit for each.
 */
int run_off_and_on(const char *group, void (*off)(void **state),
		   void (*on)(void **state), const void *cases, size_t size,
		   size_t nr, unsigned int seconds);

/* For read_case.run: is this target prepared? If not, sets the outcome. */
bool outcome_started(struct outcome *o, const struct target *t);
/* Give up this run. */
void outcome_lacks(struct outcome *o, const char *what);
void outcome_broken(struct outcome *o, const char *what);

#endif
