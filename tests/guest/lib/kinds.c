// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "kinds.h"
#include "kinds-make.h"
#include "vmapeek.h"

#define MEDIUM_PAGE	(64 * KIB)

void must(struct target *t, bool ok, const char *what)
{
	if (!ok)
		broken(t, what);
}

void must_be_given(struct target *t, bool given, const char *what)
{
	errno = 0;
	must(t, given, what);
}

void *map_anon(struct target *t, char *at, size_t size)
{
	return map_at(t, (unsigned long)at, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void make_untouched(struct target *t, char *at, size_t size)
{
	map_anon(t, at, size);
}

void make_anon(struct target *t, char *at, size_t size)
{
	pattern_fill(map_anon(t, at, size), size);
}

static void make_sparse(struct target *t, char *at, size_t size)
{
	map_anon(t, at, size);
	for (size_t i = 0; i < size; i += 3 * PAGE)
		at[i] = pattern(i);
}

void read_all(char *at, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		(void)*(volatile char *)(at + i);
}

static void make_zero_page(struct target *t, char *at, size_t size)
{
	map_anon(t, at, size);
	read_all(at, size);
}

bool thp_enable(const char *when)
{
	if (access(THP "enabled", F_OK))
		return false;
	write_line(THP "enabled", when);
	return true;
}

void make_huge(struct target *t, char *at, size_t size)
{
	make_anon(t, at, size);
	if (madvise(at, size, MADV_COLLAPSE))
		lacks(t, "MADV_COLLAPSE");
	must_be_given(t, smaps_kb(getpid(), (unsigned long)at,
				  "AnonHugePages") > 0, "no huge page");
}

static void make_huge_split(struct target *t, char *at, size_t size)
{
	make_huge(t, at, size);
	must(t, !madvise(at + size - PAGE, PAGE, MADV_DONTNEED),
	     "MADV_DONTNEED");
}

static void make_huge_zero(struct target *t, char *at, size_t size)
{
	map_anon(t, at, size);
	if (madvise(at, size, MADV_HUGEPAGE))
		lacks(t, LACKS_THP);
	for (size_t i = 0; i < size; i += HUGE_PAGE)
		(void)*(volatile char *)(at + i);
}

static long medium_pages(void)
{
	char text[32] = "0";

	read_line(THP "hugepages-64kB/stats/anon_fault_alloc", text,
		  sizeof(text));
	return atol(text);
}

static void make_medium(struct target *t, char *at, size_t size)
{
	long before = medium_pages();

	if (access(THP "hugepages-64kB/enabled", F_OK))
		lacks(t, "folios of 64 KiB");
	write_line(THP "hugepages-64kB/enabled", "always");
	make_anon(t, at, size);
	write_line(THP "hugepages-64kB/enabled", "never");
	must_be_given(t, medium_pages() >=
		      before + (long)(size / MEDIUM_PAGE),
		      "no folios of 64 KiB");
}

static void make_hugetlb(struct target *t, char *at, size_t size)
{
	pattern_fill(map_at(t, (unsigned long)at, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1),
		     size);
}

static void make_secret(struct target *t, char *at, size_t size)
{
	int fd = syscall(SYS_memfd_secret, 0);

	if (fd < 0)
		lacks(t, "secret memory");
	must(t, !ftruncate(fd, size), "secret memory");
	pattern_fill(map_at(t, (unsigned long)at, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd), size);
	close(fd);
}

static void make_droppable(struct target *t, char *at, size_t size)
{
	if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_DROPPABLE |
		 MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at)
		lacks(t, "MAP_DROPPABLE");
	pattern_fill(at, size);
}

static void make_mlocked(struct target *t, char *at, size_t size)
{
	make_anon(t, at, size);
	must(t, !mlock(at, size), "mlock");
}

static void make_freed(struct target *t, char *at, size_t size)
{
	make_anon(t, at, size);
	must(t, !madvise(at, size, MADV_FREE), "MADV_FREE");
}

uint64_t pagemap_entry(struct target *t, const char *at)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;

	must(t, pread(fd, &entry, sizeof(entry), (unsigned long)at / PAGE * 8)
	     == sizeof(entry), "pagemap");
	close(fd);
	return entry;
}

static bool all_swapped(struct target *t, char *at, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		if (!(pagemap_entry(t, at + i) & PAGEMAP_SWAPPED))
			return false;
	return true;
}

/*
 * A freed page is the next to be allocated, so another mapping takes it first.
 */
