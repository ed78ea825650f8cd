// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv() with the target's mmap lock held on purpose: what is
 * resident comes back while it is still held; everything else is seen waiting
 * for it, and is right once it is let go. No time is measured.
 */
#include <errno.h>
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
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hold.h"
#include "readv.h"

#define LARGE		(64 * MIB)
#define LOW_ADDR	0x10000000UL
#define HELPER32	"/bin/helper32"
#define TIME_LIMIT	280	/* seconds; only a failure takes so long */

struct lock_case {
	const char *name;
	prepare_fn prepare;
	unsigned long addr;	/* instead of TARGET_AT */
	unsigned long offset;
	size_t len;
	size_t segment;		/* in segments of this length */
	long want;		/* bytes or error, if not @len */
	bool fast;
	/* With nobody in the middle of a change, that suffices for a hole. */
	bool fast_if_read;
	bool is_32bit;
};

/* What the reader tells; in memory that all share. */
struct result {
	long n;
	unsigned char bytes[LARGE];
};

static struct target *target;
static struct result *result;

static void prepare_resident(struct target *t)
{
	kinds[ANON].make(t, (char *)TARGET_AT, MIB + PAGE);
}

static void prepare_low(struct target *t)
{
	kinds[ANON].make(t, (char *)LOW_ADDR, 64 * KIB);
}

/* Each page has its distance at both ends; pattern() would take long. */
static void prepare_large(struct target *t)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	kinds[UNTOUCHED].make(t, (char *)TARGET_AT, LARGE);
	memset((char *)TARGET_AT, 1, LARGE);
	for (size_t i = 0; i < LARGE; i += PAGE) {
		*(unsigned long *)(TARGET_AT + i) = i;
		*(unsigned long *)(TARGET_AT + i + PAGE - 8) = ~i;
	}
}

static void prepare_huge(struct target *t)
{
	kinds[HUGE].make(t, (char *)TARGET_AT, 2 * HUGE_PAGE);
}

static void prepare_kinds(struct target *t)
{
	static const enum kind some[] = {
		ANON, SHARED, FILE_PRIVATE, READ_ONLY, MEMFD, FILE_COPIED,
	};

	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		kinds[some[i]].make(t, (char *)TARGET_AT + i * 4 * PAGE,
				    4 * PAGE);
}

static void prepare_one_absent(struct target *t)
{
	prepare_resident(t);
	if (madvise((char *)TARGET_AT + 100 * PAGE, PAGE, MADV_DONTNEED))
		broken(t, "MADV_DONTNEED");
}

static void prepare_forked(struct target *t)
{
	kinds[FORKED].make(t, (char *)TARGET_AT, 64 * KIB);
}

static void prepare_swapped(struct target *t)
{
	kinds[SWAPPED].make(t, (char *)TARGET_AT, 64 * KIB);
}

static void prepare_hugetlb(struct target *t)
{
	kinds[HUGETLB].make(t, (char *)TARGET_AT, HUGE_PAGE);
}

static void prepare_no_access(struct target *t)
{
	kinds[NO_ACCESS].make(t, (char *)TARGET_AT, PAGE);
}

#define ABSENT		0
#define MANY_VMAS	1

