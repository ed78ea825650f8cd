/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of kinds.h. */
#ifndef KINDS_MAKE_H
#define KINDS_MAKE_H

#include <linux/userfaultfd.h>
#include <stdbool.h>
#include <stdint.h>

#include "kinds.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define THP		"/sys/kernel/mm/transparent_hugepage/"

/* Or the target is broken; the second where errno does not tell why. */
void must(struct target *t, bool ok, const char *what);
void must_be_given(struct target *t, bool given, const char *what);

void *map_anon(struct target *t, char *at, size_t size);
/* A look at each page. */
void read_all(char *at, size_t size);

void make_anon(struct target *t, char *at, size_t size);
void make_huge(struct target *t, char *at, size_t size);
/* Returns when all of it is. */
void swap_out(struct target *t, char *at, size_t size);
void make_swapped(struct target *t, char *at, size_t size);

void make_shared(struct target *t, char *at, size_t size);
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

/* Its file descriptor, with @at registered. */
int userfaultfd_on(struct target *t, char *at, size_t size,
		   uint64_t features, uint64_t mode);

/* userfaultfd's read-write-protection of Linux 7.3, which libraries' headers lack. */
#define UFFD_REGISTER_MODE_RWP	(1ULL << 3)
#define UFFD_WITH_RWP		(1ULL << 17)
#define UFFD_RWPROTECT_MODE_RWP	(1ULL << 0)

struct uffd_rwprotect {
	struct uffdio_range range;
	uint64_t mode;
};

#define UFFD_RWPROTECT	_IOWR(UFFDIO, 0x09, struct uffd_rwprotect)

#endif
