// SPDX-License-Identifier: GPL-2.0
/*
 * Random reads by every interface, from processes with memory of every kind,
 * with vmapeek off and then on. Count, error and bytes must be the same, and
 * in the end what smaps says of the process that was read.
 *
 *	fuzz [SEED [ROUNDS [READS]]]
 *
 * Each round has a target of its own, which is prepared in the same way for
 * both. All follows from the seed. A read that differs is tried again alone,
 * in a target with nothing but what it touches.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
#include <cmocka.h>

#include "cases.h"
#include "layout.h"
#include "readv.h"
#include "state.h"

#define MAX_LENGTH	(8 * MIB)
#define MAX_SHOWN	3	/* reads that differ, per round */

struct one_read {
	enum interface how;
	unsigned long addr;	/* or the distance, of cmdline and environ */
	size_t len;
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

static unsigned int nr_rounds = 4, nr_reads = 2750;
static struct round *rounds;
static struct counters events;
static unsigned char *buf;

/* Arguments and environment: all of it, or from somewhere to somewhere. */
static void choose_title(const struct layout *l, unsigned int round,
			 unsigned long *at)
{
	random_start(round, ~1UL);
	for (int i = 0; i < 4; i += 2) {
		at[i] = TARGET_AT;
		at[i + 1] = l->end;
		if (percent(50)) {
			struct iovec from = random_segment(l);
			struct iovec to = random_segment(l);

			at[i] = (unsigned long)from.iov_base;
			at[i + 1] = (unsigned long)to.iov_base;
		}
		if (at[i] > at[i + 1]) {
			unsigned long other = at[i];

			at[i] = at[i + 1];
			at[i + 1] = other;
		}
	}
}

static unsigned long title_at[4];

static void point_title(struct target *t)
{
	if (!show_memory(false, title_at[0], title_at[1]) ||
	    !show_memory(true, title_at[2], title_at[3]))
		broken(t, "PR_SET_MM");
}

static struct one_read choose_read(const struct layout *l, unsigned int round,
				   unsigned int n)
{
	struct one_read r;
	struct iovec segment;

	random_start(round, n);
	/* Those that are quick more often. */
	r.how = percent(60) ? (percent(50) ? MEM : READV) :
			      below(NR_INTERFACES);
	segment = random_segment(l);
	r.addr = (unsigned long)segment.iov_base;
	r.len = segment.iov_len;
	if (r.how == PEEKDATA || r.how == PEEKTEXT)
		r.len = sizeof(long);
	else if (r.how == CMDLINE)
		r.addr -= title_at[0];
	else if (r.how == ENVIRON)
		r.addr -= title_at[2];
	else if (below(300) == 0)
		r.addr = getauxval(AT_SYSINFO_EHDR) - 6 * PAGE +
			 below(8 * PAGE);
	if (r.len > MAX_LENGTH)
		r.len = MAX_LENGTH;
	return r;
}

static struct result run_read(const struct one_read *r, pid_t pid)
{
	size_t used = r->len + PAGE;
	struct result result;

