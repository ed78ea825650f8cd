/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of many kinds, at an address chosen by the test. To be called in a
 * target; an error ends it, see lacks() and broken().
 */
#ifndef KINDS_H
#define KINDS_H

#include "target.h"

/* Where the target's memory is, far from all other mappings. */
#define TARGET_AT	0x100000000000UL

enum kind {
	ANON,			/* resident, anonymous */
	UNTOUCHED,
	SPARSE,			/* every third page is present */
	ZERO_PAGE,
	HUGE,			/* huge pages in a VMA without that advice */
	HUGE_SPLIT,		/* all but the last page, by small entries */
	HUGE_ZERO,
	MEDIUM,			/* folios of 64 KiB */
	SHARED,
	SHARED_HUGE,
	MEMFD,
	FILE_PRIVATE,
	FILE_SHARED,
	FILE_COPIED,		/* private and written to */
	FILE_UNTOUCHED,
	FILE_ENDS,		/* the second half is past the end */
	HUGETLB,
	SECRET,
	DROPPABLE,
	MLOCKED,
	FREED,			/* MADV_FREE, the content is intact */
	SWAPPED,
	MERGED,			/* by KSM, all pages the same */
	GUARD,			/* the second half is guarded */
	NO_ACCESS,
	WRITE_ONLY,
	EXECUTE_ONLY,
	PROTECTION_KEY,
	READ_ONLY,		/* anonymous, was written to before */
	FORKED,			/* shared with a child since a fork */
	FORKED_HUGE,
	FORKED_SWAPPED,
	FORKED_FILE,		/* private and written to before the fork */
	FORKED_COPIED,		/* written to since the fork */
	FORKED_ALONE,		/* the child has exited */
	FAULT_SERVED,		/* userfaultfd, a thread supplies pages */
	FAULT_SIGBUS,		/* userfaultfd, without a thread */
	FAULT_POISONED,		/* userfaultfd, poisoned but the first page */
	WRITE_PROTECTED,	/* userfaultfd */
	ACCESS_PROTECTED,	/* userfaultfd, also of reads; not page 0 */
	STACK,			/* grows down */
	DEVICE,
	NR_KINDS
};

struct kind_info {
	const char *name;
	/* Fill @size bytes at @at with pattern(), as far as possible. */
	void (*make)(struct target *t, char *at, size_t size);
	size_t align;		/* of address and size */
	bool forks;		/* kinds that exist by then are shared, too */
};

extern const struct kind_info kinds[NR_KINDS];

/* Make @size bytes of @kind at TARGET_AT, which is target.addr then. */
void make_kind(struct target *t, enum kind kind, size_t size);

/*
 * Name anonymous memory, as maps and its relatives then show it; NULL removes a
 * name. False if the kernel (ANON_VMA_NAME) or the kind of memory has no names.
 */
bool name_memory(char *at, size_t size, const char *name);

/* The kernel's mapping in each process, at target.addr. */
void prepare_vdso(struct target *t);

#endif
