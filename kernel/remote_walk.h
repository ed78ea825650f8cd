/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REMOTE_WALK_H
#define _REMOTE_WALK_H

#include <linux/types.h>

struct folio;
struct vm_area_struct;

/**
 * struct remote_run - the memory that one present page-table entry maps
 * @folio: the folio, with a reference held by whoever has the run
 * @offset: where the run starts in @folio, in bytes
 * @len: how far the entry maps from there, in bytes; never 0
 * @mark: what is taken from the run must be marked accessed, once, with
 *	folio_mark_accessed(), if it is used at all
 */
struct remote_run {
	struct folio *folio;
	size_t offset;
	size_t len;
	bool mark;
};

bool remote_walk(struct vm_area_struct *vma, unsigned long addr,
		 unsigned int gup_flags, struct remote_run *run);

#endif /* _REMOTE_WALK_H */
