// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv() while the target's mmap lock is held, see
 * lib/lock-cases.h.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hold.h"
#include "lock-cases.h"
#include "readv.h"
#include "run.h"

#define LARGE		(64 * MIB)
#define LOW_ADDR	0x10000000UL
#define HELPER32	"/bin/helper32"
#define TOO_MANY_VMAS	9UL

PREPARE_KIND(resident, ANON, MIB + PAGE)
PREPARE_KIND(huge, HUGE, 2 * HUGE_PAGE)
PREPARE_KIND(forked, FORKED, 64 * KIB)
PREPARE_KIND(swapped, SWAPPED, 64 * KIB)
PREPARE_KIND(hugetlb, HUGETLB, HUGE_PAGE)
PREPARE_KIND(no_access, NO_ACCESS, PAGE)
PREPARE_KIND(untouched, UNTOUCHED, 64 * KIB)
PREPARE_KIND(file, FILE_UNTOUCHED, 64 * KIB)
PREPARE_KIND(merged, MERGED, 64 * KIB)

static void prepare_low(struct target *t)
{
	kinds[ANON].make(t, (char *)LOW_ADDR, 64 * KIB);
	t->addr = LOW_ADDR;
}

/* Each page has its offset at both ends; pattern() would take long. */
static void prepare_large(struct target *t)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	make_kind(t, UNTOUCHED, LARGE);
	memset((char *)TARGET_AT, 1, LARGE);
	for (size_t i = 0; i < LARGE; i += PAGE) {
		*(unsigned long *)(TARGET_AT + i) = i;
		*(unsigned long *)(TARGET_AT + i + PAGE - 8) = ~i;
	}
}

static void prepare_kinds(struct target *t)
{
	static const enum kind some[] = {
		ANON, SHARED, FILE_PRIVATE, READ_ONLY, MEMFD, FILE_COPIED,
	};

	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		kinds[some[i]].make(t, (char *)TARGET_AT + i * 4 * PAGE,
				    4 * PAGE);
	t->addr = TARGET_AT;
}

/* One VMA more than are locked at a time. */
static void prepare_too_many(struct target *t)
{
	char *at = (char *)TARGET_AT;

	make_kind(t, ANON, TOO_MANY_VMAS * PAGE);
	for (size_t i = 0; i < TOO_MANY_VMAS; i += 2)
		if (mprotect(at + i * PAGE, PAGE, PROT_READ))
			broken(t, "mprotect");
}

static void prepare_one_absent(struct target *t)
{
	prepare_resident(t);
	if (madvise((char *)TARGET_AT + 100 * PAGE, PAGE, MADV_DONTNEED))
		broken(t, "MADV_DONTNEED");
}

static unsigned char byte_one_absent(unsigned long offset)
{
	return offset / PAGE == 100 ? 0 : pattern(offset);
}

static unsigned char byte_of_kinds(unsigned long offset)
{
	return pattern(offset % (4 * PAGE));
}

/* All pages have the same content. */
static unsigned char byte_merged(unsigned long offset)
{
	return pattern(offset % PAGE);
}

static bool large_is_right(const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i += PAGE) {
		const unsigned long *page = (const void *)(bytes + i);

		if (page[0] != i || page[PAGE / 8 - 1] != ~i)
			return false;
	}
	return true;
}

static long read_segments(const struct lock_case *c, pid_t pid,
			  unsigned long addr, void *buf)
{
	static struct iovec remote[1024];
	struct iovec local = { buf, c->len };
	unsigned long nr = 0;

	for (size_t i = 0; i < c->len; i += c->segment, nr++) {
		remote[nr].iov_base = (void *)(addr + i);
		remote[nr].iov_len = c->segment;
	}
	return readv_raw(pid, &local, 1, remote, nr, 0);
}

static long read_32bit(const struct lock_case *c, pid_t pid,
		       unsigned long addr, void *buf)
{
	char args[3][32];

	(void)buf;
	snprintf(args[0], sizeof(args[0]), "%d", pid);
	snprintf(args[1], sizeof(args[1]), "%lx", addr);
	snprintf(args[2], sizeof(args[2]), "%zu", c->len);
	execl(HELPER32, HELPER32, "readv", args[0], args[1], args[2], NULL);
	_exit(127);
}

