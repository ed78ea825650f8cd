// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv() with segments of every shape, with unwritable memory of
 * the reader, and with invalid arguments.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "readv.h"
#include "run.h"
#include "state.h"

#define SIZE		(16 * PAGE)
#define KERNEL_ADDR	0xffff888000000000UL
#define NOT_CANONICAL	0x1000000000000000UL
#define NOWHERE		0x300000000000UL

#define PLAIN(...)	VECTORS(.kind = ANON, .size = SIZE, __VA_ARGS__)
/* Absolute addresses, on the reader's side and on the target's. */
#define AT(_addr, _len)	{ (void *)(_addr), _len }

static const struct read_case plain_cases[] = {
	{ .name = "one to one", PLAIN(LOCAL(L(0, 5000)), REMOTE(R(0, 5000))),
	  .want = 5000, .events = EV(FAST) },
	{ .name = "one to many",
	  PLAIN(LOCAL(L(0, 20000)),
		REMOTE(R(0, 1), R(1, 4095), R(4096, 4096), R(8192, 9000))),
	  .want = 17192, .events = EV(FAST) },
	{ .name = "many to one",
	  PLAIN(LOCAL(L(0, 1), L(1, 5000), L(5001, 3), L(5004, 10000)),
		REMOTE(R(0, 12345))), .want = 12345, .events = EV(FAST) },
	{ .name = "many to many, of unequal lengths",
	  PLAIN(LOCAL(L(100, 7), L(9000, 4096), L(200, 1), L(20000, 9999)),
		REMOTE(R(4090, 10), R(0, 3), R(12345, 8000), R(4095, 2))),
	  .want = 8015, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "the other way round",
	  PLAIN(LOCAL(L(3 * PAGE, PAGE), L(2 * PAGE, PAGE), L(0, PAGE)),
		REMOTE(R(0, PAGE), R(7 * PAGE, 2 * PAGE))), .want = 3 * PAGE,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "the same again and again",
	  PLAIN(LOCAL(L(0, 400)),
		REMOTE(R(PAGE - 4, 8), R(PAGE - 4, 8), R(PAGE - 4, 8),
		       R(PAGE - 4, 8), R(PAGE - 4, 8), R(PAGE - 4, 8),
		       R(PAGE - 4, 8), R(PAGE - 4, 8), R(PAGE - 4, 8))),
	  .want = 72, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "overlapping local segments",
	  PLAIN(LOCAL(L(0, 100), L(50, 100), L(0, 10)), REMOTE(R(0, SIZE))),
	  .want = 210, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "overlapping remote segments",
	  PLAIN(LOCAL(L(0, 2 * PAGE)),
		REMOTE(R(0, 3000), R(1000, 3000), R(2000, 3000))),
	  .want = 2 * PAGE, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "empty segments",
	  PLAIN(LOCAL(L(0, 0), L(0, 10), L(10, 0), L(10, 100), L(110, 0)),
		REMOTE(R(0, 0), R(PAGE - 5, 10), R(3, 0), R(7, 1), R(8, 0))),
	  .want = 11, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "empty segments of nowhere",
	  PLAIN(LOCAL(AT(NOWHERE, 0), L(0, 10), AT(0, 0)),
		REMOTE(AT(NOWHERE, 0), R(0, 5), AT(-1UL, 0), R(9, 5))),
	  .want = 10, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "nothing but empty remote segments",
	  PLAIN(LOCAL(L(0, 10)), REMOTE(R(0, 0), AT(NOWHERE, 0), R(0, 0))),
	  .want = 0, .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "nothing but empty local segments",
	  PLAIN(LOCAL(L(0, 0), L(0, 0)), REMOTE(R(0, 10))), .want = 0,
	  .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "no room for the last segments",
	  PLAIN(LOCAL(L(0, 100)),
		REMOTE(R(0, 60), R(PAGE, 60), R(2 * PAGE, 60), AT(NOWHERE, 8))),
	  .want = 100, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "more room than is read",
	  PLAIN(LOCAL(L(0, SIZE)), REMOTE(R(SIZE - PAGE, 2 * PAGE), R(0, 5))),
	  .want = PAGE, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "the first of the target's segments is invalid",
	  PLAIN(LOCAL(L(0, 100)), REMOTE(AT(NOWHERE, 8), R(0, 8))),
	  .want = -EFAULT, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "the second of the target's segments is invalid",
	  PLAIN(LOCAL(L(0, 100)), REMOTE(R(0, 8), AT(NOWHERE, 8), R(8, 8))),
	  .want = 8, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "a kernel address of the target's",
	  PLAIN(LOCAL(L(0, 100)), REMOTE(R(0, 8), AT(KERNEL_ADDR, 8), R(8, 8))),
	  .want = 8, .content = ANYTHING, .events = EV(FAST) | EV(NO_VMA) },
	{ .name = "an address that is not canonical",
	  PLAIN(LOCAL(L(0, 100)), REMOTE(AT(NOT_CANONICAL, 8))),
	  .want = -EFAULT, .content = ANYTHING, .events = EV(NO_VMA) },
	{ .name = "a length as large as can be",
	  PLAIN(LOCAL(L(0, 100)), REMOTE(R(0, LONG_MAX))), .want = 100,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "a segment that ends beyond all addresses",
	  PLAIN(LOCAL(L(0, LOCAL_PLAIN)), REMOTE(R(8 * PAGE, LONG_MAX))),
	  .want = 8 * PAGE, .content = ANYTHING, .events = EV(FAST) },

	/* The reader's memory. */
	{ .name = "read-only, at the start",
	  PLAIN(LOCAL(L(LOCAL_READ_ONLY, 100)), REMOTE(R(0, 100))),
	  .want = -EFAULT, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "read-only, further on",
	  PLAIN(LOCAL(L(LOCAL_READ_ONLY - 1001, 2000)), REMOTE(R(7, SIZE - 7))),
	  .want = 1001, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "a hole at the start",
	  PLAIN(LOCAL(L(LOCAL_HOLE, PAGE)), REMOTE(R(0, SIZE))),
	  .want = -EFAULT, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "a hole further on",
	  PLAIN(LOCAL(L(LOCAL_HOLE - 77, PAGE)), REMOTE(R(9, SIZE - 9))),
	  .want = 77, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "PROT_NONE further on",
	  PLAIN(LOCAL(L(LOCAL_NO_ACCESS - 3, PAGE)), REMOTE(R(PAGE - 5, PAGE))),
	  .want = 3, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "past the end of a file",
	  PLAIN(LOCAL(L(LOCAL_PAST_EOF - 5, PAGE)), REMOTE(R(PAGE - 5, PAGE))),
	  .want = 5, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "the second segment is invalid",
	  PLAIN(LOCAL(L(0, 50), L(LOCAL_HOLE, 50), L(50, 50)),
		REMOTE(R(0, 150))), .want = 50, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "the second segment is invalid, of many to many",
	  PLAIN(LOCAL(L(0, 50), L(LOCAL_HOLE, 50), L(50, 50)),
		REMOTE(R(0, 25), R(PAGE, 25), R(2 * PAGE, 50),
		       R(3 * PAGE, 50))), .want = 50, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "the second segment is read-only, right after the first",
	  PLAIN(LOCAL(L(LOCAL_READ_ONLY - 50, 50), L(LOCAL_READ_ONLY, 50)),
		REMOTE(R(0, 150))), .want = 50, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "a kernel address",
	  PLAIN(LOCAL(AT(KERNEL_ADDR, 8)), REMOTE(R(0, 8))), .want = -EFAULT,
	  .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "a kernel address, not the first",
	  PLAIN(LOCAL(L(0, 8), AT(KERNEL_ADDR, 8)), REMOTE(R(0, 16))),
	  .want = -EFAULT, .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "not canonical",
	  PLAIN(LOCAL(AT(NOT_CANONICAL, 8)), REMOTE(R(0, 8))), .want = -EFAULT,
	  .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "NULL", PLAIN(LOCAL(AT(0, 8)), REMOTE(R(0, 8))),
	  .want = -EFAULT, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "both sides are invalid",
	  PLAIN(LOCAL(L(LOCAL_HOLE, 50)), REMOTE(AT(NOWHERE, 50))),
	  .want = -EFAULT, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "a negative length",
	  PLAIN(LOCAL(L(0, 8), L(8, -8UL)), REMOTE(R(0, 16))), .want = -EINVAL,
	  .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "a negative length of the target's",
	  PLAIN(LOCAL(L(0, 8)), REMOTE(R(0, 8), R(8, -8UL))), .want = -EINVAL,
	  .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "more than a read may take, with a hole after a while",
	  PLAIN(LOCAL(L(0, LONG_MAX)), REMOTE(R(0, 2 * SIZE))), .want = COMPARE,
	  .content = ANYTHING, .events = ANY_EVENTS },

	/* The same with other kinds of memory on the target's side. */
	{ .name = "many to many, every third page",
	  VECTORS(.kind = SPARSE, .size = SIZE,
		  LOCAL(L(100, 7), L(9000, 4096), L(200, 1), L(20000, 9999)),
		  REMOTE(R(4090, 10), R(0, 3), R(12345, 8000), R(4095, 2))),
	  .want = 8015, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "many to many, shared with a child",
	  VECTORS(.kind = FORKED, .size = SIZE,
		  LOCAL(L(100, 7), L(9000, 4096), L(200, 1), L(20000, 9999)),
		  REMOTE(R(4090, 10), R(0, 3), R(12345, 8000), R(4095, 2))),
	  .want = 8015, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "many to many, huge page",
	  VECTORS(.kind = HUGE, .size = HUGE_PAGE,
		  LOCAL(L(100, 7), L(9000, 4096), L(200, 1), L(20000, 9999)),
		  REMOTE(R(4090, 10), R(0, 3), R(12345, 8000), R(4095, 2))),
	  .want = 8015, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "a hole further on, huge page",
	  VECTORS(.kind = HUGE, .size = HUGE_PAGE,
		  LOCAL(L(LOCAL_HOLE - 4000, 64 * KIB)),
		  REMOTE(R(777, 64 * KIB))), .want = 4000, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "read-only further on, hugetlb",
	  VECTORS(.kind = HUGETLB, .size = HUGE_PAGE,
		  LOCAL(L(LOCAL_READ_ONLY - 5000, 64 * KIB)),
		  REMOTE(R(777, 64 * KIB))), .want = 5000, .content = ANYTHING,
	  .events = EV(FAST) },
};

