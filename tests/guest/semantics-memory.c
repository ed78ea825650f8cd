// SPDX-License-Identifier: GPL-2.0
/* Every kind of memory that can be read, and that cannot be read. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cases.h"
#include "kinds-make.h"
#include "run.h"

static void set_target(struct target *t, void *addr)
{
	t->addr = (unsigned long)addr;
}

/* Make memory with holes on both sides. */
static char *make(struct target *t, enum kind kind, size_t size)
{
	char *p = map_huge_aligned(t, size);

	munmap(p, size);
	kinds[kind].make(t, p, size);
	set_target(t, p);
	return p;
}

#define OF_KIND(_name, _kind, _size)					\
static void prepare_##_name(struct target *t)				\
{									\
	make(t, _kind, _size);						\
}

OF_KIND(resident, ANON, 4 * PAGE)
OF_KIND(untouched, UNTOUCHED, 4 * PAGE)
OF_KIND(zero_page, ZERO_PAGE, 4 * PAGE)
OF_KIND(shared, SHARED, 4 * PAGE)
OF_KIND(cow_shared, FORKED, 4 * PAGE)
OF_KIND(cow_broken, FORKED_COPIED, 4 * PAGE)
OF_KIND(mlocked, MLOCKED, 4 * PAGE)
OF_KIND(file_private, FILE_PRIVATE, 4 * PAGE)
OF_KIND(file_shared, FILE_SHARED, 4 * PAGE)
OF_KIND(file_cowed, FILE_COPIED, 4 * PAGE)
OF_KIND(file_untouched, FILE_UNTOUCHED, 4 * PAGE)
OF_KIND(memfd, MEMFD, 4 * PAGE)
OF_KIND(hugetlb, HUGETLB, HUGE_PAGE)
OF_KIND(secretmem, SECRET, PAGE)
OF_KIND(droppable, DROPPABLE, 4 * PAGE)
OF_KIND(swapped, SWAPPED, 4 * PAGE)
OF_KIND(ksm, MERGED, 8 * PAGE)
OF_KIND(prot_none, NO_ACCESS, 4 * PAGE)
OF_KIND(write_only, WRITE_ONLY, 4 * PAGE)
OF_KIND(uffd_wp, WRITE_PROTECTED, 4 * PAGE)

static void prepare_scattered(struct target *t)
{
	scatter(t, make(t, ANON, 4 * PAGE), 4 * PAGE);
}

static void prepare_past_eof(struct target *t)
{
	set_target(t, make(t, FILE_ENDS, 4 * PAGE) + 2 * PAGE);
}

static void prepare_guard(struct target *t)
{
	set_target(t, make(t, GUARD, 2 * PAGE) + PAGE - 100);
}

static void prepare_half_untouched(struct target *t)
{
	char *p = map(t, 2 * PAGE);

	pattern_fill(p, PAGE);
	set_target(t, p + PAGE - 100);
	t->size = 100;
}

static void prepare_word_half_untouched(struct target *t)
{
	prepare_half_untouched(t);
	t->addr += t->size - 4;
}

/* Another page table begins in the middle of the eight bytes. */
static void prepare_two_tables(struct target *t)
{
	char *p = (char *)map_huge_aligned(t, 2 * HUGE_PAGE) + HUGE_PAGE;

	if (!small_pages_only(p - HUGE_PAGE, 2 * HUGE_PAGE))
		broken(t, "MADV_NOHUGEPAGE");
	pattern_fill(p - PAGE, 2 * PAGE);
	set_target(t, p - PAGE);
}

static void prepare_second_table_untouched(struct target *t)
{
	prepare_two_tables(t);
	t->addr += PAGE - 4;
	if (madvise((void *)(t->addr + 4), PAGE, MADV_DONTNEED))
		broken(t, "MADV_DONTNEED");
}

static void *thp(struct target *t, size_t size)
{
	void *p = map_huge_aligned(t, size);

	if (madvise(p, HUGE_PAGE, MADV_HUGEPAGE))
		lacks(t, LACKS_THP);
	return p;
}

static void must_be_pmd_mapped(struct target *t, void *p)
{
	if (smaps_kb(getpid(), (unsigned long)p, "AnonHugePages") < 2048) {
		errno = 0;
		broken(t, "no huge page was given");
	}
}

static void prepare_thp(struct target *t)
{
	void *p = thp(t, HUGE_PAGE);

	pattern_fill(p, HUGE_PAGE);
	must_be_pmd_mapped(t, p);
	set_target(t, p);
}

/* A huge page and small pages after it, in one VMA. */
static void prepare_thp_end(struct target *t)
{
	char *p = map_huge_aligned(t, 2 * HUGE_PAGE);

	pattern_fill(p, HUGE_PAGE + 4 * PAGE);
	if (madvise(p, HUGE_PAGE, MADV_COLLAPSE))
		lacks(t, "MADV_COLLAPSE");
	must_be_pmd_mapped(t, p);
	set_target(t, p);
}

