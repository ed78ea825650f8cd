// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv() with random segments on both sides, from a process with
 * memory of every kind, with vmapeek off and then on. Result and bytes must be
 * the same, and in the end what smaps says of the process that was read.
 *
 *	readv-fuzz [SEED [ROUNDS [LISTS]]]
 *
 * Each round has a target of its own, which is prepared in the same way for
 * both, and LISTS lists of segments. All follows from the seed.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "layout.h"
#include "readv.h"
#include "state.h"

#define DEFAULT_ROUNDS	4
#define DEFAULT_LISTS	1500
#define MAX_SHOWN	3	/* lists that differ, per round */

struct list {
	struct iovec local[IOV_MAX], remote[IOV_MAX];
	unsigned int nr_local, nr_remote;
	size_t used;		/* of the reader's plain memory */
};

struct result {
	long ret;
	unsigned long hash;
};

struct round {
	struct layout layout;
	struct result *off, *on;
	long state_off, state_on;
};

static unsigned int nr_rounds = DEFAULT_ROUNDS, nr_lists = DEFAULT_LISTS;
static struct round *rounds;
static struct counters events;

static unsigned long odd_place(void)
{
	static const unsigned long places[] = {
		LOCAL_READ_ONLY, LOCAL_HOLE, LOCAL_NO_ACCESS, LOCAL_PAST_EOF,
	};
	unsigned long at = places[below(ARRAY_SIZE(places))];

	return percent(50) ? at - below(PAGE) : at + below(PAGE);
}

/* One after the other, with gaps; or anywhere, once there is no more room. */
static struct iovec local_segment(unsigned long *at, size_t len)
{
	if (percent(40))
		*at += below(100);
	if (percent(3) || *at + len > LOCAL_PLAIN) {
		*at = below(LOCAL_PLAIN);
		if (*at + len > LOCAL_PLAIN)
			len = LOCAL_PLAIN - *at;
	}
	*at += len;
	return (struct iovec){ (void *)(LOCAL_AT + *at - len), len };
}

static unsigned int segment_count(void)
{
	unsigned int n = below(100);

	return n < 50 ? 1 + below(4) : n < 97 ? 1 + below(40) :
	       n < 99 ? 1 + below(200) : IOV_MAX;
}

static void list_make(struct list *list, const struct layout *l,
		      unsigned int round, unsigned int n)
{
	size_t total = 0, given = 0;
	unsigned long at = below(64);

	random_start(round, n);
	list->nr_remote = segment_count();
	for (unsigned int i = 0; i < list->nr_remote; i++) {
		list->remote[i] = random_segment(l);
		total += list->remote[i].iov_len;
	}
	/* Mostly about as much room as is read. */
	if (total > LOCAL_PLAIN)
		total = LOCAL_PLAIN;
	total = total * (percent(70) ? 100 : 30 + below(100)) / 100 + 1;

	list->used = 0;
	list->nr_local = 0;
	while (given < total && list->nr_local < IOV_MAX) {
		size_t len = percent(20) ? total - given : random_length();
		struct iovec *iov = &list->local[list->nr_local++];

		*iov = local_segment(&at, len);
		given += iov->iov_len;
		if (at > list->used)
			list->used = at;
	}
	if (percent(6)) {
		list->local[below(list->nr_local)] = (struct iovec){
			(void *)(LOCAL_AT + odd_place()), random_length()
		};
		list->used = LOCAL_SIZE;
	}
}

/* What was written, and that nothing else was, at least not near. */
static unsigned long hash_local(size_t used)
{
	static unsigned char copy[LOCAL_SIZE];

	if (used == LOCAL_SIZE) {
		local_copy(copy);
		return hash_bytes(0, copy, LOCAL_SIZE);
	}
	return hash_bytes(0, (void *)LOCAL_AT, used + PAGE);
}

static struct result list_run(const struct list *list, pid_t pid)
{
	struct result r;

	r.ret = readv_raw(pid, list->local, list->nr_local, list->remote,
			  list->nr_remote, 0);
	r.hash = hash_local(list->used);
	if (list->used == LOCAL_SIZE)
		local_make();
	else
		local_poison(list->used);
	return r;
}

