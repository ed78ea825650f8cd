// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hold.h"
#include "kinds-make.h"
#include "lock-cases.h"
#include "run.h"
#include "vmapeek.h"

#define MOST		(64 * MIB)
#define NOT_READ	LONG_MAX
#define TIME_LIMIT	240	/* seconds; reached only by a failure */

/* The reader's result, in shared memory. */
struct result {
	long n;
	unsigned char bytes[MOST];
};

static struct target *target;
static struct result *result;

void prepare_huge_untouched(struct target *t)
{
	make_kind(t, UNTOUCHED, HUGE_PAGE);
	if (madvise((char *)TARGET_AT, HUGE_PAGE, MADV_HUGEPAGE))
		lacks(t, LACKS_THP);
}

void prepare_nothing(struct target *t)
{
	t->addr = TARGET_AT;
}

unsigned char byte_zero(unsigned long offset)
{
	(void)offset;
	return 0;
}

pid_t lock_target(const struct lock_case *c)
{
	pid_t pid;

	if (!c->prepare)
		return title_start(0);
	pid = target_start(c->prepare, target);
	if (target->lacks[0])
		skip_lacking(target->lacks);
	assert_string_equal(target->broken, "");
	return pid;
}

static long read_once(const struct lock_case *c, struct reader *r, pid_t pid)
{
	unsigned long addr = c->offset;

	if (c->how != CMDLINE && c->how != ENVIRON)
		addr += target->addr;
	if (c->read)
		return c->read(c, pid, addr, result->bytes);
	return reader_read(r, addr, result->bytes, c->len);
}

/*
 * The reader opens and attaches before the lock is held, because only the read
 * is tested. So it inherits no file of the lock's holder, which would prolong
 * the hold.
 */
struct lock_reader lock_reader_start(const struct lock_case *c, pid_t pid)
{
	struct lock_reader r = { .out = memfd_create("out", MFD_CLOEXEC) };
	int opened[2], start[2];
	struct reader reader;
	char byte;
	long n;

	if (r.out < 0 || pipe(opened) || pipe(start))
		die("pipe: %s", strerror(errno));
	/* Valid until the reader has read. */
	result->n = NOT_READ;
	memset(result->bytes, 0, c->len);
	fflush(stdout);
	r.pid = fork();
	if (!r.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (c->prints)
			dup2(r.out, 1);
		n = reader_open(&reader, c->how, pid);
		close(start[1]);
		if (write(opened[1], "o", 1) != 1 ||
		    read(start[0], &byte, 1) != 1)
			_exit(1);
		result->n = n ? n : read_once(c, &reader, pid);
		_exit(0);
	}
	close(start[0]);
	close(opened[1]);
	if (read(opened[0], &byte, 1) != 1)
		die("the reader died");
	close(opened[0]);
	r.go = start[1];
	return r;
}

void lock_reader_go(struct lock_reader *r)
{
	if (write(r->go, "g", 1) != 1)
		die("the reader died");
	close(r->go);
}

struct lock_reader lock_reader_blocked(const struct lock_case *c, pid_t pid,
				       int *hold)
{
	struct lock_reader r = lock_reader_start(c, pid);

	*hold = hold_begin("write", pid);
	hold_wait(*hold, "held");
	lock_reader_go(&r);
	assert_false(ends_without_mmap_lock(r.pid));
	return r;
}

void lock_reader_check(const struct lock_case *c, const struct lock_reader *r)
{
	unsigned char (*byte)(unsigned long) = c->byte ? c->byte : pattern;
	long want = c->want ? c->want : (long)c->len;

	if (c->prints)
		result->n = pread(r->out, result->bytes, MOST, 0);
	close(r->out);
	assert_int_equal(result->n, want == NO_BYTES ? 0 : want);
	if (c->is_right)
		assert_true(c->is_right(result->bytes, result->n));
	for (long i = 0; i < result->n && !c->is_right; i++)
		if (result->bytes[i] != byte(c->offset + i))
			fail_msg("wrong byte %ld", i);
}