#define CASE(_name, _prepare, ...) \
	{ .name = _name, .prepare = _prepare, .how = READV, __VA_ARGS__ }
#define TOO_MANY	0

/*
 * The series for mainline locks one VMA at a time, and faults under that lock,
 * too. It serves a hole only if a range begins in it.
 */
static const struct lock_case cases[] = {
	[TOO_MANY] = CASE("too many VMAs", prepare_too_many,
			  .len = TOO_MANY_VMAS * PAGE),
	CASE("one page that is not present", prepare_one_absent, .offset = 64,
	     .len = MIB, .byte = byte_one_absent, .fast = true),
	CASE("many VMAs", prepare_kinds, .len = 24 * PAGE,
	     .byte = byte_of_kinds, .fast = true, .patched_waits = true),
	CASE("8 bytes", prepare_resident, .offset = 64, .len = 8,
	     .fast = true),
	CASE("4 KiB, not by pages", prepare_resident, .offset = 64,
	     .len = 4 * KIB, .fast = true),
	CASE("1 MiB", prepare_resident, .offset = 64, .len = MIB,
	     .fast = true),
	CASE("64 MiB", prepare_large, .len = LARGE,
	     .is_right = large_is_right, .fast = true),
	CASE("huge pages", prepare_huge, .offset = HUGE_PAGE - 1000,
	     .len = 64 * KIB, .fast = true),
	CASE("many segments", prepare_resident, .offset = 5,
	     .len = 1000 * 999, .read = read_segments, .segment = 999,
	     .fast = true),
	CASE("a 32-bit reader", prepare_low, .offset = 100, .len = 20000,
	     .read = read_32bit, .prints = true, .fast = true),
	CASE("one page that is not present, in one of many segments",
	     prepare_one_absent, .offset = 5, .len = 1000 * 999,
	     .read = read_segments, .segment = 999, .byte = byte_one_absent,
	     .fast = true),
	CASE("swapped out", prepare_swapped, .len = 64 * KIB,
	     .fast = true),
	CASE("shared with a child", prepare_forked, .len = 64 * KIB,
	     .fast = true),
	CASE("untouched", prepare_untouched, .len = 64 * KIB,
	     .byte = byte_zero, .fast = true),
	CASE("a file that is not mapped", prepare_file, .len = 64 * KIB,
	     .fast = true),
	CASE("KSM", prepare_merged, .len = 64 * KIB, .byte = byte_merged,
	     .fast = true),
	CASE("hugetlb", prepare_hugetlb, .len = 64 * KIB, .fast = true),
	CASE("the end of what is mapped", prepare_resident, .offset = MIB,
	     .len = 2 * PAGE, .want = PAGE, .fast_if_read = true),
	CASE("nothing mapped", prepare_nothing, .len = 8, .want = -EFAULT,
	     .fast_if_read = true),
	CASE("PROT_NONE", prepare_no_access, .len = 8, .want = -EFAULT,
	     .fast = true),
};

/* A waiting reader can be killed. */
static void killed_while_waiting(void **state)
{
	const struct lock_case *c = &cases[TOO_MANY];
	struct lock_reader r;
	pid_t pid;
	int hold;

	(void)state;
	vmapeek_on();
	pid = lock_target(c);
	r = lock_reader_blocked(c, pid, &hold);
	kill(r.pid, SIGKILL);
	assert_int_equal(waitpid(r.pid, NULL, 0), r.pid);
	assert_true(hold_is(hold, "held"));
	close(hold);
	close(r.out);
	target_stop(pid);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest killed = {
		.name = "on, killed while it waits",
		.test_func = killed_while_waiting,
	};

	select_tests(argc, argv);
	return lock_main(cases, ARRAY_SIZE(cases), &killed,
			 mainline() != CONTROL);
}
