// SPDX-License-Identifier: GPL-2.0
/* Anonymous memory that is replaced, unmapped, protected or discarded. */
#include <errno.h>
#include <sys/mman.h>

#include "plays.h"
#include "util.h"

#define REGION	((char *)REGION_AT)

/* Fill a mapping elsewhere, then move it into place under one lock. */
static void replace(struct scene *s, char *from)
{
	unsigned int g = generation_begin(s, 0, s->size);

	scene_fill(s, from, 0, s->size, g);
	scene_must(s, mremap(from, s->size, s->size,
			     MREMAP_MAYMOVE | MREMAP_FIXED, REGION) == REGION,
		   "mremap");
	generation_end(s, 0, s->size, g);
}

void setup_replace(struct scene *s)
{
	setup_plain(s);
}

void step_replace(struct scene *s)
{
	replace(s, scene_map(s, 0, s->size, MAP_PRIVATE, -1));
}

static char *map_aligned(struct scene *s, bool huge)
{
	unsigned long size = s->size + HUGE_PAGE;
	char *p = scene_map(s, 0, size, MAP_PRIVATE, -1);
	char *start = (char *)(((unsigned long)p + HUGE_PAGE - 1) &
			       ~(HUGE_PAGE - 1));

	if (start > p)
		munmap(p, start - p);
	munmap(start + s->size, p + size - start - s->size);
	madvise(start, s->size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return start;
}

void setup_replace_huge(struct scene *s)
{
	replace(s, map_aligned(s, false));
}

/* Moves whole tables and huge entries, in turns. */
void step_replace_huge(struct scene *s)
{
	replace(s, map_aligned(s, scene_random(s, 2)));
}

/* Map some pages of the region anew. */
void step_remap(struct scene *s)
{
	size_t size;
	unsigned long at = scene_pages(s, &size);
	unsigned int g = generation_begin(s, at, size);

	scene_map(s, REGION_AT + at, size, MAP_PRIVATE | MAP_FIXED, -1);
	scene_fill(s, REGION + at, at, size, g);
	generation_end(s, at, size, g);
}

void step_unmap(struct scene *s)
{
	unsigned int g;

	scene_must(s, !munmap(REGION, s->size), "munmap");
	g = generation_begin(s, 0, s->size);
	scene_map(s, REGION_AT, s->size, MAP_PRIVATE | MAP_FIXED_NOREPLACE,
		  -1);
	scene_fill(s, REGION, 0, s->size, g);
	generation_end(s, 0, s->size, g);
}

static void map_neighbour(struct scene *s, char *at, size_t size)
{
	/* Shared, so that it does not merge with the region. */
	char *p = mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED |
		       MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	scene_must(s, p == at, "mmap of a neighbour");
	for (size_t i = 0; i < size; i += PAGE)
		p[i] = 1;
}

#define NEIGHBOUR	(4 * PAGE)

void setup_neighbours(struct scene *s)
{
	setup_plain(s);
	map_neighbour(s, REGION - NEIGHBOUR, NEIGHBOUR);
	map_neighbour(s, REGION + s->size, NEIGHBOUR);
}

/* Unmap and map the neighbours, which may share tables with the region. */
void step_neighbours(struct scene *s)
{
	char *at = scene_random(s, 2) ? REGION - NEIGHBOUR :
					REGION + s->size;

	scene_must(s, !munmap(at, NEIGHBOUR), "munmap of a neighbour");
	map_neighbour(s, at, NEIGHBOUR);
}

static void protect(struct scene *s, int prot)
{
	size_t size;
	unsigned long at = scene_pages(s, &size);

	scene_must(s, !mprotect(REGION + at, size, prot), "mprotect");
	scene_must(s, !mprotect(REGION + at, size, PROT_READ | PROT_WRITE),
		   "mprotect back");
}

/* Splits and merges mappings, which stay readable all the time. */
void step_protect(struct scene *s)
{
	protect(s, PROT_READ);
}

void step_no_access(struct scene *s)
{
	protect(s, PROT_NONE);
}

/* Small pages from the second generation on: huge ones have no table. */
void setup_discard(struct scene *s)
{
	setup_plain(s);
	scene_must(s, small_pages_only(REGION, s->size),
		   "MADV_NOHUGEPAGE");
}

/*
 * Discard all pages, and maybe their table; then fill a new generation. A few
 * pages are mostly enough to get a new table, and filling all takes long.
 */
void step_discard(struct scene *s)
{
	size_t size;
	unsigned long at = scene_pages(s, &size);

	if (!scene_random(s, 8)) {
		at = 0;
		size = s->size;
	}
	scene_must(s, !madvise(REGION, s->size, MADV_DONTNEED),
		   "MADV_DONTNEED");
	scene_refill(s, REGION + at, at, size);
}

void step_free(struct scene *s)
{
	unsigned int g = generation_begin(s, 0, s->size);

	scene_must(s, !madvise(REGION, s->size, MADV_FREE), "MADV_FREE");
	madvise(REGION, s->size, MADV_PAGEOUT);
	scene_fill(s, REGION, 0, s->size, g);
	generation_end(s, 0, s->size, g);
}

void step_guard(struct scene *s)
{
	size_t size;
	unsigned long at = scene_pages(s, &size);

	if (madvise(REGION + at, size, MADV_GUARD_INSTALL)) {
		if (errno == EINVAL)
			scene_lacks(s, "MADV_GUARD_INSTALL");
		scene_broken(s, "MADV_GUARD_INSTALL");
	}
	scene_must(s, !madvise(REGION + at, size, MADV_GUARD_REMOVE),
		   "MADV_GUARD_REMOVE");
	scene_refill(s, REGION + at, at, size);
}