static long round_run(unsigned int n, struct result *results)
{
	static struct target *t;
	static struct list list;
	struct layout *l = &rounds[n].layout;
	char name[64];
	long state;
	pid_t pid;

	if (!t)
		t = target_alloc();
	layout_make(l, n);
	pid = layout_start(l, t, NULL);
	local_make();
	state_clear_referenced(pid);
	for (unsigned int i = 0; i < nr_lists; i++) {
		list_make(&list, l, n, i);
		results[i] = list_run(&list, pid);
	}
	snprintf(name, sizeof(name), "round %u", n);
	state = state_of(name, pid, TARGET_AT, l->end);
	snprintf(name, sizeof(name), "round %u, the child", n);
	state ^= 31 * state_of(name, t->child, TARGET_AT, l->end);
	/* What the lists left of it, besides what each wrote. */
	state ^= hash_local(LOCAL_SIZE);
	target_stop(pid);
	return state;
}

static void print_list(unsigned int round, unsigned int n)
{
	const struct layout *l = &rounds[round].layout;
	const struct result *off = &rounds[round].off[n];
	const struct result *on = &rounds[round].on[n];
	static struct list list;

	list_make(&list, l, round, n);
	printf("# seed %lu, round %u, list %u: off %ld (%016lx), on %ld (%016lx)\n",
	       random_seed, round, n, off->ret, off->hash, on->ret, on->hash);
	printf("#  remote:\n");
	for (unsigned int i = 0; i < list.nr_remote; i++)
		layout_print(l, &list.remote[i]);
	printf("#  local:\n");
	for (unsigned int i = 0; i < list.nr_local; i++)
		printf("#   %#lx %zu\n",
		       (unsigned long)list.local[i].iov_base - LOCAL_AT,
		       list.local[i].iov_len);
}

static void check_round(void **state)
{
	const struct round *r = *state;
	unsigned int n = r - rounds, wrong = 0;
	unsigned long bytes = 0;

	for (unsigned int i = 0; i < nr_lists; i++) {
		if (r->off[i].ret > 0)
			bytes += r->off[i].ret;
		if (r->off[i].ret == r->on[i].ret &&
		    r->off[i].hash == r->on[i].hash)
			continue;
		if (wrong++ < MAX_SHOWN)
			print_list(n, i);
	}
	printf("# seed %lu, round %u: %u lists, %lu kB read, %u wrong\n", random_seed,
	       n, nr_lists, bytes / KIB, wrong);
	assert_int_equal(wrong, 0);
	assert_int_equal(r->state_on, r->state_off);
}

/* What is not tried is not tested. */
static void every_way_was_taken(void **state)
{
	(void)state;
	for (int i = 0; i < NR_EVENTS; i++)
		printf("# %s %lu\n", event_names[i], events.n[i]);
	assert_true(events.n[FAST] > 0);
	assert_true(events.n[SPECIAL] > 0);
	assert_true(events.n[NOT_PRESENT] > 0);
	assert_true(events.n[UNSHARE] > 0);
}

static void run_all(void)
{
	struct counters start;

	rounds = calloc(nr_rounds, sizeof(*rounds));
	for (unsigned int i = 0; rounds && i < nr_rounds; i++) {
		rounds[i].off = calloc(nr_lists, sizeof(*rounds[i].off));
		rounds[i].on = calloc(nr_lists, sizeof(*rounds[i].on));
		if (!rounds[i].off || !rounds[i].on)
			die("no memory");
	}
	if (!rounds)
		die("no memory");

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

int main(int argc, char **argv)
{
	struct CMUnitTest *tests;
	char (*names)[32];
	cpu_set_t one;

	if (argc > 1)
		random_seed = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		nr_rounds = strtoul(argv[2], NULL, 0);
	if (argc > 3)
		nr_lists = strtoul(argv[3], NULL, 0);
	tests = calloc(nr_rounds + 1, sizeof(*tests));
	names = calloc(nr_rounds, sizeof(*names));
	if (!tests || !names)
		die("no memory");

	/*
	 * What another CPU has in its batches of new pages looks shared and is
	 * copied where it need not be.
	 */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	printf("# seed %lu, %u rounds of %u lists\n", random_seed, nr_rounds,
	       nr_lists);
	layout_find_kinds();
	run_all();

	for (unsigned int i = 0; i < nr_rounds; i++) {
		snprintf(names[i], sizeof(names[i]), "round %u", i);
		tests[i].name = names[i];
		tests[i].test_func = check_round;
		tests[i].initial_state = &rounds[i];
	}
	tests[nr_rounds].name = "every way was taken";
	tests[nr_rounds].test_func = every_way_was_taken;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("fuzz", tests,
				       nr_rounds + (mainline() != CONTROL),
				       NULL, NULL);
}
