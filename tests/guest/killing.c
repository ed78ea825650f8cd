// SPDX-License-Identifier: GPL-2.0
/*
 * kill -9 of a reader in the middle of a very large read: the read must end at
 * the next page, not at its end; process_vm_readv() ends with the pages that it
 * has pinned. Measured in pages, not in time.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "reader.h"
#include "run.h"
#include "target.h"
#include "vmapeek.h"

#define SIZE	(512 * MIB)
#define PAGES	(SIZE / PAGE)
#define WINDOW	(4 * MIB)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

/*
 * All pages are present, as the zero page, which costs only page tables. One
 * page is written to, because without an anon_vma long reads of mem take the
 * slow path.
 */
static void prepare(struct target *t)
{
	char *p = map_at(t, 0, SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!small_pages_only(p, SIZE))
		broken(t, "MADV_NOHUGEPAGE");
	*p = 1;
	for (size_t i = 0; i < SIZE; i += PAGE)
		(void)*(volatile char *)(p + i);
	t->addr = (unsigned long)p;
}

/* A destination of any size that needs little memory: one window, repeated. */
static void *sink(void)
{
	int fd = memfd_create("sink", MFD_CLOEXEC);
	char *p = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	if (p == MAP_FAILED || fd < 0 || ftruncate(fd, WINDOW))
		die("no sink: %s", strerror(errno));
	for (size_t i = 0; i < SIZE; i += WINDOW) {
		if (mmap(p + i, WINDOW, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			die("no sink: %s", strerror(errno));
	}
	close(fd);
	return p;
}

struct reading {
	pid_t target, reader;
	struct target *t;
};

/* @is_there: the reader's memory is present, so that it takes no fault. */
static struct reading start_reading(enum interface how, void *to,
				    bool is_there)
{
	struct reading r = { .t = target_alloc() };

	r.target = target_start(prepare, r.t);
	assert_string_equal(r.t->broken, "");
	r.reader = fork();
	if (!r.reader) {
		ssize_t n;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (is_there && madvise(to, SIZE, MADV_POPULATE_WRITE))
			_exit(1);
		n = remote_read(how, r.target, r.t->addr, to, SIZE);
		_exit(n == SIZE ? 0 : 1);
	}
	munmap(to, SIZE);
	return r;
}

static int end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* The number of fast reads when nobody is killed. */
static unsigned long fast_of_whole(enum interface how)
{
	struct counters start, counted;
	struct reading r;

	vmapeek_on();
	start = counters_read();
	r = start_reading(how, sink(), true);
	assert_int_equal(end_of(r.reader), 0);
	counted = counters_since(&start);
	target_stop(r.target);
	return counted.n[FAST];
}

/* Each page counts. */
static void whole(void **state)
{
	(void)state;
	assert_in_range(fast_of_whole(MEM), PAGES, PAGES + 16);
}

static void killed(void **state)
{
	unsigned long at_kill, at_end;
	struct counters start;
	struct reading r;

	(void)state;
	vmapeek_on();
	start = counters_read();
	r = start_reading(MEM, sink(), true);
	while (counters_since(&start).n[FAST] < PAGES / 64)
		sched_yield();

	kill(r.reader, SIGKILL);
	at_kill = counters_since(&start).n[FAST];
	assert_int_equal(end_of(r.reader), SIGKILL);
	at_end = counters_since(&start).n[FAST];

	printf("# of %lu pages, %lu were read when killed, %lu after that\n",
	       PAGES, at_kill, at_end - at_kill);
	/* At most a hundredth of the rest, which is far more than required. */
	assert_in_range(at_end - at_kill, 0, (PAGES - at_kill) / 100);
	assert_in_range(counters_since(&start).n[FATAL_SIGNAL], 1, 1);
	target_stop(r.target);
}

static void whole_readv(void **state)
{
	(void)state;
	assert_int_equal(fast_of_whole(READV), 1);
}

/* A file allocates its pages at the first write. */
static unsigned long pages_written(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		die("fstat: %s", strerror(errno));
	return st.st_blocks * 512 / PAGE;
}

static void killed_while_it_writes(enum interface how)
{
	int fd = memfd_create("written", MFD_CLOEXEC);
	unsigned long at_kill, at_end;
	struct reading r;
	void *to;

	if (fd < 0 || ftruncate(fd, SIZE))
		die("memfd: %s", strerror(errno));
	to = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (to == MAP_FAILED)
		die("memfd: %s", strerror(errno));

	r = start_reading(how, to, false);
	while (pages_written(fd) < PAGES / 64)
		sched_yield();
	kill(r.reader, SIGKILL);
	at_kill = pages_written(fd);
	assert_int_equal(end_of(r.reader), SIGKILL);
	at_end = pages_written(fd);
	close(fd);

	printf("# of %lu pages, %lu were read when killed, %lu after that\n",
	       PAGES, at_kill, at_end - at_kill);
	/* More than one chunk, and far less than the rest. */
	assert_in_range(at_end - at_kill, 0, 2048);
	target_stop(r.target);
}

static void off_killed_readv(void **state)
{
	(void)state;
	vmapeek_off();
	killed_while_it_writes(READV);
}

/* Without a counter, the written pages show the progress of the reader. */
static void off_killed_mem(void **state)
{
	(void)state;
	vmapeek_off();
	killed_while_it_writes(MEM);
}

static void on_killed_readv(void **state)
{
	struct counters start;

	(void)state;
	vmapeek_on();
	start = counters_read();
	killed_while_it_writes(READV);
	/* Once in the current chunk, and before the next one. */
	assert_in_range(counters_since(&start).n[FATAL_SIGNAL], 1, 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(off_killed_mem),
		cmocka_unit_test(off_killed_readv),
		/* The other tests need the module's counters. */
		cmocka_unit_test(whole),
		cmocka_unit_test(killed),
		cmocka_unit_test(whole_readv),
		cmocka_unit_test(on_killed_readv),
	};
	size_t nr = mainline() == MODULE ? sizeof(tests) / sizeof(*tests) : 2;

	select_tests(argc, argv);
	return run_selected("killing", tests, nr, 240);
}