static void prepare_huge_zero(struct target *t)
{
	volatile char *p = thp(t, HUGE_PAGE);

	(void)*p;
	/* One fault made everything present: the huge zero page. */
	if (smaps_kb(getpid(), (unsigned long)p, "Rss") > 0 ||
	    !small_pages_only((void *)p, HUGE_PAGE))
		broken(t, "no huge zero page");
	set_target(t, (void *)p);
}

/* Split the mapping: small entries of a folio that is still large. */
static void prepare_pte_mapped_thp(struct target *t)
{
	char *p = thp(t, HUGE_PAGE);

	pattern_fill(p, HUGE_PAGE);
	must_be_pmd_mapped(t, p);
	if (munmap(p + HUGE_PAGE - PAGE, PAGE))
		broken(t, "munmap");
	set_target(t, p);
}

static void prepare_prot_none_thp(struct target *t)
{
	prepare_thp(t);
	if (mprotect((void *)t->addr, HUGE_PAGE, PROT_NONE))
		broken(t, "mprotect");
}

static void prepare_uffd_missing(struct target *t)
{
	void *p = map(t, 4 * PAGE);

	userfaultfd_on(t, p, 4 * PAGE, 0, UFFDIO_REGISTER_MODE_MISSING);
	set_target(t, p);
}

static void prepare_uffd_rwp(struct target *t)
{
	char *p = make(t, ANON, 4 * PAGE);
	struct uffdio_rwprotect rwp = {
		.range = { .start = (unsigned long)p, .len = 4 * PAGE },
		.mode = UFFDIO_RWPROTECT_MODE_RWP,
	};
	int fd = userfaultfd_on(t, p, 4 * PAGE, UFFD_FEATURE_RWP,
				UFFDIO_REGISTER_MODE_RWP);

	if (ioctl(fd, UFFDIO_RWPROTECT, &rwp))
		broken(t, "UFFDIO_RWPROTECT");
}

/*
 * A driver supplies the pages by faults that need the mmap lock. The second
 * page, which is absent, begins in the middle of the eight bytes.
 */
static void prepare_half_by_driver(struct target *t)
{
	prepare_vdso(t);
	if (smaps_kb(getpid(), t->addr, "Size") < 8)
		lacks(t, "a vdso of two pages");
	(void)*(volatile char *)t->addr;
	if (madvise((void *)(t->addr + PAGE), PAGE, MADV_DONTNEED))
		broken(t, "MADV_DONTNEED");
	t->addr += PAGE - 4;
}

static void prepare_second_by_driver(struct target *t)
{
	prepare_half_by_driver(t);
	t->addr -= PAGE - 4;
}

static void prepare_vvar(struct target *t)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[256];

	while (fgets(line, sizeof(line), maps)) {
		if (strstr(line, "[vvar"))
			t->addr = strtoul(line, NULL, 16);
	}
	fclose(maps);
	if (!t->addr)
		lacks(t, "vvar");
}

/* Physical memory, with its own access function. */
static void prepare_dev_mem(struct target *t)
{
	int fd = open("/dev/mem", O_RDONLY);
	void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0xf0000);

	if (fd < 0 || p == MAP_FAILED)
		lacks(t, "/dev/mem");
	set_target(t, p);
}

/* Reads twice: the second read finds the page that the first one faulted in. */
static void run_read_again(const struct read_case *c, struct outcome *o)
{
	struct target *t = target_alloc();
	pid_t pid = target_start(c->prepare, t);
	struct counters start;

	remote_read(MEM, pid, t->addr, o->bytes, c->len);
	start = counters_read();
	o->ret = remote_read(MEM, pid, t->addr, o->bytes, c->len);
	o->events = counters_since(&start);
	target_stop(pid);
}

/* A write, which the fast path must not treat as a read, and its effect. */
static void run_write(const struct read_case *c, struct outcome *o)
{
	static const char text[8] = "written";
	struct target *t = target_alloc();
	pid_t pid = target_start(c->prepare, t);
	struct counters start = counters_read();
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	if (fd < 0 || pwrite(fd, text, 8, t->addr) != 8)
		outcome_broken(o, "write to mem");
	o->events = counters_since(&start);
	o->ret = pread(fd, o->bytes, 8, t->addr);
	if (memcmp(o->bytes, text, 8))
		outcome_broken(o, "not what was written");
	close(fd);
	target_stop(pid);
}