static const struct lock_case cases[] = {
	[ABSENT] = { "one page that is not present", prepare_one_absent,
		     .offset = 64, .len = MIB },
	[MANY_VMAS] = { "many VMAs", prepare_kinds, .len = 24 * PAGE,
			.fast = true },
	{ "8 bytes", prepare_resident, .offset = 64, .len = 8, .fast = true },
	{ "4 KiB, not by pages", prepare_resident, .offset = 64,
	  .len = 4 * KIB, .fast = true },
	{ "1 MiB", prepare_resident, .offset = 64, .len = MIB, .fast = true },
	{ "64 MiB", prepare_large, .len = LARGE, .fast = true },
	{ "huge pages", prepare_huge, .offset = HUGE_PAGE - 1000,
	  .len = 64 * KIB, .fast = true },
	{ "many segments", prepare_resident, .offset = 5, .len = 1000 * 999,
	  .segment = 999, .fast = true },
	{ "a 32-bit reader", prepare_low, .addr = LOW_ADDR, .offset = 100,
	  .len = 20000, .fast = true, .is_32bit = true },
	{ "one page that is not present, in one of many segments",
	  prepare_one_absent, .offset = 5, .len = 1000 * 999, .segment = 999 },
	{ "swapped out", prepare_swapped, .len = 64 * KIB },
	{ "shared with a child", prepare_forked, .len = 64 * KIB },
	{ "hugetlb", prepare_hugetlb, .len = 64 * KIB },
	{ "the end of what is mapped", prepare_resident, .offset = MIB,
	  .len = 2 * PAGE, .want = PAGE, .fast_if_read = true },
	{ "nothing mapped", prepare_low, .len = 8, .want = -EFAULT,
	  .fast_if_read = true },
	{ "PROT_NONE", prepare_no_access, .len = 8, .want = -EFAULT,
	  .fast = true },
};

static unsigned long start_of(const struct lock_case *c)
{
	return (c->addr ? c->addr : TARGET_AT) + c->offset;
}

static long read_64bit(const struct lock_case *c, pid_t pid)
{
	static struct iovec remote[1024];
	struct iovec local = { result->bytes, c->len };
	size_t step = c->segment ? c->segment : c->len;
	unsigned long nr = 0;

	for (size_t i = 0; i < c->len; i += step, nr++) {
		remote[nr].iov_base = (void *)(start_of(c) + i);
		remote[nr].iov_len = step;
	}
	return readv_raw(pid, &local, 1, remote, nr, 0);
}

/* It prints what it reads. */
static void exec_32bit(const struct lock_case *c, pid_t pid)
{
	char args[3][32];

	snprintf(args[0], sizeof(args[0]), "%d", pid);
	snprintf(args[1], sizeof(args[1]), "%lx", start_of(c));
	snprintf(args[2], sizeof(args[2]), "%zu", c->len);
	execl(HELPER32, HELPER32, "readv", args[0], args[1], args[2], NULL);
	_exit(127);
}

struct reader_process {
	pid_t pid;
	int out;		/* what a 32-bit one prints, a file */
};

static struct reader_process reader_start(const struct lock_case *c, pid_t pid)
{
	struct reader_process r = { .out = memfd_create("out", MFD_CLOEXEC) };

	result->n = 0;
	memset(result->bytes, 0, c->len);
	fflush(stdout);
	r.pid = fork();
	if (!r.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The lock is let go when nobody has its file any more. */
		dup2(r.out, 1);
		close_range(3, ~0U, 0);
		if (c->is_32bit)
			exec_32bit(c, pid);
		result->n = read_64bit(c, pid);
		_exit(0);
	}
	return r;
}

/* Until it has ended or is seen waiting for the mmap lock. */
static bool reader_ended(const struct reader_process *r)
{
	for (;;) {
		if (waitpid(r->pid, NULL, WNOHANG) == r->pid)
			return true;
		if (waits_for_mmap_lock(r->pid))
			return false;
		sched_yield();
	}
}

static bool byte_is_right(const struct lock_case *c, size_t i)
{
	unsigned long at = c->offset + i;
	unsigned char byte = result->bytes[i];

	if (c->prepare == prepare_one_absent && at / PAGE == 100)
		return byte == 0;
	if (c->prepare == prepare_kinds)
		at %= 4 * PAGE;
	return byte == pattern(at);
}

static void check_content(const struct lock_case *c,
			  const struct reader_process *r)
{
	if (c->is_32bit)
		result->n = pread(r->out, result->bytes, LARGE, 0);
	close(r->out);
	assert_int_equal(result->n, c->want ? c->want : (long)c->len);
	if (c->prepare == prepare_large) {
		for (size_t i = 0; i < LARGE; i += PAGE) {
			unsigned long *page = (void *)(result->bytes + i);

			assert_int_equal(page[0], i);
			assert_int_equal(page[PAGE / 8 - 1], ~i);
		}
		return;
	}
	for (long i = 0; i < result->n; i++)
		if (!byte_is_right(c, i))
			fail_msg("wrong byte %ld", i);
}

