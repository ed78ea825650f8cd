/* SPDX-License-Identifier: GPL-2.0 */
/* The kinds of memory that are read, each in a target process of its own. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>
#include <sys/types.h>

#include "target.h"

#define LARGEST		(64 * MIB)

/* Pages that one look at a kind of memory walks through: one PTE table. */
#define WALK_PAGES	512UL
#define WALK_SIZE	(WALK_PAGES * PAGE)

enum memory_kind {
	SMALL_PAGES,
	HUGE_PAGES,
	LARGE_FOLIOS,
	SHMEM,
	FILE_PAGES,
	MANY_VMAS,
	MOST_VMAS,
	TOUCHED_VMAS,
	TWO_PAGES,
	TWO_TABLES,
	TWO_VMAS,
	HOLE,
	PROTECTED,
	HUGETLB_PAGE,
	SECRET_PAGE,
	DEVICE_PAGE,
	ABSENT,
	FORK_SHARED,
	OWN,
	NO_MEMORY,
	NR_MEMORY_KINDS
};

struct memory {
	const char *name;
	prepare_fn prepare;	/* NULL: it is not in a target */
	struct target *target;
	pid_t pid;		/* 0: this kernel lacks what is needed */
	int walks;		/* that look at it in a pass, see below */
	unsigned long cursor;	/* where the next walk begins */
};

extern struct memory memories[NR_MEMORY_KINDS];

/*
 * Start all targets, with @size bytes to read; each walk of @passes passes is
 * to find memory that nobody has looked at.
 */
void memories_prepare(int passes, size_t size);
/* Start the target of one that nobody walks through. */
void memories_prepare_one(enum memory_kind kind, size_t size);
void memories_stop(void);

#endif