/* "Referenced" of smaps after a read; all marks are cleared before. */
static void run_referenced(const struct read_case *c, struct outcome *o)
{
	struct target *t = target_alloc();
	pid_t pid = target_start(c->prepare, t);
	char path[64];

	if (outcome_started(o, t)) {
		snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
		write_line(path, "1");
		if (smaps_kb(pid, t->addr, "Referenced"))
			outcome_broken(o, "clear_refs did not clear");
		remote_read(MEM, pid, t->addr + c->offset, o->bytes, c->len);
		o->ret = smaps_kb(pid, t->addr, "Referenced");
	}
	target_stop(pid);
}

/*
 * The classic LRU clears the mark when it is set again, and activates the page.
 * One read must not mark twice, even if it takes the slow path.
 */
static void run_referenced_once(const struct read_case *c, struct outcome *o)
{
	static const char lru_gen[] = "/sys/kernel/mm/lru_gen/enabled";
	bool has_lru_gen = !access(lru_gen, F_OK);

	if (has_lru_gen)
		write_line(lru_gen, "n");
	run_referenced(c, o);
	if (has_lru_gen)
		write_line(lru_gen, "y");
}

#define FAST_CASE(_name, _prepare, _offset, _len)			\
	{ .name = _name, .prepare = _prepare, .how = MEM,		\
	  .offset = _offset, .len = _len, .want = _len, .events = EV(FAST) }

