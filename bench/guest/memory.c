// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kinds.h"
#include "memory.h"
#include "vmapeek.h"

#define LARGE_FOLIO	"hugepages-64kB"
#define RAMFS		"/ramfs"

#define WORD		8

static size_t walk_total, total;

static void set_target(struct target *t, void *addr)
{
	t->addr = (unsigned long)addr;
}

/* Set the target's memory, and let cmdline and environ show it, too. */
static void set_shown(struct target *t, void *addr, size_t size)
{
	set_target(t, addr);
	for (int i = 0; i < 2; i++)
		if (!show_memory(i, t->addr, t->addr + size))
			broken(t, "PR_SET_MM");
}

static void set_thp(const char *huge, const char *large)
{
	write_line(THP "hugepages-2048kB/enabled", huge);
	write_line(THP LARGE_FOLIO "/enabled", large);
}

/* Aligned, so that each walk starts at the beginning of a PTE table. */
static char *map_small_pages(struct target *t, size_t size)
{
	char *p = map_huge_aligned(t, size);

	if (!small_pages_only(p, size))
		broken(t, "MADV_NOHUGEPAGE");
	set_target(t, p);
	return p;
}

static void prepare_small_pages(struct target *t)
{
	pattern_fill(map_small_pages(t, total), total);
}

static void prepare_huge_pages(struct target *t)
{
	char *p = map_huge_aligned(t, total);

	if (access(THP "hugepages-2048kB", F_OK))
		lacks(t, "transparent huge pages");
	set_thp("madvise", "never");
	if (madvise(p, total, MADV_HUGEPAGE))
		broken(t, "MADV_HUGEPAGE");
	pattern_fill(p, total);
	if (smaps_kb(getpid(), (unsigned long)p, "AnonHugePages") !=
	    (long)(total / KIB))
		lacks(t, "enough huge pages");
	set_target(t, p);
}

static long large_folios(void)
{
	char text[32] = "0";

	read_line(THP LARGE_FOLIO "/stats/anon_fault_alloc", text,
		  sizeof(text));
	return strtol(text, NULL, 10);
}

static void prepare_large_folios(struct target *t)
{
	char *p = map_huge_aligned(t, total);
	long before = large_folios();

	if (access(THP LARGE_FOLIO, F_OK))
		lacks(t, "anonymous large folios");
	set_thp("never", "madvise");
	if (madvise(p, total, MADV_HUGEPAGE))
		broken(t, "MADV_HUGEPAGE");
	pattern_fill(p, total);
	set_thp("never", "never");
	if (large_folios() - before != (long)(total / (64 * KIB)))
		lacks(t, "enough large folios");
	set_target(t, p);
}

static void prepare_shmem(struct target *t)
{
	char *p = map_at(t, 0, total, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1);

	pattern_fill(p, total);
	set_target(t, p);
}

/* Page cache that is not shmem, and needs no disk. */
static void prepare_file_pages(struct target *t)
{
	char *p;
	int fd;

	mkdir(RAMFS, 0700);
	if (mount("ramfs", RAMFS, "ramfs", 0, ""))
		lacks(t, "ramfs");
	fd = open(RAMFS "/file", O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, total))
		broken(t, RAMFS "/file");
	p = map_at(t, 0, total, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	pattern_fill(p, total);
	set_shown(t, p, WORD);
}

