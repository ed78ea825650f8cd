// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cases.h"
#include "run.h"

#define TIME_LIMIT	120	/* seconds a case */

/* One case, with the outcomes of both of its runs. */
struct job {
	const struct read_case *c;
	struct outcome off, on;
};

void outcome_lacks(struct outcome *o, const char *what)
{
	snprintf(o->lacks, sizeof(o->lacks), "%s", what);
}

void outcome_broken(struct outcome *o, const char *what)
{
	snprintf(o->broken, sizeof(o->broken), "%s: %s", what,
		 strerror(errno));
}

bool outcome_started(struct outcome *o, const struct target *t)
{
	strcpy(o->lacks, t->lacks);
	strcpy(o->broken, t->broken);
	return !o->lacks[0] && !o->broken[0];
}

static void run_read(const struct read_case *c, struct outcome *o)
{
	static struct target *t;
	struct counters start;
	struct reader r;
	pid_t pid;

	if (!t)
		t = target_alloc();
	pid = target_start(c->prepare, t);
	if (!outcome_started(o, t))
		goto stop;

	start = counters_read();
	o->ret = reader_open(&r, c->how, pid);
	if (!o->ret) {
		unsigned long addr = c->offset;

		if (c->how != CMDLINE && c->how != ENVIRON)
			addr += t->addr;
		o->ret = reader_read(&r, addr, o->bytes, c->len);
		reader_close(&r);
	}
	o->events = counters_since(&start);
	if (c->extra)
		o->extra = c->extra(pid, t);
stop:
	target_stop(pid);
}

static void run_case(const struct read_case *c, struct outcome *o)
{
	/* A case that hangs must end the program, with its name. */
	limit_set(TIME_LIMIT, c->name);
	o->bytes = malloc(MAX_READ);
	if (!o->bytes)
		die("no memory");
	memset(o->bytes, POISON, MAX_READ);
	if (c->run)
		c->run(c, o);
	else
		run_read(c, o);
	limit_end();
}

static void check_content(const struct job *job)
{
	const struct read_case *c = job->c;

	for (long i = 0; i < job->off.ret; i++) {
		unsigned char want = c->content == ZEROS ?
					     0 : pattern(c->offset + i);

		if (job->off.bytes[i] != want)
			fail_msg("byte %ld is %#x, should be %#x", i,
				 job->off.bytes[i], want);
	}
}

static void check_events(const struct job *job)
{
	const struct read_case *c = job->c;

	if (c->events == ANY_EVENTS || mainline() != MODULE)
		return;
	for (int i = 0; i < NR_EVENTS; i++) {
		unsigned long n = job->on.events.n[i];

		if (!n == !(c->events & EV(i)))
			continue;
		fail_msg("%s counted %lu times, should be %s", event_names[i],
			 n, n ? "never" : "at least once");
	}
}

/* For a comparison of two kernels. */
static void print_outcome(const struct job *job)
{
	const struct outcome *o = &job->on;
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < MAX_READ; i++)
		hash = (hash ^ o->bytes[i]) * 0x100000001b3ULL;
	printf("# outcome\t%s\t%ld\t%ld\t%016llx\t%s\n", job->c->name, o->ret,
	       o->extra, (unsigned long long)hash, o->lacks);
}

static void check(void **state)
{
	const struct job *job = *state;
	const struct read_case *c = job->c;

	if (job->off.broken[0] || job->on.broken[0])
		fail_msg("not prepared: %s%s", job->off.broken,
			 job->on.broken);
	if (mainline() != MODULE)
		print_outcome(job);
	if (job->off.lacks[0]) {
		assert_string_equal(job->off.lacks, job->on.lacks);
		skip_lacking(job->off.lacks);
	}

	/*
	 * Bytes, count and error must be the same, and no byte written beyond.
	 */
	assert_int_equal(job->on.ret, job->off.ret);
	assert_int_equal(job->on.extra, job->off.extra);
	assert_memory_equal(job->on.bytes, job->off.bytes, MAX_READ);

	if (c->want != COMPARE)
		assert_int_equal(job->off.ret, c->want);
	if (c->content != ANYTHING)
		check_content(job);
	check_events(job);
}

int run_cases(const struct read_case *cases, size_t count)
{
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	struct job *jobs = calloc(count, sizeof(*jobs));
	size_t nr = 0;

	if (!tests || !jobs)
		die("no memory");

	for (size_t i = 0; i < count; i++) {
		if (!is_selected(cases[i].name))
			continue;
		jobs[nr].c = &cases[i];
		tests[nr].name = cases[i].name;
		tests[nr].test_func = check;
		tests[nr].initial_state = &jobs[nr];
		nr++;
	}
	vmapeek_off();
	for (size_t i = 0; i < nr && mainline() == MODULE; i++)
		run_case(jobs[i].c, &jobs[i].off);
	vmapeek_on();
	for (size_t i = 0; i < nr; i++) {
		run_case(jobs[i].c, &jobs[i].on);
		/*
		 * Nothing to switch: the caller compares the output of two
		 * kernels.
		 */
		if (mainline() != MODULE)
			jobs[i].off = jobs[i].on;
	}
	vmapeek_off();

	return run_selected("off and on", tests, nr, TIME_LIMIT);
}

int run_off_and_on(const char *group, void (*off)(void **state),
		   void (*on)(void **state), const void *cases, size_t size,
		   size_t nr, unsigned int seconds)
{
	struct CMUnitTest *tests = calloc(2 * nr, sizeof(*tests));
	size_t first = mainline() == MODULE ? 0 : nr;
	char *name;

	for (size_t i = 0; i < 2 * nr; i++) {
		const char *c = (const char *)cases + i % nr * size;

		if (!tests || asprintf(&name, "%s, %s", i < nr ? "off" : "on",
				       *(const char *const *)c) < 0)
			die("no memory");
		tests[i].name = name;
		tests[i].test_func = i < nr ? off : on;
		tests[i].initial_state = (void *)c;
	}
	return run_selected(group, tests + first, 2 * nr - first, seconds);
}
