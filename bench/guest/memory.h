/* SPDX-License-Identifier: GPL-2.0 */
/* The kinds of memory that are read, each in its own target process. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>
#include <sys/types.h>

#include "target.h"

#define LARGEST		(64 * MIB)

/* The pages of one walk: one PTE table. */
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
	prepare_fn prepare;	/* NULL: not in a target */
	struct target *target;
	pid_t pid;		/* 0: this kernel lacks what is needed */
	int walks;		/* per pass, see below */
	unsigned long cursor;	/* where the next walk begins */
};

extern struct memory memories[NR_MEMORY_KINDS];

/*
 * Start all targets, with @size bytes to read. Each walk, in @passes passes,
 * must find memory that has not been read before.
 */
void memories_prepare(int passes, size_t size);
/* Start the target of a memory that is not walked. */
void memories_prepare_one(enum memory_kind kind, size_t size);
void memories_stop(void);

#endif
