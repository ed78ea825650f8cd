/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the files that implement kinds.h. */
#ifndef KINDS_MAKE_H
#define KINDS_MAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "kinds.h"
#include "uapi.h"

/* If false, the target is broken; must_be_given() ignores errno. */
void must(struct target *t, bool ok, const char *what);
void must_be_given(struct target *t, bool given, const char *what);

void *map_anon(struct target *t, char *at, size_t size);
/* Read each page. */
void read_all(char *at, size_t size);

#define LACKS_THP	"transparent huge pages"
/*
 * Sets whether each fault may give a huge page, "always", or only after
 * madvise(), "madvise". Returns false if this kernel has no huge pages.
 */
bool thp_enable(const char *when);

void make_anon(struct target *t, char *at, size_t size);
void make_huge(struct target *t, char *at, size_t size);

/* The pagemap entry of @at, see admin-guide/mm/pagemap.rst. */
#define PAGEMAP_PFN	((1ULL << 55) - 1)
#define PAGEMAP_SWAPPED	(1ULL << 62)
uint64_t pagemap_entry(struct target *t, const char *at);
/*
 * Make sure that adjacent pages are not adjacent in physical memory, so that a
 * copy past the end of a page returns other bytes than the next page's.
 */
void scatter(struct target *t, char *at, size_t size);

/* Returns when all pages are swapped out. */
void swap_out(struct target *t, char *at, size_t size);
void make_swapped(struct target *t, char *at, size_t size);

void make_shared(struct target *t, char *at, size_t size);
/* Is any page of it in memory, be it in the swap cache? */
bool is_resident(struct target *t, char *at, size_t size);
/* Like swap_out(), but pages may stay in the swap cache of a disk. */
void swap_out_shared(struct target *t, char *at, size_t size);
void make_shared_swapped(struct target *t, char *at, size_t size);
void make_shared_huge(struct target *t, char *at, size_t size);
void make_memfd(struct target *t, char *at, size_t size);
void make_file_untouched(struct target *t, char *at, size_t size);
void make_file_private(struct target *t, char *at, size_t size);
void make_file_shared(struct target *t, char *at, size_t size);
void make_file_copied(struct target *t, char *at, size_t size);
void make_file_ends(struct target *t, char *at, size_t size);
void make_forked(struct target *t, char *at, size_t size);
void make_forked_huge(struct target *t, char *at, size_t size);
void make_forked_swapped(struct target *t, char *at, size_t size);
void make_forked_file(struct target *t, char *at, size_t size);
void make_forked_copied(struct target *t, char *at, size_t size);
void make_forked_alone(struct target *t, char *at, size_t size);
void make_fault_served(struct target *t, char *at, size_t size);
void make_fault_sigbus(struct target *t, char *at, size_t size);
void make_fault_poisoned(struct target *t, char *at, size_t size);
void make_write_protected(struct target *t, char *at, size_t size);
void make_access_protected(struct target *t, char *at, size_t size);

/* Returns its file descriptor, with @at registered. */
int userfaultfd_on(struct target *t, char *at, size_t size,
		   uint64_t features, uint64_t mode);

#endif
