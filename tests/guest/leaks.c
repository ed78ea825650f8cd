// SPDX-License-Identifier: GPL-2.0
/*
 * A read, fast or not, leaks no lock and no reference: the target can change
 * the VMA afterwards, which a leaked VMA lock would prevent, and its memory is
 * freed when it exits, which a leaked page reference would prevent.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "kinds-make.h"
#include "reader.h"
#include "run.h"
#include "target.h"
#include "vmapeek.h"

#define SIZE	(256 * MIB)
#define PART	(2 * MIB)

static struct target *target;
static unsigned char buf[PART];

/*
 * Free memory in the buddy allocator and on the per-CPU lists. MemFree excludes
 * those lists, which can hold a quarter of the memory freed here.
 */
static long available_kb(void)
{
	char line[128];
	long pages = 0, n;
	FILE *file = fopen("/proc/zoneinfo", "r");

	if (!file)
		die("/proc/zoneinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " pages free %ld", &n) == 1 ||
		    sscanf(line, " count: %ld", &n) == 1)
			pages += n;
	fclose(file);
	return pages * (long)(PAGE / KIB);
}

static void *filled(struct target *t, bool huge)
{
	char *p = map_huge_aligned(t, SIZE);

	if (huge && madvise(p, SIZE, MADV_HUGEPAGE))
		lacks(t, LACKS_THP);
	if (!huge && !small_pages_only(p, SIZE))
		broken(t, "MADV_NOHUGEPAGE");
	memset(p, 1, SIZE);
	return p;
}

static void prepare_small(struct target *t)
{
	t->addr = (unsigned long)filled(t, false);
}

static void prepare_huge(struct target *t)
{
	t->addr = (unsigned long)filled(t, true);
	if (smaps_kb(getpid(), t->addr, "AnonHugePages") <
	    (long)(SIZE / KIB) * 3 / 4) {
		errno = 0;
		broken(t, "no huge pages were given");
	}
}

/*
 * Every other page is present, so that reads across a page end find an absent
 * page.
 */
static void prepare_gaps(struct target *t)
{
	char *p = map_huge_aligned(t, 2 * SIZE);

	if (!small_pages_only(p, 2 * SIZE))
		broken(t, "MADV_NOHUGEPAGE");
	for (size_t i = 0; i < 2 * SIZE; i += 2 * PAGE)
		memset(p + i, 1, PAGE);
	t->addr = (unsigned long)p;
	t->size = 2 * SIZE;
}

/*
 * Most of each part is in the VMA after the last that process_vm_readv() locks
 * at a time, so GUP pins it; most pages are absent.
 */
static void prepare_for_gup(struct target *t)
{
	char *p = map_at(t, 0, SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1);

	for (size_t i = 0; i < SIZE; i += PART) {
		memset(p + i, 1, 10 * PAGE);
		for (size_t j = 0; j < 10; j += 2)
			if (mprotect(p + i + j * PAGE, PAGE, PROT_READ))
				broken(t, "mprotect");
	}
	t->addr = (unsigned long)p;
}

static void read_parts(struct reader *r)
{
	for (size_t i = 0; i < SIZE; i += PART)
		assert_int_equal(reader_read(r, target->addr + i, buf, PART),
				 PART);
}

/* The first such read fills the gap. */
static void read_gaps(struct reader *r, size_t first)
{
	for (size_t i = first; i < target->size; i += 4 * PAGE)
		assert_int_equal(reader_read(r, target->addr + i + PAGE - 4,
					     buf, 8), 8);
}

static void read_all_ways(pid_t pid)
{
	struct reader mem, readv;

	assert_int_equal(reader_open(&mem, MEM, pid), 0);
	assert_int_equal(reader_open(&readv, READV, pid), 0);
	if (target->size) {
		read_gaps(&mem, 0);
		read_gaps(&readv, 2 * PAGE);
	} else {
		read_parts(&readv);
		read_parts(&mem);
	}
	reader_close(&mem);
	reader_close(&readv);
}

static void memory_comes_back(void **state)
{
	long before, after = 0;
	pid_t pid;

	vmapeek_on();
	before = available_kb();
	pid = target_start((prepare_fn)*state, target);
	if (target->lacks[0]) {
		target_stop(pid);
		skip_lacking(target->lacks);
	}
	assert_string_equal(target->broken, "");
	read_all_ways(pid);
	/* The target has allocated the memory. */
	assert_true(available_kb() < before - (long)(SIZE / KIB) * 3 / 4);
	target_stop(pid);

	/* The freed memory is counted with a delay. */
	for (int i = 0; i < 200; i++) {
		after = available_kb();
		if (after > before - (long)(SIZE / KIB) / 16)
			break;
		usleep(20 * 1000);
	}
	printf("# %ld of %lu kB missing\n", before - after, SIZE / KIB);
	assert_true(after > before - (long)(SIZE / KIB) / 16);
}