static struct hold hold = NOT_HELD;

static void hold_writing(pid_t pid)
{
	hold_for_write(&hold, pid);
}

static void hold_reading(pid_t pid)
{
	hold_for_read_with_writer(&hold, pid);
}

static bool is_held(pid_t pid)
{
	(void)pid;
	return hold_lasts(&hold);
}

static void let_go(void)
{
	hold_close(&hold);
}

const struct lock_way lock_held_for_write = {
	.name = "held for write", .hold = hold_writing, .is_held = is_held,
	.let_go = let_go,
};

static void run_held(const struct lock_case *c, const struct lock_way *way,
		     bool fast)
{
	pid_t pid = lock_target(c);
	struct lock_reader r = lock_reader_start(c, pid);
	bool ended;

	way->hold(pid);
	lock_reader_go(&r);
	ended = ends_without_mmap_lock(r.pid);
	assert_true(way->is_held(pid));

	way->let_go();
	if (!ended)
		waitpid(r.pid, NULL, 0);
	target_stop(pid);

	assert_int_equal(ended, fast);
	lock_reader_check(c, &r);
}

static bool is_fast(const struct lock_case *c, bool no_writer)
{
	/* The series serves a hole only if a range begins in it. */
	if (mainline() == PATCHED && c->fast_if_read)
		return no_writer && c->want < 0;
	if (mainline() == PATCHED)
		return c->fast && !c->patched_waits;
	return c->fast || (no_writer && c->fast_if_read);
}

/* One case, with the lock held in one way. */
struct job {
	const struct lock_case *c;
	const struct lock_way *way;
};

static void off(void **state)
{
	const struct job *job = *state;

	vmapeek_off();
	run_held(job->c, job->way, false);
}

static void on(void **state)
{
	const struct job *job = *state;

	vmapeek_on();
	run_held(job->c, job->way, is_fast(job->c, job->way->no_writer));
}

static void add(struct CMUnitTest *test, bool is_on, const struct job *job)
{
	char *name;

	if (asprintf(&name, "%s, %s: %s", is_on ? "on" : "off", job->way->name,
		     job->c->name) < 0)
		die("no memory");
	test->name = name;
	test->test_func = is_on ? on : off;
	test->initial_state = (void *)job;
}

int lock_main_by(const struct lock_way *ways, size_t nr_ways,
		 const struct lock_case *cases, size_t nr,
		 const struct CMUnitTest *more, size_t nr_more)
{
	struct CMUnitTest *tests = calloc(2 * nr_ways * nr + nr_more,
					  sizeof(*tests));
	struct job *jobs = calloc(nr_ways * nr, sizeof(*jobs));
	size_t n = 0;

	target = target_alloc();
	result = shared_alloc(sizeof(*result));
	if (!tests || !jobs)
		die("no memory");

	for (size_t i = 0; i < nr_ways * nr; i++)
		jobs[i] = (struct job){ &cases[i % nr], &ways[i / nr] };
	for (size_t i = 0; i < nr_ways * nr && mainline() != PATCHED; i++)
		add(&tests[n++], false, &jobs[i]);
	for (size_t i = 0; i < nr_ways * nr && mainline() != CONTROL; i++)
		add(&tests[n++], true, &jobs[i]);
	for (size_t i = 0; i < nr_more; i++)
		tests[n++] = more[i];

	return run_selected("lock", tests, n, TIME_LIMIT);
}

int lock_main(const struct lock_case *cases, size_t nr,
	      const struct CMUnitTest *more, size_t nr_more)
{
	const struct lock_way ways[] = {
		lock_held_for_write,
		{ .name = "held for read, a writer waits",
		  .hold = hold_reading, .is_held = is_held,
		  .let_go = let_go, .no_writer = true },
	};

	return lock_main_by(ways, ARRAY_SIZE(ways), cases, nr, more, nr_more);
}
