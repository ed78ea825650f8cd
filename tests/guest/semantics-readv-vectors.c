// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv() with segments of every shape, memory of the reader that
 * cannot be written to, and arguments that make no sense.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "readv.h"
#include "state.h"

#define SIZE		(16 * PAGE)
#define KERNEL_ADDR	0xffff888000000000UL
#define NOT_CANONICAL	0x1000000000000000UL
#define NOWHERE		0x300000000000UL

#define CASE(_name, _local, _remote, _want, _events)			\
	VECTORS_CASE(_name, ANON, SIZE, _local, _remote, _want, ANYTHING, \
		     _events)
#define FAST_CASE(_name, _local, _remote, _want)			\
	CASE(_name, _local, _remote, _want, EV(FAST))
/* Addresses as they are, on the reader's side and on the target's. */
#define AT(_addr, _len)	{ (void *)(_addr), _len }

static const struct read_case plain_cases[] = {
	VECTORS_CASE("one to one", ANON, SIZE, (L(0, 5000)), (R(0, 5000)),
		     5000, PATTERN, EV(FAST)),
	VECTORS_CASE("one to many", ANON, SIZE, (L(0, 20000)),
		     (R(0, 1), R(1, 4095), R(4096, 4096), R(8192, 9000)),
		     17192, PATTERN, EV(FAST)),
	VECTORS_CASE("many to one", ANON, SIZE,
		     (L(0, 1), L(1, 5000), L(5001, 3), L(5004, 10000)),
		     (R(0, 12345)), 12345, PATTERN, EV(FAST)),
	FAST_CASE("many to many, of unequal lengths",
		  (L(100, 7), L(9000, 4096), L(200, 1), L(20000, 9999)),
		  (R(4090, 10), R(0, 3), R(12345, 8000), R(4095, 2)), 8015),
	FAST_CASE("the other way round",
		  (L(3 * PAGE, PAGE), L(2 * PAGE, PAGE), L(0, PAGE)),
		  (R(0, PAGE), R(7 * PAGE, 2 * PAGE)), 3 * PAGE),
	FAST_CASE("the same again and again", (L(0, 400)),
		  (R(PAGE - 4, 8), R(PAGE - 4, 8), R(PAGE - 4, 8),
		   R(PAGE - 4, 8), R(PAGE - 4, 8), R(PAGE - 4, 8),
		   R(PAGE - 4, 8), R(PAGE - 4, 8), R(PAGE - 4, 8)), 72),
	FAST_CASE("overlapping local segments",
		  (L(0, 100), L(50, 100), L(0, 10)), (R(0, SIZE)), 210),
	FAST_CASE("overlapping remote segments", (L(0, 2 * PAGE)),
		  (R(0, 3000), R(1000, 3000), R(2000, 3000)), 2 * PAGE),
	FAST_CASE("empty segments",
		  (L(0, 0), L(0, 10), L(10, 0), L(10, 100), L(110, 0)),
		  (R(0, 0), R(PAGE - 5, 10), R(3, 0), R(7, 1), R(8, 0)), 11),
	FAST_CASE("empty segments of nowhere",
		  (AT(NOWHERE, 0), L(0, 10), AT(0, 0)),
		  (AT(NOWHERE, 0), R(0, 5), AT(-1UL, 0), R(9, 5)), 10),
	CASE("nothing but empty remote segments", (L(0, 10)),
	     (R(0, 0), AT(NOWHERE, 0), R(0, 0)), 0, NO_EVENTS),
	CASE("nothing but empty local segments", (L(0, 0), L(0, 0)),
	     (R(0, 10)), 0, NO_EVENTS),
	FAST_CASE("no room for the last segments", (L(0, 100)),
		  (R(0, 60), R(PAGE, 60), R(2 * PAGE, 60), AT(NOWHERE, 8)),
		  100),
	CASE("more room than is read", (L(0, SIZE)),
	     (R(SIZE - PAGE, 2 * PAGE), R(0, 5)), PAGE, EV(FAST)),
	CASE("the first of the target's segments is invalid", (L(0, 100)),
	     (AT(NOWHERE, 8), R(0, 8)), -EFAULT, EV(FAST)),
	CASE("the second of the target's segments is invalid", (L(0, 100)),
	     (R(0, 8), AT(NOWHERE, 8), R(8, 8)), 8, EV(FAST)),
	CASE("a kernel address of the target's", (L(0, 100)),
	     (R(0, 8), AT(KERNEL_ADDR, 8), R(8, 8)), 8,
	     EV(FAST) | EV(NO_VMA)),
	CASE("an address that is not canonical", (L(0, 100)),
	     (AT(NOT_CANONICAL, 8)), -EFAULT, EV(NO_VMA)),
	CASE("a length as large as can be", (L(0, 100)),
	     (R(0, LONG_MAX)), 100, EV(FAST)),
	CASE("a segment that ends beyond all addresses", (L(0, LOCAL_PLAIN)),
	     (R(8 * PAGE, LONG_MAX)), 8 * PAGE, EV(FAST)),

	/* The reader's memory. */
	CASE("read-only, at the start", (L(LOCAL_READ_ONLY, 100)), (R(0, 100)),
	     -EFAULT, EV(FAST)),
	CASE("read-only, further on", (L(LOCAL_READ_ONLY - 1001, 2000)),
	     (R(7, SIZE - 7)), 1001, EV(FAST)),
	CASE("a hole at the start", (L(LOCAL_HOLE, PAGE)), (R(0, SIZE)),
	     -EFAULT, EV(FAST)),
	CASE("a hole further on", (L(LOCAL_HOLE - 77, PAGE)), (R(9, SIZE - 9)),
	     77, EV(FAST)),
	CASE("PROT_NONE further on", (L(LOCAL_NO_ACCESS - 3, PAGE)),
	     (R(PAGE - 5, PAGE)), 3, EV(FAST)),
	CASE("past the end of a file", (L(LOCAL_PAST_EOF - 5, PAGE)),
	     (R(PAGE - 5, PAGE)), 5, EV(FAST)),
	CASE("the second segment is invalid",
	     (L(0, 50), L(LOCAL_HOLE, 50), L(50, 50)), (R(0, 150)), 50,
	     EV(FAST)),
	CASE("the second segment is invalid, of many to many",
	     (L(0, 50), L(LOCAL_HOLE, 50), L(50, 50)),
	     (R(0, 25), R(PAGE, 25), R(2 * PAGE, 50), R(3 * PAGE, 50)), 50,
	     EV(FAST)),
	CASE("the second segment is read-only, right after the first",
	     (L(LOCAL_READ_ONLY - 50, 50), L(LOCAL_READ_ONLY, 50)),
	     (R(0, 150)), 50, EV(FAST)),
	CASE("a kernel address", (AT(KERNEL_ADDR, 8)), (R(0, 8)), -EFAULT,
	     NO_EVENTS),
	CASE("a kernel address, not the first",
	     (L(0, 8), AT(KERNEL_ADDR, 8)), (R(0, 16)), -EFAULT, NO_EVENTS),
	CASE("not canonical", (AT(NOT_CANONICAL, 8)), (R(0, 8)), -EFAULT,
	     NO_EVENTS),
	CASE("NULL", (AT(0, 8)), (R(0, 8)), -EFAULT, EV(FAST)),
	CASE("both sides are invalid", (L(LOCAL_HOLE, 50)),
	     (AT(NOWHERE, 50)), -EFAULT, EV(FAST)),
	CASE("a negative length", (L(0, 8), L(8, -8UL)), (R(0, 16)), -EINVAL,
	     NO_EVENTS),
	CASE("a negative length of the target's", (L(0, 8)),
	     (R(0, 8), R(8, -8UL)), -EINVAL, NO_EVENTS),
	CASE("more than a read may take, with a hole after a while",
	     (L(0, LONG_MAX)), (R(0, 2 * SIZE)), COMPARE, ANY_EVENTS),

	/* The same with less plain memory on the target's side. */
	VECTORS_CASE("many to many, every third page", SPARSE, SIZE,
		     (L(100, 7), L(9000, 4096), L(200, 1), L(20000, 9999)),
		     (R(4090, 10), R(0, 3), R(12345, 8000), R(4095, 2)), 8015,
		     ANYTHING, EV(NOT_PRESENT) | EV(FAST)),
	VECTORS_CASE("many to many, shared with a child", FORKED, SIZE,
		     (L(100, 7), L(9000, 4096), L(200, 1), L(20000, 9999)),
		     (R(4090, 10), R(0, 3), R(12345, 8000), R(4095, 2)), 8015,
		     ANYTHING, EV(UNSHARE) | EV(FAST)),
	VECTORS_CASE("many to many, huge page", HUGE, HUGE_PAGE,
		     (L(100, 7), L(9000, 4096), L(200, 1), L(20000, 9999)),
		     (R(4090, 10), R(0, 3), R(12345, 8000), R(4095, 2)), 8015,
		     ANYTHING, EV(FAST)),
	VECTORS_CASE("a hole further on, huge page", HUGE, HUGE_PAGE,
		     (L(LOCAL_HOLE - 4000, 64 * KIB)), (R(777, 64 * KIB)),
		     4000, ANYTHING, EV(FAST)),
	VECTORS_CASE("read-only further on, hugetlb", HUGETLB, HUGE_PAGE,
		     (L(LOCAL_READ_ONLY - 5000, 64 * KIB)),
		     (R(777, 64 * KIB)), 5000, ANYTHING, EV(SPECIAL)),
};

/* As many segments as there may be, of @c->len bytes each. */
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
	/* The first can be read, the second not. */
	{ "that runs into a hole", (void *)(LOCAL_AT + LOCAL_HOLE - 16) },
};

/*
 * Every argument in every state, together with every other: which error comes
 * first is part of the answer.
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

int main(void)
{
	static struct read_case cases[ARRAY_SIZE(plain_cases) +
				      ARRAY_SIZE(other_cases)];

	memcpy(cases, plain_cases, sizeof(plain_cases));
	memcpy(cases + ARRAY_SIZE(plain_cases), other_cases,
	       sizeof(other_cases));
	return run_cases(cases, ARRAY_SIZE(cases));
}