	memset(buf, 0xa5, used);
	result.ret = remote_read(r->how, pid, r->addr, buf, r->len);
	result.hash = hash_bytes(0, buf, used);
	return result;
}

static long round_run(unsigned int n, struct result *results)
{
	struct layout *l = &rounds[n].layout;
	static struct target *t;
	struct one_read r;
	char name[64];
	long state;
	pid_t pid;

	if (!t)
		t = target_alloc();
	layout_make(l, n);
	choose_title(l, n, title_at);
	pid = layout_start(l, t, point_title);
	state_clear_referenced(pid);
	for (unsigned int i = 0; i < nr_reads; i++) {
		r = choose_read(l, n, i);
		results[i] = run_read(&r, pid);
	}
	snprintf(name, sizeof(name), "round %u", n);
	state = state_of(name, pid, TARGET_AT, l->end);
	snprintf(name, sizeof(name), "round %u, the child", n);
	state ^= 31 * state_of(name, t->child, TARGET_AT, l->end);
	target_stop(pid);
	return state;
}

/* What of a target a read may touch, with what is next to it. */
static void shrink(const struct layout *l, unsigned long addr, size_t len,
		   struct layout *to)
{
	to->nr = 0;
	to->end = l->end;
	for (unsigned int i = 0; i < l->nr; i++) {
		const struct region *r = &l->regions[i];

		if (r->start <= addr + len + PAGE &&
		    r->start + r->size + PAGE >= addr)
			to->regions[to->nr++] = *r;
	}
}

static unsigned long address_of(const struct one_read *r)
{
	return r->how == CMDLINE ? title_at[0] + r->addr :
	       r->how == ENVIRON ? title_at[2] + r->addr : r->addr;
}

static bool differ(const struct result *a, const struct result *b)
{
	return a->ret != b->ret || a->hash != b->hash;
}

/* With vmapeek as it is. */
static struct result run_alone(const struct layout *l,
			       const struct one_read *r)
{
	struct target *t = target_alloc();
	struct result result;
	pid_t pid = layout_start(l, t, point_title);

	result = run_read(r, pid);
	target_stop(pid);
	return result;
}

/* Alone it may differ as well; that is easier to look into. */
static void reproduce(unsigned int round, unsigned int n,
		      const struct one_read *r)
{
	struct result off, on;
	struct layout small;

	shrink(&rounds[round].layout, address_of(r), r->len, &small);
	vmapeek_off();
	off = run_alone(&small, r);
	vmapeek_on();
	on = run_alone(&small, r);
	vmapeek_off();
	if (!differ(&off, &on)) {
		printf("#   alone it is the same; to see it again: fuzz %lu %u %u\n",
		       random_seed, round + 1, n + 1);
		return;
	}
	printf("#   alone: off %ld, on %ld, from a target with only\n", off.ret,
	       on.ret);
	for (unsigned int i = 0; i < small.nr; i++)
		printf("#     %#lx %zu %s\n", small.regions[i].start,
		       small.regions[i].size,
		       kinds[small.regions[i].kind].name);
}

static void print_read(unsigned int round, unsigned int n)
{
	const struct layout *l = &rounds[round].layout;
	const struct result *off = &rounds[round].off[n];
	const struct result *on = &rounds[round].on[n];
	struct one_read r;
	struct iovec iov;

	choose_title(l, round, title_at);
	r = choose_read(l, round, n);
	iov = (struct iovec){ (void *)address_of(&r), r.len };
	printf("# seed %lu, round %u, read %u: %s: off %ld (%016lx), on %ld (%016lx)\n",
	       random_seed, round, n, interface_names[r.how], off->ret,
	       off->hash, on->ret, on->hash);
	layout_print(l, &iov);
	reproduce(round, n, &r);
}

static void check_round(void **state)
{
	const struct round *r = *state;
	unsigned int n = r - rounds, wrong = 0, errors = 0;
	unsigned long bytes = 0;

	for (unsigned int i = 0; i < nr_reads; i++) {
		if (r->off[i].ret > 0)
			bytes += r->off[i].ret;
		errors += r->off[i].ret < 0;
		if (differ(&r->off[i], &r->on[i]) && wrong++ < MAX_SHOWN)
			print_read(n, i);
	}
	printf("# seed %lu, round %u: %u reads, %u errors, %lu kB, %u wrong\n",
	       random_seed, n, nr_reads, errors, bytes / KIB, wrong);
	assert_int_equal(wrong, 0);
	assert_int_equal(r->state_on, r->state_off);
}

/* What is not tried is not tested. */
static void every_way_was_taken(void **state)
{
	static const enum event wanted[] = {
		FAST, NO_VMA, LEAVES_VMA, SPECIAL, NOT_PERMITTED, FOLL_ANON,
		NOT_PRESENT, UNSHARE,
	};

	(void)state;
	for (int i = 0; i < NR_EVENTS; i++)
		printf("# %s %lu\n", event_names[i], events.n[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(wanted); i++)
		assert_true(events.n[wanted[i]] > 0);
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

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		die("no memory");
	return p;
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
		nr_reads = strtoul(argv[3], NULL, 0);
	tests = zeroed(nr_rounds + 1, sizeof(*tests));
	names = zeroed(nr_rounds, sizeof(*names));
	rounds = zeroed(nr_rounds, sizeof(*rounds));
	buf = zeroed(1, MAX_LENGTH + PAGE);

	/* As readv-fuzz: pages that another CPU holds back look shared. */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	printf("# seed %lu, %u rounds of %u reads\n", random_seed, nr_rounds,
	       nr_reads);
	layout_find_kinds();
	for (unsigned int i = 0; i < nr_rounds; i++) {
		rounds[i].off = zeroed(nr_reads, sizeof(*rounds[i].off));
		rounds[i].on = zeroed(nr_reads, sizeof(*rounds[i].on));
		snprintf(names[i], sizeof(names[i]), "round %u", i);
		tests[i].name = names[i];
		tests[i].test_func = check_round;
		tests[i].initial_state = &rounds[i];
	}
	tests[nr_rounds].name = "every way was taken";
	tests[nr_rounds].test_func = every_way_was_taken;
	run_all();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("fuzz", tests,
				       nr_rounds + (mainline() != CONTROL),
				       NULL, NULL);
}