static const struct read_case cases[] = {
	FAST_CASE("anonymous", prepare_resident, 8, 8),
	FAST_CASE("anonymous, across pages", prepare_scattered, 100, 2 * PAGE),
	FAST_CASE("anonymous, across two page tables", prepare_two_tables, 100,
		  PAGE),
	{ .name = "untouched", .prepare = prepare_untouched, .how = MEM,
	  .len = 2 * PAGE, .want = 2 * PAGE, .content = ZEROS,
	  .events = EV(FAST) },
	{ .name = "half of it untouched", .prepare = prepare_half_untouched,
	  .how = MEM, .len = 200, .want = 200, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "untouched, read again", .prepare = prepare_untouched,
	  .len = 2 * PAGE, .want = 2 * PAGE, .content = ZEROS,
	  .events = EV(FAST), .run = run_read_again },
	{ .name = "zero page", .prepare = prepare_zero_page, .how = MEM,
	  .offset = 10, .len = 2 * PAGE, .want = 2 * PAGE, .content = ZEROS,
	  .events = EV(FAST) },
	FAST_CASE("huge page", prepare_thp, 1000 * 1000, 64 * KIB),
	FAST_CASE("across the end of a huge page", prepare_thp_end,
		  HUGE_PAGE - 100, 200),
	{ .name = "huge zero page", .prepare = prepare_huge_zero, .how = MEM,
	  .offset = 1000 * 1000, .len = 64 * KIB, .want = 64 * KIB,
	  .content = ZEROS, .events = EV(FAST) },
	FAST_CASE("huge page, mapped by small entries",
		  prepare_pte_mapped_thp, 1000 * 1000, 64 * KIB),
	FAST_CASE("shared", prepare_shared, 100, 2 * PAGE),
	FAST_CASE("copy on write, shared with a child", prepare_cow_shared,
		  100, 2 * PAGE),
	FAST_CASE("copy on write, copied", prepare_cow_broken, 100, 2 * PAGE),
	FAST_CASE("mlocked", prepare_mlocked, 100, 2 * PAGE),
	FAST_CASE("file, private", prepare_file_private, 100, 2 * PAGE),
	FAST_CASE("file, shared", prepare_file_shared, 100, 2 * PAGE),
	FAST_CASE("file, private, written", prepare_file_cowed, 100,
		  2 * PAGE),
	{ .name = "file, untouched", .prepare = prepare_file_untouched,
	  .how = MEM, .offset = 100, .len = 100, .want = 100,
	  .events = EV(FAST) },
	{ .name = "file, past its end", .prepare = prepare_past_eof, .how = MEM,
	  .len = 100, .want = -EIO, .content = ANYTHING,
	  .events = EV(FAST) },
	FAST_CASE("memfd", prepare_memfd, 100, 2 * PAGE),
	{ .name = "hugetlb", .prepare = prepare_hugetlb, .how = MEM,
	  .offset = 100, .len = 2 * PAGE, .want = 2 * PAGE,
	  .events = EV(FAST) },
	{ .name = "secret memory", .prepare = prepare_secretmem, .how = MEM,
	  .len = 8, .want = -EIO, .content = ANYTHING, .events = EV(FAST) },
	FAST_CASE("droppable", prepare_droppable, 100, 2 * PAGE),
	{ .name = "swapped out", .prepare = prepare_swapped, .how = MEM,
	  .offset = 100, .len = 2 * PAGE, .want = 2 * PAGE,
	  .events = EV(FAST) },
	{ .name = "KSM", .prepare = prepare_ksm, .how = MEM, .offset = 100,
	  .len = 1000, .want = 1000, .events = EV(FAST) },
	{ .name = "resident, then guard region", .prepare = prepare_guard,
	  .how = MEM, .len = 200, .want = 100, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "guard region", .prepare = prepare_guard, .how = MEM,
	  .offset = 100, .len = 8, .want = -EIO, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "PROT_NONE", .prepare = prepare_prot_none, .how = MEM,
	  .offset = 100, .len = 8, .want = COMPARE, .content = ANYTHING,
	  .events = ANY_EVENTS },
	{ .name = "PROT_NONE, traced", .prepare = prepare_prot_none,
	  .how = MEM_TRACED, .offset = 100, .len = 2 * PAGE,
	  .want = 2 * PAGE, .content = PATTERN, .events = EV(FAST) },
	{ .name = "PROT_NONE, PEEKDATA", .prepare = prepare_prot_none,
	  .how = PEEKDATA, .offset = 100, .len = 8, .want = 8,
	  .content = PATTERN, .events = EV(FAST) },
	{ .name = "PROT_NONE huge page, traced",
	  .prepare = prepare_prot_none_thp, .how = MEM_TRACED, .offset = 100,
	  .len = 2 * PAGE, .want = 2 * PAGE, .content = PATTERN,
	  .events = EV(FAST) },
	{ .name = "write-only", .prepare = prepare_write_only, .how = MEM,
	  .offset = 100, .len = 8, .want = COMPARE, .content = ANYTHING,
	  .events = ANY_EVENTS },
	{ .name = "write-only, traced", .prepare = prepare_write_only,
	  .how = MEM_TRACED, .offset = 100, .len = 8, .want = 8,
	  .content = PATTERN, .events = EV(FAST) },
	{ .name = "userfaultfd, missing", .prepare = prepare_uffd_missing,
	  .how = MEM, .len = 8, .want = -EIO, .content = ANYTHING,
	  .events = EV(FAST) },
	FAST_CASE("userfaultfd, write-protected", prepare_uffd_wp, 100,
		  2 * PAGE),
	{ .name = "userfaultfd, read-write-protected",
	  .prepare = prepare_uffd_rwp, .how = MEM, .len = 8, .want = -EIO,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "vdso", .prepare = prepare_vdso, .how = MEM, .len = 64,
	  .want = 64, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "vvar", .prepare = prepare_vvar, .how = MEM, .len = 8,
	  .want = -EIO, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "device memory", .prepare = prepare_dev_mem, .how = MEM,
	  .len = 64, .want = 64, .content = ANYTHING, .events = EV(SPECIAL) },
	{ .name = "a write", .prepare = prepare_resident, .want = 8,
	  .content = ANYTHING, .events = EV(WRITE), .run = run_write },
	{ .name = "a read marks the page referenced",
	  .prepare = prepare_resident, .len = 8, .want = 4,
	  .content = ANYTHING, .events = ANY_EVENTS, .run = run_referenced },
	{ .name = "a read across two pages marks both",
	  .prepare = prepare_resident, .offset = PAGE - 4, .len = 8, .want = 8,
	  .content = ANYTHING, .events = ANY_EVENTS, .run = run_referenced },
	{ .name = "a read across two page tables marks both",
	  .prepare = prepare_two_tables, .offset = PAGE - 4, .len = 8,
	  .want = 8, .content = ANYTHING, .events = ANY_EVENTS,
	  .run = run_referenced },
	{ .name = "a read whose second page table lacks the page marks the rest once",
	  .prepare = prepare_second_table_untouched, .len = 8, .want = 4,
	  .content = ANYTHING, .events = ANY_EVENTS,
	  .run = run_referenced_once },
	{ .name = "a read half of which is not present marks the rest once",
	  .prepare = prepare_word_half_untouched, .len = 8, .want = 4,
	  .content = ANYTHING, .events = ANY_EVENTS,
	  .run = run_referenced_once },
	{ .name = "a read half of which a driver has to bring marks the rest once",
	  .prepare = prepare_half_by_driver, .len = 8, .want = 8,
	  .content = ANYTHING, .events = ANY_EVENTS,
	  .run = run_referenced_once },
	{ .name = "a long read of which a driver has to bring more marks each page once",
	  .prepare = prepare_second_by_driver, .len = 2 * PAGE,
	  .want = 8, .content = ANYTHING, .events = ANY_EVENTS,
	  .run = run_referenced_once },
	{ .name = "a read of a huge page marks it as stock does",
	  .prepare = prepare_thp, .len = 8, .want = COMPARE,
	  .content = ANYTHING, .events = ANY_EVENTS, .run = run_referenced },
};

int main(int argc, char **argv)
{
	select_tests(argc, argv);
	return run_cases(cases, ARRAY_SIZE(cases));
}
