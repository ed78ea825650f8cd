// SPDX-License-Identifier: GPL-2.0
/*
 * A segment of process_vm_readv() is read as it was at one moment. A thread of
 * the target replaces the whole segment in a loop, by pages of the next
 * generation, under one hold of the mmap lock. No read may return pages of two
 * generations, or stop half-way if no half was ever absent.
 *
 * Or the thread replaces a page of the first VMA, which takes no lock for
 * writing, and then the last VMA. No read may return an old page with a new
 * VMA.
 */
#include <errno.h>
#include <pthread.h>
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

#include "readv.h"
#include "run.h"

/* Reads during which the target began another generation. */
#define CHANGED_READS	300
/*
 * On 7.3, also without vmapeek, about one in 10^5 reads of an ordered case
 * returns a first page that is generations old. One in STRAY changed reads is
 * accepted.
 */
#define STRAY		1000
#define AT	((char *)TARGET_AT)
#define SPARE	(AT + 4 * MIB)

struct moment_case {
	const char *name;
	size_t pages;
	/* Makes a generation at SPARE, or removes one from AT. */
	void (*make)(size_t size);
	/* The copy faults in the reader's memory. */
	bool fault_local;
	/* The first page may be newer than the last, but not older. */
	bool ordered;
	/* With vmapeek on, these events must have occurred, too. */
	unsigned int events;
};

/* State of the target's thread, in shared memory. */
struct generations {
	volatile unsigned long nr;
	const struct moment_case *c;
};

static struct target *target;
static struct generations *generations;
static unsigned long buf[2 * MIB / 8];

/* Each page of a generation begins with its number; an absent one with 0. */
static void make_pages(char *at, size_t size, size_t step)
{
	for (size_t i = 0; i < size; i += step)
		*(unsigned long *)(at + i) = generations->nr + 1;
}

static void map_or_exit(char *at, size_t size, int prot)
{
	if (mmap(at, size, prot, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1,
		 0) != at)
		_exit(1);
}

static void move_or_exit(size_t size)
{
	if (mremap(SPARE, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, AT) != AT)
		_exit(1);
}

static void resident(size_t size)
{
	map_or_exit(SPARE, size, PROT_READ | PROT_WRITE);
	make_pages(SPARE, size, PAGE);
	move_or_exit(size);
}

/* Every third page is present. */
static void sparse(size_t size)
{
	map_or_exit(SPARE, size, PROT_READ | PROT_WRITE);
	make_pages(SPARE, size, 3 * PAGE);
	move_or_exit(size);
}

/* The halves become two VMAs in their place. */
static void two_vmas(size_t size)
{
	resident(size);
	if (mprotect(AT + size / 2, size / 2, PROT_READ))
		_exit(1);
}

/* More VMAs than are locked at the same time. */
static void many_vmas(size_t size)
{
	resident(size);
	for (size_t i = 0; i < size; i += 2 * PAGE)
		if (mprotect(AT + i, PAGE, PROT_READ))
			_exit(1);
}

/* The whole mapping, or a hole. */
static void here_and_gone(size_t size)
{
	resident(size);
	if (munmap(AT, size))
		_exit(1);
}