/* The maximum number of segments, of @c->len bytes each. */
static void run_many(const struct read_case *c, struct outcome *o)
{
	static struct iovec local[IOV_MAX + 1], remote[IOV_MAX + 1];
	static struct target *t;
	unsigned long nr = c->offset;
	struct counters start;
	pid_t pid;

	if (!t)
		t = target_alloc();
	local_make();
	pid = kind_start(ANON, SIZE, t);
	for (unsigned long i = 0; i < nr; i++) {
		local[i].iov_base = (void *)(LOCAL_AT + i * 300);
		local[i].iov_len = c->len;
		remote[i].iov_base = (void *)(TARGET_AT + i * 61);
		remote[i].iov_len = c->len;
	}
	start = counters_read();
	o->ret = readv_raw(pid, local, nr, remote, nr, 0);
	o->events = counters_since(&start);
	local_copy(o->bytes);
	target_stop(pid);
}

struct argument {
	const char *name;
	unsigned long value;
};

struct vector {
	const char *name;
	const struct iovec *iov;
};

static const struct argument counts[] = {
	{ "0", 0 }, { "1", 1 }, { "2", 2 }, { "IOV_MAX + 1", IOV_MAX + 1 },
	{ "2^32 + 1", (1UL << 32) + 1 }, { "-1", -1UL },
};