/*
 * Reads with several results, then changes that need the VMA's write lock. A
 * leaked lock makes the change hang.
 */
static void target_can_change(void **state)
{
	static volatile int *go;
	unsigned long addr;
	int status;
	pid_t pid;
	char *p;

	(void)state;
	vmapeek_on();
	go = shared_alloc(sizeof(*go));
	p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		die("no memory");
	munmap(p + 4 * PAGE, 4 * PAGE);
	memset(p, 1, 2 * PAGE);
	if (mprotect(p + 3 * PAGE, PAGE, PROT_READ))
		die("mprotect: %s", strerror(errno));
	addr = (unsigned long)p;

	pid = fork();
	if (!pid) {
		while (!*go)
			sched_yield();
		_exit(mprotect(p, 4 * PAGE, PROT_READ) ||
		      munmap(p, 4 * PAGE));
	}
	remote_read(MEM, pid, addr, buf, 100);		/* resident */
	remote_read(MEM, pid, addr + PAGE, buf, 2 * PAGE);	/* half */
	remote_read(MEM, pid, addr + 3 * PAGE - 8, buf, 16);	/* two VMAs */
	remote_read(MEM, pid, addr + 4 * PAGE - 8, buf, 16);	/* hole */
	remote_read(CMDLINE, pid, 0, buf, PAGE);
	remote_read(PEEKDATA, pid, addr, buf, 8);
	remote_read(READV, pid, addr, buf, 100);
	remote_read(READV, pid, addr + PAGE, buf, 2 * PAGE);
	remote_read(READV, pid, addr + 3 * PAGE, buf, 2 * PAGE);
	limit_set(60, "a change, as a lock was left behind");
	*go = 1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/*
 * A long read of mem from shared memory locks the VMA of the reader's memory,
 * too.
 */
static void reader_can_change(void **state)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid, self = getpid();
	int status;

	(void)state;
	if (p == MAP_FAILED)
		die("no memory");
	memset(p, 1, 2 * PAGE);
	vmapeek_on();
	pid = fork();
	if (!pid) {
		char *to = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
				-1, 0);

		_exit(to == MAP_FAILED ||
		      remote_read(MEM, self, (unsigned long)p, to, 2 * PAGE) !=
			      (long)(2 * PAGE) ||
		      munmap(to, 2 * PAGE));
	}
	limit_set(60, "a change, as a lock was left behind");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	munmap(p, 2 * PAGE);
}

/* The first byte of a page table is at @target->addr + PAGE. */
static void prepare_two_tables(struct target *t)
{
	char *p = (char *)map_huge_aligned(t, 2 * HUGE_PAGE) + HUGE_PAGE;

	memset(p - PAGE, 1, 2 * PAGE);
	t->addr = (unsigned long)p - PAGE;
}

/* A leaked page reference would prevent the collapse. */
static void pages_can_be_collapsed(void **state)
{
	unsigned long table;
	pid_t pid;

	(void)state;
	if (!thp_enable("madvise"))
		skip_lacking(LACKS_THP);
	vmapeek_on();
	pid = target_start(prepare_two_tables, target);
	assert_string_equal(target->broken, "");
	table = target->addr + PAGE;
	remote_read(MEM, pid, table - 4, buf, 8);
	remote_read(MEM, pid, target->addr + 1, buf, PAGE);
	remote_read(READV, pid, target->addr, buf, 2 * PAGE);
	assert_int_equal(target_collapse(pid, table - HUGE_PAGE, HUGE_PAGE), 0);
	assert_int_equal(target_collapse(pid, table, HUGE_PAGE), 0);
	target_stop(pid);
	thp_enable("always");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(target_can_change),
		cmocka_unit_test(reader_can_change),
		cmocka_unit_test(pages_can_be_collapsed),
		{ "small pages come back", memory_comes_back, NULL, NULL,
		  (void *)prepare_small },
		{ "pages of given up reads come back", memory_comes_back, NULL,
		  NULL, (void *)prepare_gaps },
		{ "pages that were pinned come back", memory_comes_back, NULL,
		  NULL, (void *)prepare_for_gup },
		{ "huge pages come back", memory_comes_back, NULL, NULL,
		  (void *)prepare_huge },
	};

	select_tests(argc, argv);
	target = target_alloc();
	return run_selected("leaks", tests, ARRAY_SIZE(tests), 280);
}