void scatter(struct target *t, char *at, size_t size)
{
	char *other = map(t, HUGE_PAGE);

	for (size_t i = PAGE; i < size; i += PAGE)
		while ((pagemap_entry(t, at + i) & PAGEMAP_PFN) ==
		       (pagemap_entry(t, at + i - PAGE) & PAGEMAP_PFN) + 1) {
			memcpy(other, at + i, PAGE);
			must(t, !madvise(at + i, PAGE, MADV_DONTNEED),
			     "MADV_DONTNEED");
			other[PAGE] = 1;
			memcpy(at + i, other, PAGE);
			other += 2 * PAGE;
		}
}

/* By mincore(), which shows pages in the swap cache as resident. */
bool is_resident(struct target *t, char *at, size_t size)
{
	unsigned char page;

	for (size_t i = 0; i < size; i += PAGE) {
		must(t, !mincore(at + i, PAGE, &page), "mincore");
		if (page & 1)
			return true;
	}
	return false;
}

void swap_out(struct target *t, char *at, size_t size)
{
	for (int i = 0; i < 100; i++) {
		bool swapped = all_swapped(t, at, size);

		if (swapped && !is_resident(t, at, size))
			return;
		/*
		 * Let the disk write, if swap is one, and drain the batch of
		 * the CPU on which this task ran before.
		 */
		if (i) {
			usleep(i * 1000);
			write_line("/proc/sys/vm/drop_caches", "1");
		}
		/*
		 * A page stays in the swap cache after it was written to a
		 * disk. Reclaim frees it if it is mapped and clean.
		 */
		for (size_t n = 0; swapped && n < size; n += PAGE)
			(void)*(volatile char *)(at + n);
		must(t, !madvise(at, size, MADV_PAGEOUT), "MADV_PAGEOUT");
	}
	must_be_given(t, all_swapped(t, at, size) && !is_resident(t, at, size),
		      "not swapped out");
}

void make_swapped(struct target *t, char *at, size_t size)
{
	make_anon(t, at, size);
	swap_out(t, at, size);
}

static long merged_pages(struct target *t)
{
	char text[32];

	must(t, read_line("/proc/self/ksm_merging_pages", text, sizeof(text)),
	     "KSM");
	return atol(text);
}

static void make_merged(struct target *t, char *at, size_t size)
{
	long want = merged_pages(t) + size / PAGE;

	map_anon(t, at, size);
	for (size_t i = 0; i < size; i += PAGE)
		pattern_fill(at + i, PAGE);
	if (madvise(at, size, MADV_MERGEABLE))
		lacks(t, "KSM");
	write_line("/sys/kernel/mm/ksm/run", "1");
	while (merged_pages(t) < want)
		usleep(1000);
	write_line("/sys/kernel/mm/ksm/run", "0");
}

static void make_guard(struct target *t, char *at, size_t size)
{
	size_t half = size / 2 & ~(PAGE - 1);

	make_anon(t, at, size);
	if (madvise(at + half, size - half, MADV_GUARD_INSTALL))
		lacks(t, "MADV_GUARD_INSTALL");
}

static void make_protected(struct target *t, char *at, size_t size, int prot)
{
	make_anon(t, at, size);
	must(t, !mprotect(at, size, prot), "mprotect");
}

static void make_no_access(struct target *t, char *at, size_t size)
{
	make_protected(t, at, size, PROT_NONE);
}

static void make_write_only(struct target *t, char *at, size_t size)
{
	make_protected(t, at, size, PROT_WRITE);
}

static void make_execute_only(struct target *t, char *at, size_t size)
{
	make_protected(t, at, size, PROT_EXEC);
}

static void make_read_only(struct target *t, char *at, size_t size)
{
	make_protected(t, at, size, PROT_READ);
}

static void make_protection_key(struct target *t, char *at, size_t size)
{
	int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);

	if (key < 0)
		lacks(t, "protection keys");
	make_anon(t, at, size);
	must(t, !pkey_mprotect(at, size, PROT_READ | PROT_WRITE, key),
	     "pkey_mprotect");
}

static void make_stack(struct target *t, char *at, size_t size)
{
	pattern_fill(map_at(t, (unsigned long)at, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1),
		     size);
}

/* The BIOS, which is 64 KiB. */
static void make_device(struct target *t, char *at, size_t size)
{
	int fd = open("/dev/mem", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || mmap(at, size, PROT_READ, MAP_SHARED |
			   MAP_FIXED_NOREPLACE, fd, 0xf0000) != at)
		lacks(t, "/dev/mem");
	close(fd);
}

bool name_memory(char *at, size_t size, const char *name)
{
	return !prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, size, name);
}