static const struct argument flags[] = { { "0", 0 }, { "1", 1 } };

static const struct vector vectors[] = {
	{ "valid", (const struct iovec[]){ L(0, 100), L(100, 8) } },
	{ "of the target", (const struct iovec[]){ R(0, 8), R(100, 100) } },
	{ "empty", (const struct iovec[]){ { NULL, 0 }, { NULL, 0 } } },
	{ "then negative", (const struct iovec[]){ L(0, 8), L(0, -8UL) } },
	{ "then kernel", (const struct iovec[]){ L(0, 8),
						 AT(KERNEL_ADDR, 8) } },
	{ "NULL", NULL },
	{ "at a kernel address", (void *)KERNEL_ADDR },
	{ "at a hole", (void *)(LOCAL_AT + LOCAL_HOLE) },
	/* The first segment can be read, the second cannot. */
	{ "that runs into a hole", (void *)(LOCAL_AT + LOCAL_HOLE - 16) },
};

/*
 * All combinations of valid and invalid arguments: the order of the checks is
 * part of the result.
 */
static size_t try_all(char *text, size_t size, pid_t pid)
{
	const pid_t pids[] = { pid, 0, -1, INT_MAX };
	size_t len = 0, n = 0;
	struct iovec *last = (void *)(LOCAL_AT + LOCAL_HOLE - 16);
	size_t i[6];

#define EACH(_nr, _array)						\
	for (i[_nr] = 0; i[_nr] < ARRAY_SIZE(_array); i[_nr]++)
	EACH(0, pids)
	EACH(1, vectors)
	EACH(2, counts)
	EACH(3, vectors)
	EACH(4, counts)
	EACH(5, flags) {
		last->iov_base = (void *)TARGET_AT;
		last->iov_len = 8;
		len += snprintf(text + len, size - len,
			"pid %d (%zu), local %s times %s, remote %s times %s, flags %s: %zd\n",
			i[0] ? pids[i[0]] : 0, i[0], vectors[i[1]].name,
			counts[i[2]].name, vectors[i[3]].name,
			counts[i[4]].name, flags[i[5]].name,
			readv_raw(pids[i[0]], vectors[i[1]].iov,
				  counts[i[2]].value, vectors[i[3]].iov,
				  counts[i[4]].value, flags[i[5]].value));
		if (len >= size)
			die("too many combinations");
		n++;
	}
	return n;
}

