// SPDX-License-Identifier: GPL-2.0
/*
 * Absent memory, which the readers fault in. The target does not touch it for a
 * while, and changes its mappings meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmapeek.h"
#include "plays.h"

#define REGION		((char *)REGION_AT)
#define OTHER		((char *)REGION_AT + 16 * MIB)
#define ZRAM		"/sys/class/zram-control/hot_add"

static void leave_to_readers(struct scene *s)
{
	usleep(scene_random(s, 2000));
}

static void page_out(struct scene *s, unsigned long at, size_t size)
{
	scene_must(s, !madvise(REGION + at, size, MADV_PAGEOUT),
		   "MADV_PAGEOUT");
}

/* Split the mapping, and let it merge again. */
static void split(struct scene *s)
{
	size_t size;
	unsigned long at = scene_pages(s, &size);

	if (scene_random(s, 2)) {
		scene_must(s, !mprotect(REGION + at, size, PROT_READ) &&
			      !mprotect(REGION + at, size,
					PROT_READ | PROT_WRITE), "mprotect");
		return;
	}
	scene_must(s, !madvise(REGION + at, size, MADV_RANDOM) &&
		      !madvise(REGION + at, size, MADV_NORMAL), "madvise");
}

static void touch_some(struct scene *s)
{
	size_t size;
	unsigned long at = scene_pages(s, &size);

	for (unsigned long i = 0; i < size; i += PAGE)
		(void)*(volatile char *)(REGION + at + i);
}

void step_fault_swapped(struct scene *s)
{
	page_out(s, 0, s->size);
	leave_to_readers(s);
	split(s);
	if (scene_random(s, 4) == 0)
		touch_some(s);
}

/* Move the whole region away and back. mremap() moves one mapping only. */
static void move_away(struct scene *s)
{
	scene_map(s, REGION_AT, s->size, MAP_PRIVATE | MAP_FIXED, -1);
	scene_refill(s, REGION, 0, s->size);
	page_out(s, 0, s->size);
	leave_to_readers(s);
	scene_must(s, mremap(REGION, s->size, s->size, MREMAP_MAYMOVE |
			     MREMAP_FIXED, OTHER) == OTHER &&
		      mremap(OTHER, s->size, s->size, MREMAP_MAYMOVE |
			     MREMAP_FIXED, REGION) == REGION, "mremap");
}

/* A hole, then untouched pages, then filled ones. */
static void map_anew(struct scene *s)
{
	size_t size;
	unsigned long at = scene_pages(s, &size);

	switch (scene_random(s, 3)) {
	case 0:
		scene_must(s, !munmap(REGION + at, size), "munmap");
		leave_to_readers(s);
		scene_map(s, REGION_AT + at, size, MAP_PRIVATE |
			  MAP_FIXED_NOREPLACE, -1);
		break;
	case 1:
		scene_map(s, REGION_AT + at, size, MAP_PRIVATE | MAP_FIXED, -1);
		break;
	default:
		scene_must(s, !madvise(REGION + at, size, MADV_DONTNEED),
			   "MADV_DONTNEED");
	}
	leave_to_readers(s);
	scene_refill(s, REGION + at, at, size);
}

void step_fault_replaced(struct scene *s)
{
	page_out(s, 0, s->size);
	leave_to_readers(s);
	if (scene_random(s, 3) == 0)
		move_away(s);
	else
		map_anew(s);
}

/* Share the pages with a child for a while, which writes to its copy. */
void step_fault_shared(struct scene *s)
{
	pid_t pid;
	int fds[2];

	scene_must(s, !pipe(fds), "pipe");
	pid = fork();
	if (!pid) {
		char byte;

		close(fds[1]);
		memset(REGION, 0, s->size / 2);
		/* Wait until the target closes its end, or exits. */
		_exit(read(fds[0], &byte, 1) != 0);
	}
	scene_must(s, pid > 0, "fork");
	close(fds[0]);
	leave_to_readers(s);
	split(s);
	if (scene_random(s, 2))
		page_out(s, 0, s->size);
	leave_to_readers(s);
	close(fds[1]);
	scene_must(s, waitpid(pid, NULL, 0) == pid, "wait for a child");
}

