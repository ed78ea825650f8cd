// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cases.h"
#include "readv.h"
#include "rounds.h"
#include "run.h"
#include "state.h"

#define MAX_SHOWN 3 /* calls that differ, per round */

static const struct fuzzer *fuzzer;
static unsigned int nr_rounds, nr_calls;
static struct round *rounds;
static struct counters events;

bool differ(const struct result *a, const struct result *b)
{
	return a->ret != b->ret || a->hash != b->hash;
}

static long round_run(unsigned int n, struct result *results)
{
	struct layout *l = &rounds[n].layout;
	static struct target *t;
	char name[64];
	long state;
	pid_t pid;

	if (!t)
		t = target_alloc();
	layout_make(l, n);
	if (fuzzer->begin)
		fuzzer->begin(l, n);
	pid = layout_start(l, t, fuzzer->prepare);
	if (fuzzer->started)
		fuzzer->started();
	state_clear_referenced(pid);
	for (unsigned int i = 0; i < nr_calls; i++)
		results[i] = fuzzer->call(l, n, i, pid);
	snprintf(name, sizeof(name), "round %u", n);
	state = state_of(name, pid, TARGET_AT, l->end);
	snprintf(name, sizeof(name), "round %u, the child", n);
	state ^= 31 * state_of(name, t->child, TARGET_AT, l->end);
	if (fuzzer->left)
		state ^= fuzzer->left();
	target_stop(pid);
	return state;
}

static void run_all(void)
{
	struct counters start;

	vmapeek_off();
	for (unsigned int i = 0; i < nr_rounds; i++)
		rounds[i].state_off = round_run(i, rounds[i].off);
	vmapeek_on();
	start = counters_read();
	for (unsigned int i = 0; i < nr_rounds; i++)
		rounds[i].state_on = round_run(i, rounds[i].on);
	events = counters_since(&start);
	vmapeek_off();
}

static void check_round(void **state)
{
	const struct round *r = *state;
	unsigned int n = r - rounds, wrong = 0, errors = 0;
	unsigned long bytes = 0;

	for (unsigned int i = 0; i < nr_calls; i++) {
		if (r->off[i].ret > 0)
			bytes += r->off[i].ret;
		errors += r->off[i].ret < 0;
		if (differ(&r->off[i], &r->on[i]) && wrong++ < MAX_SHOWN)
			fuzzer->print(r, n, i);
	}
	printf("# seed %lu, round %u: %u %s, %u errors, %lu kB, %u wrong\n",
	       random_seed, n, nr_calls, fuzzer->calls, errors, bytes / KIB,
	       wrong);
	assert_int_equal(wrong, 0);
	assert_int_equal(r->state_on, r->state_off);
}

static void every_way_was_taken(void **state)
{
	(void)state;
	for (int i = 0; i < NR_EVENTS; i++)
		printf("# %s %lu\n", event_names[i], events.n[i]);
	for (const enum event *e = fuzzer->wanted; *e != NR_EVENTS; e++)
		assert_true(events.n[*e] > 0);
}

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		die("no memory");
	return p;
}

static struct CMUnitTest *make_tests(void)
{
	struct CMUnitTest *tests = zeroed(nr_rounds + 1, sizeof(*tests));
	char(*names)[32] = zeroed(nr_rounds, sizeof(*names));

	for (unsigned int i = 0; i < nr_rounds; i++) {
		rounds[i].off = zeroed(nr_calls, sizeof(*rounds[i].off));
		rounds[i].on = zeroed(nr_calls, sizeof(*rounds[i].on));
		snprintf(names[i], sizeof(names[i]), "round %u", i);
		tests[i].name = names[i];
		tests[i].test_func = check_round;
		tests[i].initial_state = &rounds[i];
	}
	tests[nr_rounds].name = "every way was taken";
	tests[nr_rounds].test_func = every_way_was_taken;
	return tests;
}

int rounds_main(const struct fuzzer *f, int argc, char **argv)
{
	struct CMUnitTest *tests;

	fuzzer = f;
	if (argc > 1)
		random_seed = strtoul(argv[1], NULL, 0);
	nr_rounds = argc > 2 ? strtoul(argv[2], NULL, 0) : f->nr_rounds;
	nr_calls = argc > 3 ? strtoul(argv[3], NULL, 0) : f->nr_calls;
	rounds = zeroed(nr_rounds, sizeof(*rounds));
	tests = make_tests();
	/* One CPU, because pages in batches of another CPU look shared. */
	use_cpu(0);
	printf("# seed %lu, %u rounds of %u %s\n", random_seed, nr_rounds,
	       nr_calls, f->calls);
	layout_find_kinds();
	run_all();
	return run_selected("fuzz", tests,
			    nr_rounds + (mainline() != CONTROL), 120);
}
