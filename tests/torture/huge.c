// SPDX-License-Identifier: GPL-2.0
/* Huge pages that are collapsed, split and discarded. */
#include <errno.h>
#include <sys/mman.h>

#include "plays.h"

#define REGION	((char *)REGION_AT)

void setup_huge(struct scene *s)
{
	setup_plain(s);
	if (madvise(REGION, s->size, MADV_COLLAPSE) && errno == EINVAL)
		scene_lacks(s, "MADV_COLLAPSE");
}

/* Splits a huge page; its content stays the same. */
void step_split(struct scene *s)
{
	char *page = REGION + scene_random(s, s->size / PAGE) * PAGE;

	scene_must(s, !mprotect(page, PAGE, PROT_READ), "mprotect");
	scene_must(s, !mprotect(page, PAGE, PROT_READ | PROT_WRITE),
		   "mprotect back");
}

void step_collapse(struct scene *s)
{
	step_split(s);
	/* May fail: no huge page is free, or a page is in use. */
	madvise(REGION, s->size, MADV_COLLAPSE);
}

static void discard(struct scene *s)
{
	scene_must(s, !madvise(REGION, s->size, MADV_DONTNEED),
		   "MADV_DONTNEED");
}

/* Mostly with only a word in each huge page. */
void step_discard_huge(struct scene *s)
{
	unsigned int g = generation_begin(s, 0, s->size);

	for (int i = 0; i < 8; i++) {
		discard(s);
		for (unsigned long at = 0; at < s->size; at += HUGE_PAGE)
			scene_fill(s, REGION + at, at, 8, g);
		/* If there is a table, no fault maps a huge page. */
		madvise(REGION, s->size, MADV_COLLAPSE);
	}
	discard(s);
	scene_fill(s, REGION, 0, s->size, g);
	generation_end(s, 0, s->size, g);
}