static int file;

/* Page cache that can be evicted, because a block device backs it. */
static void make_device(struct scene *s)
{
	char nr[16], path[64], size[24];

	if (!read_line(ZRAM, nr, sizeof(nr)))
		scene_lacks(s, "another zram device");
	snprintf(path, sizeof(path), "/sys/block/zram%s/disksize", nr);
	snprintf(size, sizeof(size), "%lu", s->size);
	write_line(path, size);
	snprintf(path, sizeof(path), "/dev/zram%s", nr);
	file = open(path, O_RDWR | O_CLOEXEC);
	scene_must(s, file >= 0, path);
}

/*
 * Fill it by write(): instrumented 7.3 kernels lose half of the data that is
 * written through a mapping.
 */
void setup_device(struct scene *s)
{
	unsigned int g = generation_begin(s, 0, s->size);
	char *p;

	make_device(s);
	p = scene_map(s, (unsigned long)OTHER, s->size, MAP_PRIVATE |
		      MAP_FIXED_NOREPLACE, -1);
	scene_fill(s, p, 0, s->size, g);
	scene_must(s, pwrite(file, p, s->size, 0) == (ssize_t)s->size &&
		   !fsync(file) && !munmap(p, s->size), "writing a device");
	scene_map(s, REGION_AT, s->size, MAP_SHARED | MAP_FIXED_NOREPLACE,
		  file);
	generation_end(s, 0, s->size, g);
}

static void evict(struct scene *s)
{
	scene_must(s, !madvise(REGION, s->size, MADV_DONTNEED) &&
		      !posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), "evict");
}

/* Split the mapping, or replace it by another one of the same file. */
void step_fault_file(struct scene *s)
{
	size_t size;
	unsigned long at = scene_pages(s, &size);

	evict(s);
	leave_to_readers(s);
	if (scene_random(s, 2)) {
		split(s);
		return;
	}
	if (mmap(REGION + at, size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, file, at) == MAP_FAILED)
		scene_broken(s, "mmap");
}

static void map_hugetlb(struct scene *s)
{
	void *p = mmap(REGION, s->size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		       MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED)
		scene_lacks(s, "huge pages");
}

void setup_fault_hugetlb(struct scene *s)
{
	map_hugetlb(s);
	scene_refill(s, REGION, 0, s->size);
}

void step_fault_hugetlb(struct scene *s)
{
	if (scene_random(s, 2)) {
		scene_must(s, !munmap(REGION, s->size), "munmap");
		map_hugetlb(s);
	} else {
		scene_must(s, !madvise(REGION, s->size, MADV_DONTNEED),
			   "MADV_DONTNEED");
	}
	leave_to_readers(s);
	scene_refill(s, REGION, 0, s->size);
}

/* Swap out a part of a split huge page before it is collapsed. */
void step_fault_collapse(struct scene *s)
{
	unsigned long huge = scene_random(s, s->size / HUGE_PAGE) * HUGE_PAGE;

	step_split(s);
	page_out(s, huge + scene_random(s, HUGE_PAGE / PAGE / 2) * PAGE,
		 HUGE_PAGE / 8);
	leave_to_readers(s);
	madvise(REGION, s->size, MADV_COLLAPSE);
}

/* For targets that exit while they are read. */
void setup_swapped(struct scene *s)
{
	setup_plain(s);
	page_out(s, 0, s->size);
}

void setup_half_untouched(struct scene *s)
{
	setup_plain(s);
	for (unsigned long at = 0; at < s->size; at += 2 * PAGE)
		scene_must(s, !madvise(REGION + at, PAGE, MADV_DONTNEED),
			   "MADV_DONTNEED");
}