void prepare_vdso(struct target *t)
{
	t->addr = getauxval(AT_SYSINFO_EHDR);
	if (!t->addr)
		lacks(t, "vdso");
	/* Touch it to map it. */
	must_be_given(t, *(volatile char *)t->addr == 0x7f, "vdso");
}

#define KIND(_name, _make)	{ .name = _name, .make = _make, .align = PAGE }
#define KIND_ALIGNED(_name, _make, _align) \
	{ .name = _name, .make = _make, .align = _align }
#define KIND_FORKS(_name, _make, _align) \
	{ .name = _name, .make = _make, .align = _align, .forks = true }

const struct kind_info kinds[NR_KINDS] = {
	[ANON] = KIND("anonymous", make_anon),
	[UNTOUCHED] = KIND("untouched", make_untouched),
	[SPARSE] = KIND("every third page", make_sparse),
	[ZERO_PAGE] = KIND("zero page", make_zero_page),
	[HUGE] = KIND_ALIGNED("huge page", make_huge, HUGE_PAGE),
	[HUGE_SPLIT] = KIND_ALIGNED("huge page, mapped by small entries",
				    make_huge_split, HUGE_PAGE),
	[HUGE_ZERO] = KIND_ALIGNED("huge zero page", make_huge_zero,
				   HUGE_PAGE),
	[MEDIUM] = KIND_ALIGNED("folios of 64 KiB", make_medium, MEDIUM_PAGE),
	[SHARED] = KIND("shared", make_shared),
	[SHARED_HUGE] = KIND_ALIGNED("shared huge page", make_shared_huge,
				     HUGE_PAGE),
	[MEMFD] = KIND("memfd", make_memfd),
	[FILE_PRIVATE] = KIND("file, private", make_file_private),
	[FILE_SHARED] = KIND("file, shared", make_file_shared),
	[FILE_COPIED] = KIND("file, private, written", make_file_copied),
	[FILE_UNTOUCHED] = KIND("file, untouched", make_file_untouched),
	[FILE_ENDS] = KIND("file, then past its end", make_file_ends),
	[HUGETLB] = KIND_ALIGNED("hugetlb", make_hugetlb, HUGE_PAGE),
	[SECRET] = KIND("secret memory", make_secret),
	[DROPPABLE] = KIND("droppable", make_droppable),
	[MLOCKED] = KIND("mlocked", make_mlocked),
	[FREED] = KIND("MADV_FREE", make_freed),
	[SWAPPED] = KIND("swapped out", make_swapped),
	[MERGED] = KIND("KSM", make_merged),
	[GUARD] = KIND("resident, then guard region", make_guard),
	[NO_ACCESS] = KIND("PROT_NONE", make_no_access),
	[WRITE_ONLY] = KIND("write-only", make_write_only),
	[EXECUTE_ONLY] = KIND("execute-only", make_execute_only),
	[PROTECTION_KEY] = KIND("protection key", make_protection_key),
	[READ_ONLY] = KIND("read-only", make_read_only),
	[FORKED] = KIND_FORKS("shared with a child", make_forked, PAGE),
	[FORKED_HUGE] = KIND_FORKS("huge page, shared with a child",
				   make_forked_huge, HUGE_PAGE),
	[FORKED_SWAPPED] = KIND_FORKS("swapped out, shared with a child",
				      make_forked_swapped, PAGE),
	[FORKED_FILE] = KIND_FORKS("written file, shared with a child",
				   make_forked_file, PAGE),
	[FORKED_COPIED] = KIND_FORKS("shared with a child, then written",
				     make_forked_copied, PAGE),
	[FORKED_ALONE] = KIND_FORKS("shared with a child that has ended",
				    make_forked_alone, PAGE),
	[FAULT_SERVED] = KIND("userfaultfd, served", make_fault_served),
	[FAULT_SIGBUS] = KIND("userfaultfd, missing", make_fault_sigbus),
	[FAULT_POISONED] = KIND("userfaultfd, poisoned", make_fault_poisoned),
	[WRITE_PROTECTED] = KIND("userfaultfd, write-protected",
				 make_write_protected),
	[ACCESS_PROTECTED] = KIND("userfaultfd, read-write-protected",
				  make_access_protected),
	[STACK] = KIND("stack", make_stack),
	[DEVICE] = KIND("device memory", make_device),
};

void make_kind(struct target *t, enum kind kind, size_t size)
{
	kinds[kind].make(t, (char *)TARGET_AT, size);
	t->addr = TARGET_AT;
}