/* @mode: how the lock is held; for "read", a writer waits for it, too. */
static void run_held(const struct lock_case *c, const char *mode, bool fast)
{
	pid_t pid = target_start(c->prepare, target);
	struct reader_process r;
	int hold, writer = -1;
	bool ended;

	assert_string_equal(target->broken, "");
	hold = hold_begin(mode, pid);
	hold_wait(hold, "held");
	if (!strcmp(mode, "read")) {
		writer = hold_begin("write", pid);
		hold_wait(writer, "queued");
	}
	r = reader_start(c, pid);
	ended = reader_ended(&r);
	/* A claim about the lock is worth nothing once it is let go. */
	assert_true(hold_is(hold, "held"));
	if (writer >= 0)
		assert_true(hold_is(writer, "queued"));

	close(hold);
	if (writer >= 0)
		close(writer);
	if (!ended)
		waitpid(r.pid, NULL, 0);
	target_stop(pid);

	check_content(c, &r);
	assert_int_equal(ended, fast);
}

/*
 * The series for mainline locks one VMA at a time, and faults under that lock,
 * too. It asks no less for a hole than for a range in two VMAs.
 */
static bool is_fast(const struct lock_case *c, bool no_writer)
{
	if (mainline() != PATCHED)
		return c->fast || (no_writer && c->fast_if_read);
	return c->prepare != prepare_kinds && !c->fast_if_read;
}

static void off_write(void **state)
{
	vmapeek_off();
	run_held(*state, "write", false);
}

static void off_read(void **state)
{
	vmapeek_off();
	run_held(*state, "read", false);
}

static void on_write(void **state)
{
	const struct lock_case *c = *state;

	vmapeek_on();
	run_held(c, "write", is_fast(c, false));
}

static void on_read(void **state)
{
	const struct lock_case *c = *state;

	vmapeek_on();
	run_held(c, "read", is_fast(c, true));
}

/* A reader that waits can be killed: nobody is left who would care. */
static void killed_while_waiting(void **state)
{
	const struct lock_case *c = *state;
	struct reader_process r;
	pid_t pid;
	int hold;

	vmapeek_on();
	pid = target_start(c->prepare, target);
	hold = hold_begin("write", pid);
	hold_wait(hold, "held");
	r = reader_start(c, pid);
	assert_false(reader_ended(&r));
	kill(r.pid, SIGKILL);
	assert_int_equal(waitpid(r.pid, NULL, 0), r.pid);
	assert_true(hold_is(hold, "held"));
	close(hold);
	close(r.out);
	target_stop(pid);
}

#define PASSES	4
#define COUNT	ARRAY_SIZE(cases)

int main(void)
{
	static const struct {
		const char *name;
		CMUnitTestFunction run;
		enum mainline not_on;
	} passes[PASSES] = {
		{ "off, held for write", off_write, PATCHED },
		{ "off, held for read, a writer waits", off_read, PATCHED },
		{ "on, held for write", on_write, CONTROL },
		{ "on, held for read, a writer waits", on_read, CONTROL },
	};
	static struct CMUnitTest tests[PASSES * COUNT + 1];
	static char names[PASSES * COUNT][128];
	size_t n = 0;

	alarm(TIME_LIMIT);
	target = target_alloc();
	result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (result == MAP_FAILED)
		die("no memory");

	for (size_t p = 0; p < PASSES; p++) {
		if (mainline() == passes[p].not_on)
			continue;
		for (size_t i = 0; i < COUNT; i++, n++) {
			snprintf(names[n], sizeof(names[n]), "%s: %s",
				 passes[p].name, cases[i].name);
			tests[n].name = names[n];
			tests[n].test_func = passes[p].run;
			tests[n].initial_state = (void *)&cases[i];
		}
	}
	if (mainline() != CONTROL) {
		tests[n].name = "on, killed while it waits";
		tests[n].test_func = killed_while_waiting;
		tests[n++].initial_state = (void *)
			&cases[mainline() == PATCHED ? MANY_VMAS : ABSENT];
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("lock", tests, n, NULL, NULL);
}
