/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases that are run with vmapeek off and then on. What comes back must be the
 * same, what the case expects, and have gone the way the case expects.
 */
#ifndef CASES_H
#define CASES_H

#include <stdbool.h>

#include "reader.h"
#include "target.h"
#include "vmapeek.h"

#define MAX_READ	(MIB + 2 * PAGE)

/* What one run of a case brought. */
struct outcome {
	long ret;		/* bytes or negative error */
	long extra;		/* whatever else a case wants compared */
	unsigned char *bytes;	/* MAX_READ of them, poisoned before */
	struct counters events;
	char lacks[96];
	char broken[160];
};

enum content {
	PATTERN,		/* of pattern(), by distance from target.addr */
	ZEROS,
	ANYTHING		/* the same with vmapeek off and on, no more */
};

struct read_case {
	const char *name;
	prepare_fn prepare;
	enum interface how;
	long offset;		/* from target.addr */
	size_t len;
	long want;		/* bytes, negative error, or COMPARE */
	enum content content;
	unsigned int events;	/* exactly these happen with vmapeek on */
	/* Set: instead of one read of what @prepare made. */
	void (*run)(const struct read_case *c, struct outcome *o);
	const void *arg;	/* for @run */
	/* Set: asked after the read, into outcome.extra. */
	long (*extra)(pid_t pid, const struct target *t);
};

#define COMPARE		(-1000000L)
#define EV(event)	(1U << (event))
#define ANY_EVENTS	(~0U)
#define NO_EVENTS	0U

/* Run as a cmocka group, those that are selected; returns main()'s value. */
int run_cases(const struct read_case *cases, size_t count);

/*
 * Tests of another kind, each run off and then on, and on mainline only on.
 * @cases: @nr structures of @size bytes, of which each begins with its name.
 * @seconds: that each may take.
 */
int run_off_and_on(const char *group, void (*off)(void **state),
		   void (*on)(void **state), const void *cases, size_t size,
		   size_t nr, unsigned int seconds);

/* For read_case.run: is this target prepared? If not, the outcome says so. */
bool outcome_started(struct outcome *o, const struct target *t);
/* Or give up this run. */
void outcome_lacks(struct outcome *o, const char *what);
void outcome_broken(struct outcome *o, const char *what);

#endif
