// SPDX-License-Identifier: GPL-2.0
/*
 * A read of two pages looks up the second one after it has copied from the
 * first. The target replaces the second page by one of the next generation, and
 * then writes that generation to the first. A read that returns a newer
 * generation from the first page than from the second has looked up both before
 * it copied. There is no fault in between at which the reader could be stopped.
 * Instead, a busy program on its CPU preempts it, and the number of reads is
 * large.
 *
 * If the target writes to the first page, maps memory elsewhere and writes to
 * the second page, then its mmap() waits for a reader of the stock kernel. It
 * does not wait for a reader of vmapeek, which may therefore return a newer
 * generation from the second page: see "What still differs from stock" in
 * docs/locking.md.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <cmocka.h>

#include "reader.h"
#include "readv.h"
#include "run.h"
#include "vmapeek.h"

/* Reads during which the target began another generation. */
#define CHANGED_READS	4000
#define SIZE		sizeof(uint64_t)

struct order_case {
	const char *name;
	enum interface how;
	/*
	 * Offset of the second page; at a multiple of HUGE_PAGE, it has another
	 * table.
	 */
	unsigned long second;
	/* The target maps memory in between, instead of replacing a page. */
	bool maps;
};

/* In shared memory. */
struct generations {
	volatile uint16_t nr;
	unsigned long second;
	bool maps;
};

static struct target *target;
static struct generations *generations;

/* A half-written stamp can be detected. */
static uint32_t stamp(uint16_t nr)
{
	return (uint32_t)nr << 16 | (uint16_t)~nr;
}

static bool is_whole(uint32_t stamped)
{
	return stamped >> 16 == (uint16_t)~stamped;
}

static void map_elsewhere(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || munmap(p, PAGE))
		_exit(1);
}

static void *map_between(void *arg)
{
	volatile uint32_t *second = (uint32_t *)generations->second;
	volatile uint32_t *first = second - 1;

	(void)arg;
	use_cpu(1);
	for (uint16_t nr = 1;; nr++) {
		*first = stamp(nr);
		map_elsewhere();
		*second = stamp(nr);
		map_elsewhere();
		generations->nr = nr;
	}
	return NULL;
}

static void *replace(void *arg)
{
	volatile uint32_t *second = (uint32_t *)generations->second;
	volatile uint32_t *first = second - 1;

	(void)arg;
	use_cpu(1);
	for (uint16_t nr = 1;; nr++) {
		if (madvise((void *)second, PAGE, MADV_DONTNEED))
			_exit(1);
		*second = stamp(nr);
		__sync_synchronize();
		*first = stamp(nr);
		generations->nr = nr;
	}
	return NULL;
}

static void prepare(struct target *t)
{
	char *second = (char *)generations->second;
	pthread_t thread;

	map_at(t, (unsigned long)second - PAGE, 2 * PAGE,
	       PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memset(second - PAGE, 0, 2 * PAGE);
	if (pthread_create(&thread, NULL,
			   generations->maps ? map_between : replace, NULL))
		broken(t, "thread");
}

/*
 * Absent or half-written words are accepted; otherwise the second must not be
 * older.
 */
static bool is_in_order(const uint32_t word[2])
{
	if (!word[1] || !is_whole(word[0]) || !is_whole(word[1]))
		return true;
	return (int16_t)((word[1] >> 16) - (word[0] >> 16)) >= 0;
}

/* Half-written words are accepted; otherwise the second must not be newer. */
static bool is_barred(const uint32_t word[2])
{
	if (!is_whole(word[0]) || !is_whole(word[1]))
		return true;
	return (int16_t)((word[1] >> 16) - (word[0] >> 16)) <= 0;
}

/*
 * Later kernels copy by memcpy(), on some CPUs byte by byte. Such a copy may
 * read a word in parts during a write, in stock, too: mmap() waits for readers
 * that hold the lock, but the write comes after it.
 */
static bool copies_inline(void)
{
	struct utsname u;

	uname(&u);
	return !strncmp(u.release, "6.12.", 5);
}

static void read_all(const struct order_case *c, bool must_hold)
{
	unsigned long reads = 0, changed = 0, wrong = 0, torn = 0;
	pid_t pid, busy;
	struct reader r;

	generations->nr = 0;
	generations->second = TARGET_AT + c->second;
	generations->maps = c->maps;
	pid = target_start(prepare, target);
	assert_string_equal(target->broken, "");
	while (!generations->nr)
		usleep(1000);
	assert_int_equal(reader_open(&r, c->how, pid), 0);
	busy = keep_cpu_busy();
	while (changed < CHANGED_READS) {
		uint32_t word[2] = { 0, 0 };
		uint16_t before = generations->nr;

		assert_int_equal(reader_read(&r, generations->second -
					     sizeof(word[0]), word, SIZE),
				 SIZE);
		reads++;
		changed += generations->nr != before;
		torn += c->maps && !(is_whole(word[0]) && is_whole(word[1]));
		wrong += c->maps ? !is_barred(word) : !is_in_order(word);
	}
	target_stop(busy);
	reader_close(&r);
	target_stop(pid);
	printf("# %lu reads, %lu changed meanwhile, %lu out of order\n", reads,
	       changed, wrong);
	printf("# %lu reads brought a word in parts\n", torn);
	if (copies_inline())
		assert_int_equal(torn, 0);
	else
		assert_true(torn < CHANGED_READS / 2);
	if (must_hold)
		assert_int_equal(wrong, 0);
}

static const struct order_case cases[] = {
	{ .name = "mem, one page table", .how = MEM, .second = PAGE },
	{ .name = "mem, two page tables", .how = MEM, .second = HUGE_PAGE },
	{ .name = "PEEKDATA, one page table", .how = PEEKDATA,
	  .second = PAGE },
	{ .name = "PEEKDATA, two page tables", .how = PEEKDATA,
	  .second = HUGE_PAGE },
	{ .name = "mem, with a mapping in between", .how = MEM,
	  .second = HUGE_PAGE, .maps = true },
};

static void off(void **state)
{
	vmapeek_off();
	read_all(*state, true);
}

static void on(void **state)
{
	const struct order_case *c = *state;

	vmapeek_on();
	read_all(c, !c->maps);
}

int main(int argc, char **argv)
{
	select_tests(argc, argv);
	use_cpu(0);
	target = target_alloc();
	generations = shared_alloc(sizeof(*generations));
	return run_off_and_on("order", off, on, cases, sizeof(cases[0]),
			      ARRAY_SIZE(cases), 280);
}