static void run_arguments(const struct read_case *c, struct outcome *o)
{
	const size_t size = 8 * MIB;
	struct target *t = target_alloc();
	char *text = malloc(size);
	pid_t pid;

	if (!text)
		die("no memory");
	local_make();
	pid = kind_start(ANON, SIZE, t);
	o->ret = try_all(text, size, pid);
	target_stop(pid);
	local_copy(o->bytes);
	o->extra = state_keep(c->name, text);
	free(text);
}

#define MANY_CASE(_nr, _len, _want, _events)				\
	{ .name = #_nr " segments of " #_len " bytes", .run = run_many, \
	  .offset = _nr, .len = _len, .want = _want,			\
	  .content = ANYTHING, .events = _events }

static const struct read_case other_cases[] = {
	MANY_CASE(IOV_MAX, 0, 0, NO_EVENTS),
	MANY_CASE(IOV_MAX, 1, IOV_MAX, EV(FAST)),
	MANY_CASE(IOV_MAX, 299, IOV_MAX * 299, EV(FAST)),
	MANY_CASE(IOV_MAX + 1, 1, -EINVAL, NO_EVENTS),
	{ .name = "arguments of every kind", .run = run_arguments,
	  .want = COMPARE, .content = ANYTHING, .events = ANY_EVENTS },
};

int main(int argc, char **argv)
{
	static struct read_case cases[ARRAY_SIZE(plain_cases) +
				      ARRAY_SIZE(other_cases)];

	select_tests(argc, argv);
	memcpy(cases, plain_cases, sizeof(plain_cases));
	memcpy(cases + ARRAY_SIZE(plain_cases), other_cases,
	       sizeof(other_cases));
	return run_cases(cases, ARRAY_SIZE(cases));
}