/* The memory that is read lies in the middle of the other mappings. */
static void make_vmas(struct target *t, int vmas)
{
	char *p = map_at(t, 0, vmas * PAGE, PROT_READ,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *middle = p + vmas / 2 * PAGE;

	for (int i = 0; i < vmas; i += 2)
		if (mprotect(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE))
			broken(t, "mprotect");
	pattern_fill(middle, PAGE);
	set_target(t, middle);
}

static void prepare_many_vmas(struct target *t)
{
	make_vmas(t, 1000);
}

static void prepare_most_vmas(struct target *t)
{
	make_vmas(t, 60000);
}

/* One resident page in each, and a hole after each second one. */
static void prepare_touched_vmas(struct target *t)
{
	size_t size = 1500 * PAGE;
	char *p = map_at(t, 0, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!small_pages_only(p, size))
		broken(t, "MADV_NOHUGEPAGE");
	pattern_fill(p, size);
	for (char *at = p; at < p + size; at += 3 * PAGE)
		if (mprotect(at, PAGE, PROT_READ) ||
		    munmap(at + 2 * PAGE, PAGE))
			broken(t, "mprotect");
	set_target(t, p);
}

/* The page boundary is in the middle of the eight bytes. */
static void prepare_two_pages(struct target *t)
{
	char *p = map_small_pages(t, 2 * PAGE);

	pattern_fill(p, 2 * PAGE);
	set_shown(t, p + PAGE - WORD / 2, WORD);
}

/* The second page is the first one of another page table. */
static void prepare_two_tables(struct target *t)
{
	char *p = map_small_pages(t, 2 * HUGE_PAGE) + HUGE_PAGE;

	pattern_fill(p - PAGE, 2 * PAGE);
	set_shown(t, p - WORD / 2, WORD);
}

/* The boundary is in the middle of the eight bytes from here. */
static void prepare_two_vmas(struct target *t)
{
	char *p = map(t, 2 * PAGE);

	pattern_fill(p, 2 * PAGE);
	if (mprotect(p + PAGE, PAGE, PROT_READ))
		broken(t, "mprotect");
	set_shown(t, p + PAGE - 4, WORD);
}

static void prepare_hole(struct target *t)
{
	char *p = map(t, PAGE);

	munmap(p, PAGE);
	set_shown(t, p, WORD);
}

static void prepare_protected(struct target *t)
{
	char *p = map(t, PAGE);

	pattern_fill(p, PAGE);
	if (mprotect(p, PAGE, PROT_NONE))
		broken(t, "mprotect");
	set_shown(t, p, WORD);
}

static void prepare_hugetlb(struct target *t)
{
	char *p;

	write_line("/proc/sys/vm/nr_hugepages", "1");
	p = mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (p == MAP_FAILED)
		lacks(t, "a huge page");
	pattern_fill(p, HUGE_PAGE);
	set_shown(t, p, WORD);
}

static void prepare_page(struct target *t, enum kind kind)
{
	char *p = map(t, PAGE);

	munmap(p, PAGE);
	kinds[kind].make(t, p, PAGE);
	set_shown(t, p, WORD);
}

static void prepare_secret(struct target *t)
{
	prepare_page(t, SECRET);
}

static void prepare_device(struct target *t)
{
	prepare_page(t, DEVICE);
}

static void prepare_absent(struct target *t)
{
	set_shown(t, map_small_pages(t, walk_total), walk_total);
}

static void prepare_shared(struct target *t)
{
	pid_t pid;

	pattern_fill(map_small_pages(t, walk_total), walk_total);
	pid = fork();
	if (pid < 0)
		broken(t, "fork");
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

struct memory memories[NR_MEMORY_KINDS] = {
	[SMALL_PAGES] = { "4 KiB pages", prepare_small_pages },
	[HUGE_PAGES] = { "THP", prepare_huge_pages },
	[LARGE_FOLIOS] = { "64 KiB folios", prepare_large_folios },
	[SHMEM] = { "shmem", prepare_shmem },
	[FILE_PAGES] = { "page cache", prepare_file_pages },
	[MANY_VMAS] = { "4 KiB pages, 1000 VMAs", prepare_many_vmas },
	[MOST_VMAS] = { "4 KiB pages, 60000 VMAs", prepare_most_vmas },
	[TOUCHED_VMAS] = { "a page each, 1000 VMAs", prepare_touched_vmas },
	[TWO_PAGES] = { "two pages", prepare_two_pages },
	[TWO_TABLES] = { "two page tables", prepare_two_tables },
	[TWO_VMAS] = { "two VMAs", prepare_two_vmas },
	[HOLE] = { "hole", prepare_hole },
	[PROTECTED] = { "PROT_NONE", prepare_protected },
	[HUGETLB_PAGE] = { "hugetlb", prepare_hugetlb },
	[SECRET_PAGE] = { "secret memory", prepare_secret },
	[DEVICE_PAGE] = { "device memory", prepare_device },
	[ABSENT] = { "not present", prepare_absent },
	[FORK_SHARED] = { "shared after fork", prepare_shared },
	[OWN] = { "the reader's own" },
	[NO_MEMORY] = { "-" },
};

static void memory_prepare(struct memory *m, int passes)
{
	/* One more page, which no walk reaches. */
	walk_total = m->walks * passes * WALK_SIZE + PAGE;
	m->target = target_alloc();
	m->pid = target_start(m->prepare, m->target);
	if (m->target->broken[0])
		die("%s: %s", m->name, m->target->broken);
	if (m->target->lacks[0]) {
		printf("not measured: %s (this kernel or machine lacks %s)\n",
		       m->name, m->target->lacks);
		target_stop(m->pid);
		m->pid = 0;
	}
	m->cursor = m->target->addr;
}

void memories_prepare(int passes, size_t size)
{
	total = size;
	for (struct memory *m = memories; m < memories + NR_MEMORY_KINDS; m++)
		if (m->prepare)
			memory_prepare(m, passes);
}

void memories_prepare_one(enum memory_kind kind, size_t size)
{
	total = size;
	memory_prepare(&memories[kind], 0);
}

void memories_stop(void)
{
	for (struct memory *m = memories; m < memories + NR_MEMORY_KINDS; m++)
		if (m->prepare && m->pid)
			target_stop(m->pid);
}
