// SPDX-License-Identifier: GPL-2.0
/* The deed of interference.h that needs KSM: merges a page with another one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "interference.h"
#include "kinds-make.h"
#include "vmapeek.h"

#define KSM	"/sys/kernel/mm/ksm/"

/*
 * One scan checks whether a page changes, the next one adds it to the tree of
 * candidates, and then the other page finds it there. One scan more, because
 * the first may have begun before the pages existed.
 */
#define SCANS	4

/* Another page of the same content. */
void ksm_prepare(struct target *t)
{
	memset(map_anon(t, (char *)ELSEWHERE, PAGE), OLD, PAGE);
	if (madvise((void *)ELSEWHERE, PAGE, MADV_MERGEABLE) ||
	    madvise(deed_page(), PAGE, MADV_MERGEABLE))
		lacks(t, "KSM");
}

static long scans(void)
{
	char text[32];

	if (!read_line(KSM "full_scans", text, sizeof(text)))
		die("no " KSM "full_scans");
	return atol(text);
}

/* Waits for scans, not for the merge, because a pinned page is never merged. */
void ksm_merge(pid_t target)
{
	long end = scans() + SCANS;

	(void)target;
	write_line(KSM "run", "1");
	while (scans() < end)
		usleep(1000);
	write_line(KSM "run", "0");
}
