// SPDX-License-Identifier: GPL-2.0
/* The memory of a cell: NR_PAGES of OLD at PAGES_AT, of several kinds. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fuse.h"
#include "interference.h"
#include "kinds-make.h"
#include "vmapeek.h"

#define SIZE	(NR_PAGES * PAGE)

/*
 * Map both huge pages that contain the pages of a cell, so that these can be
 * collapsed. After a lead there is no room for that.
 */
static void *map_around(struct target *t)
{
	if (scene->cell->place->lead)
		return map_anon(t, (char *)PAGES_AT, SIZE);
	return map_anon(t, (char *)HUGE_AT, 2 * HUGE_PAGE);
}

static void make_small(struct target *t)
{
	map_around(t);
	memset((void *)PAGES_AT, OLD, SIZE);
}

/* Huge pages by madvise(), see interference.c. */
static void make_two_huge(struct target *t)
{
	map_around(t);
	if (madvise((void *)HUGE_AT, 2 * HUGE_PAGE, MADV_HUGEPAGE))
		lacks(t, LACKS_THP);
	memset((void *)PAGES_AT, OLD, SIZE);
	must_be_given(t, smaps_kb(getpid(), HUGE_AT, "AnonHugePages") ==
			 2 * HUGE_PAGE / KIB, "no huge pages");
}

void fork_idle_child(struct target *t)
{
	pid_t parent = getpid(), pid = fork();

	must(t, pid >= 0, "fork");
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	deed_child();
	for (;;)
		pause();
}

static void make_shared_with_child(struct target *t)
{
	make_small(t);
	fork_idle_child(t);
}

static void map_memfd(struct target *t, int flags)
{
	scene->fd = memfd_create("test", MFD_CLOEXEC);
	must(t, scene->fd >= 0 && !ftruncate(scene->fd, SIZE), "memfd");
	memset(map_at(t, PAGES_AT, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      scene->fd), OLD, SIZE);
	if (flags == MAP_SHARED)
		return;
	must(t, !munmap((void *)PAGES_AT, SIZE), "munmap");
	map_at(t, PAGES_AT, SIZE, PROT_READ | PROT_WRITE, flags, scene->fd);
}

static void make_memfd_shared(struct target *t)
{
	map_memfd(t, MAP_SHARED);
}

static void make_memfd_cached(struct target *t)
{
	map_memfd(t, MAP_PRIVATE);
	read_all((char *)PAGES_AT, SIZE);
}

static void make_memfd_copied(struct target *t)
{
	map_memfd(t, MAP_PRIVATE);
	memset((void *)PAGES_AT, OLD, SIZE);
}

/* The first and the last page are present; a fault maps one page only. */
static void map_slow(struct target *t, int flags)
{
	char *pages = (char *)PAGES_AT;

	scene->fd = fuse_open();
	must(t, scene->fd >= 0, "file");
	map_at(t, PAGES_AT, SIZE, PROT_READ | PROT_WRITE, flags, scene->fd);
	must(t, !madvise(pages, SIZE, MADV_RANDOM), "MADV_RANDOM");
	read_all(pages, PAGE);
	read_all(pages + (NR_PAGES - 1) * PAGE, PAGE);
}

static void make_slow_shared(struct target *t)
{
	map_slow(t, MAP_SHARED);
}

static void make_slow_private(struct target *t)
{
	map_slow(t, MAP_PRIVATE);
}

static void make_slow_copied(struct target *t)
{
	map_slow(t, MAP_PRIVATE);
	memset((void *)PAGES_AT, OLD, PAGE);
	memset((char *)PAGES_AT + (NR_PAGES - 1) * PAGE, OLD, PAGE);
}

const struct memory memories[] = {
	{ "anon", PRIVATE_ANON, .make = make_small },
	{ "anon-forked", PRIVATE_ANON, .forked = true,
	  .make = make_shared_with_child },
	{ "huge", PRIVATE_ANON, .huge = true, .make = make_two_huge },
	{ "huge-whole", PRIVATE_ANON, .huge = true, .whole = true,
	  .make = make_two_huge },
	{ "shared", SHARED_FILE, .make = make_memfd_shared },
	{ "file-private", CACHED, .make = make_memfd_cached },
	{ "file-copied", COPIED, .make = make_memfd_copied },
	{ "shared", SHARED_FILE, .slow = true, .make = make_slow_shared },
	{ "private", CACHED, .slow = true, .make = make_slow_private },
	{ "copied", COPIED, .slow = true, .make = make_slow_copied },
};

const size_t nr_memories = sizeof(memories) / sizeof(memories[0]);
