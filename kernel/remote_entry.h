/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One present page-table entry, as remote_folio_walk_start() found it: may GUP
 * follow it without a fault, and which page does it map? The entry is locked.
 */
#ifndef _REMOTE_ENTRY_H
#define _REMOTE_ENTRY_H

#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/pgtable.h>

#include "compat.h"
#include "folio_walk.h"
#include "remote_event.h"

/* Would GUP follow this entry, as it is, without a fault? */
static __always_inline enum remote_read_event
remote_check_pte(struct vm_area_struct *vma, pte_t pte, unsigned int gup_flags)
{
	if (pte_protnone(pte) && !gup_can_follow_protnone(vma, gup_flags))
		return REMOTE_READ_NOT_PRESENT;
	return REMOTE_READ_FAST;
}

static __always_inline enum remote_read_event
remote_check_pmd(struct vm_area_struct *vma, pmd_t pmd, unsigned int gup_flags)
{
	/* In a VM_MIXEDMAP VMA the entry may map device memory. */
	if (vma->vm_flags & VM_MIXEDMAP)
		return REMOTE_READ_SPECIAL;
	if (pmd_protnone(pmd) && !gup_can_follow_protnone(vma, gup_flags))
		return REMOTE_READ_NOT_PRESENT;
	return REMOTE_READ_FAST;
}

static __always_inline enum remote_read_event
remote_check_entry(struct vm_area_struct *vma, const struct folio_walk *fw,
		   unsigned int gup_flags)
{
	switch (fw->level) {
	case FW_LEVEL_PTE:
		return remote_check_pte(vma, fw->pte, gup_flags);
	case FW_LEVEL_PMD:
		return remote_check_pmd(vma, fw->pmd, gup_flags);
	default:
		/* If the walk finds these at all, they are DAX. */
		return REMOTE_READ_SPECIAL;
	}
}

/*
 * FOLL_TOUCH for a huge entry updates the entry, where the architecture needs
 * that (x86 does not for a read). Idempotent.
 */
static inline void remote_touch_pmd(struct vm_area_struct *vma,
				    unsigned long addr,
				    const struct folio_walk *fw)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	touch_pmd(vma, addr, fw->pmdp, false);
#endif
}

/* The page at @addr; fw->page is NULL for the zero pages. */
static inline struct page *remote_entry_page(const struct folio_walk *fw,
					     struct folio *folio,
					     unsigned long addr)
{
	if (fw->page)
		return fw->page;
	if (fw->level == FW_LEVEL_PTE)
		return &folio->page;
	return folio_page(folio, (addr & ~PMD_MASK) >> PAGE_SHIFT);
}

/* The page behind a PTE, the zero page included, or NULL. */
static __always_inline struct page *
remote_pte_page(struct vm_area_struct *vma, unsigned long addr, pte_t pte,
		bool *is_zero)
{
	struct page *page;

	*is_zero = false;
	if (!pte_present(pte))
		return NULL;
	page = vm_normal_page(vma, addr, pte);
	if (unlikely(!page) && is_zero_pfn(pte_pfn(pte))) {
		*is_zero = true;
		page = pte_page(pte);
	}
	return page;
}

#endif /* _REMOTE_ENTRY_H */