/* Replace the first page, and then the last one, which is a VMA of its own. */
static void first_then_last(size_t size)
{
	if (!generations->nr)
		resident(size);
	if (madvise(AT, PAGE, MADV_DONTNEED))
		_exit(1);
	make_pages(AT, PAGE, PAGE);
	map_or_exit(SPARE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	make_pages(SPARE, PAGE, PAGE);
	if (mremap(SPARE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   AT + size - PAGE) != AT + size - PAGE)
		_exit(1);
}

/*
 * Replace the first VMA, of which only the first page is present, and then the
 * last page, which is in another VMA.
 */
static void absent_then_last(size_t size)
{
	size_t first = size - PAGE;

	if (!generations->nr)
		resident(size);
	map_or_exit(SPARE, first, PROT_READ | PROT_WRITE | PROT_EXEC);
	make_pages(SPARE, PAGE, PAGE);
	move_or_exit(first);
	if (madvise(AT + first, PAGE, MADV_DONTNEED))
		_exit(1);
	make_pages(AT + first, PAGE, PAGE);
}

static void *replace(void *arg)
{
	const struct moment_case *c = arg;

	for (;;) {
		c->make(c->pages * PAGE);
		generations->nr++;
	}
	return NULL;
}

static void prepare(struct target *t)
{
	pthread_t thread;

	generations->c->make(generations->c->pages * PAGE);
	generations->nr++;
	if (pthread_create(&thread, NULL, replace, (void *)generations->c))
		broken(t, "thread");
}

/* Are all pages of one generation? */
static bool is_one_moment(const struct moment_case *c, ssize_t n)
{
	unsigned long generation = 0;

	if (n == -EFAULT)
		return c->make == here_and_gone;
	if (n != (ssize_t)(c->pages * PAGE))
		return false;
	if (c->ordered)
		return !buf[0] || buf[0] >= buf[(c->pages - 1) * PAGE / 8];
	for (size_t i = 0; i < c->pages; i++) {
		unsigned long page = buf[i * PAGE / 8];

		if (!generation)
			generation = page;
		if (page && page != generation)
			return false;
	}
	return true;
}

static void read_all(const struct moment_case *c)
{
	struct iovec local = { buf, c->pages * PAGE };
	struct iovec remote = { AT, c->pages * PAGE };
	unsigned long reads, changed = 0, wrong = 0, before;
	struct counters counters;
	pid_t pid;

	limit_set(280, c->name);
	generations->nr = 0;
	generations->c = c;
	pid = target_start(prepare, target);
	assert_string_equal(target->broken, "");
	counters = counters_read();
	for (reads = 0; changed < (c->ordered ? 10 : 1) * CHANGED_READS;
	     reads++) {
		ssize_t n;

		if (c->fault_local)
			madvise(buf, sizeof(buf), MADV_DONTNEED);
		before = generations->nr;
		n = readv_raw(pid, &local, 1, &remote, 1, 0);
		changed += generations->nr != before;
		wrong += !is_one_moment(c, n);
	}
	counters = counters_since(&counters);
	printf("# %lu reads, %lu changed meanwhile, %lu wrong\n", reads, changed,
	       wrong);
	target_stop(pid);
	if (vmapeek_is_loaded())
		for (size_t e = 0; e < NR_EVENTS; e++)
			if (c->events & EV(e))
				assert_true(counters.n[e]);
	assert_in_range(wrong, 0, c->ordered ? changed / STRAY : 0);
}

static const struct moment_case cases[] = {
	{ "64 pages", 64, resident, .events = EV(FAST) },
	{ "512 pages", 512, resident, .events = EV(FAST) },
	{ "64 pages, not all present", 64, sparse,
	  .events = EV(FAST) },
	{ "two VMAs", 64, two_vmas, .events = EV(FAST) },
	{ "many VMAs", 64, many_vmas, .events = EV(LEAVES_VMA) },
	{ "a page, then another VMA", 2, first_then_last, .ordered = true,
	  .events = EV(FAST) },
	{ "faults, then another VMA", 8, absent_then_last, .ordered = true,
	  .events = EV(FAST) },
	{ "here and gone", 64, here_and_gone, .events = EV(FAST) },
	{ "here and gone, with faults of the reader", 64, here_and_gone,
	  .fault_local = true, .events = EV(FAST) },
};

static void off(void **state)
{
	vmapeek_off();
	read_all(*state);
}

static void on(void **state)
{
	vmapeek_on();
	read_all(*state);
}

int main(int argc, char **argv)
{
	select_tests(argc, argv);
	target = target_alloc();
	generations = shared_alloc(sizeof(*generations));
	return run_off_and_on("moment", off, on, cases, sizeof(cases[0]),
			      ARRAY_SIZE(cases), 280);
}
