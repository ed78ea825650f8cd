// SPDX-License-Identifier: GPL-2.0
/* A shared file with two mappings: the region and another one. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plays.h"

#define REGION		((char *)REGION_AT)
#define OTHER		((char *)REGION_AT + 16 * MIB)
#define GIB		(1024 * MIB)

static int file;

static void map_file(struct scene *s, char *at)
{
	scene_map(s, (unsigned long)at, s->size,
		  MAP_SHARED | MAP_FIXED_NOREPLACE, file);
}

void setup_file(struct scene *s)
{
	unsigned int g = generation_begin(s, 0, s->size);

	file = memfd_create("torture", MFD_CLOEXEC);
	scene_must(s, file >= 0 && !ftruncate(file, s->size), "memfd");
	map_file(s, REGION);
	map_file(s, OTHER);
	scene_fill(s, REGION, 0, s->size, g);
	generation_end(s, 0, s->size, g);
}

static void touch_all(struct scene *s, char *at)
{
	for (unsigned long i = 0; i < s->size; i += PAGE)
		(void)*(volatile char *)(at + i);
}

static void punch(struct scene *s, unsigned long at, size_t size)
{
	if (scene_random(s, 2))
		scene_must(s, !fallocate(file, FALLOC_FL_PUNCH_HOLE |
					 FALLOC_FL_KEEP_SIZE, at, size),
			   "punch a hole");
	else
		scene_must(s, !madvise(OTHER + at, size, MADV_REMOVE),
			   "MADV_REMOVE");
	scene_refill(s, OTHER + at, at, size);
}

/*
 * Punching a hole splits the huge page and unmaps it from both page tables.
 * Then both mappings get small entries. Collapsing one of them frees the page
 * table of the other.
 */
void step_retract(struct scene *s)
{
	unsigned long chunk = scene_chunk(s);

	punch(s, scene_random(s, CHUNKS) * chunk, chunk);
	touch_all(s, REGION);
	touch_all(s, OTHER);
	if (madvise(OTHER, s->size, MADV_COLLAPSE) && errno == EINVAL)
		scene_lacks(s, "MADV_COLLAPSE of shared memory");
	if (scene_random(s, 2))
		madvise(REGION, s->size, MADV_COLLAPSE);
}

void step_punch(struct scene *s)
{
	size_t size;
	unsigned long at = scene_pages(s, &size);

	punch(s, at, size);
}

void step_truncate(struct scene *s)
{
	unsigned long at = scene_random(s, s->size / PAGE) * PAGE;

	scene_must(s, !ftruncate(file, at) && !ftruncate(file, s->size),
		   "truncate");
	if (at == s->size)
		return;
	scene_refill(s, OTHER + at, at, s->size - at);
}

/* Large and aligned enough for two mappings to share their tables. */
void setup_hugetlb(struct scene *s)
{
	unsigned int g = generation_begin(s, 0, s->size);

	file = memfd_create("torture", MFD_CLOEXEC | MFD_HUGETLB);
	if (file < 0)
		scene_lacks(s, "hugetlb");
	scene_must(s, !ftruncate(file, GIB), "truncate");
	scene_map(s, REGION_AT, GIB, MAP_SHARED | MAP_NORESERVE |
		  MAP_FIXED_NOREPLACE, file);
	scene_fill(s, REGION, 0, s->size, g);
	generation_end(s, 0, s->size, g);
}

/* Another process maps the same file, and exits. */
void step_hugetlb(struct scene *s)
{
	char *other = REGION + GIB;

	if (in_child()) {
		scene_map(s, (unsigned long)other, GIB, MAP_SHARED |
			  MAP_NORESERVE | MAP_FIXED_NOREPLACE, file);
		touch_all(s, other);
		munmap(other, GIB);
		_exit(0);
	}
	scene_must(s, wait(NULL) > 0, "wait for a child");
}
