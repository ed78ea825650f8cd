/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A page-table walk to one present entry, under the VMA's read lock.
 *
 * The kernel's folio_walk_start() asserts the mmap lock. Except for that, this
 * one has the same contract.
 *
 * The walk is safe without the mmap lock:
 *
 * - The upper levels are freed only together with the VMAs that use them.
 *   Unmapping or moving a VMA write-locks it first, which waits for the reader.
 * - A PTE table may be freed during the walk, by a collapse into a huge page or
 *   by reclaim of an empty table. Its PMD entry is changed under the page-table
 *   lock and the table is freed by RCU; pte_offset_map_lock() handles both.
 * - A huge entry is read again under its own lock.
 * - hugetlb may unshare its tables with neither lock held. Its walk is in
 *   remote_hugetlb.c.
 *
 * docs/locking.md has the argument for each table.
 */
#ifndef _REMOTE_WALK_H
#define _REMOTE_WALK_H

#include <linux/huge_mm.h>
#include <linux/hugetlb.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/pgtable.h>
#include <linux/swap.h>

#include "remote.h"

/*
 * vm_normal_page() with all but special entries inline, because it runs for
 * every page.
 */
static __always_inline struct page *
remote_normal_page(struct vm_area_struct *vma, unsigned long addr, pte_t pte)
{
	unsigned long pfn = pte_pfn(pte);

	if (IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL) &&
	    likely(!pte_special(pte) && pfn <= highest_memmap_pfn))
		return pfn_to_page(pfn);
	return vm_normal_page(vma, addr, pte);
}

/*
 * pte_offset_map_lock() with the common case inline. A table that is freed
 * concurrently takes the out-of-line function.
 */
static __always_inline pte_t *remote_pte_map_lock(struct folio_walk *fw,
						  struct mm_struct *mm,
						  pmd_t *pmdp,
						  unsigned long addr)
{
	pmd_t pmd;

	rcu_read_lock();
	pmd = pmdp_get_lockless(pmdp);
	if (unlikely(!pmd_present(pmd) || pmd_leaf(pmd) || pmd_bad(pmd)))
		goto slow;
	fw->ptl = pte_lockptr(mm, &pmd);
	spin_lock(fw->ptl);
	if (likely(pmd_same(pmd, pmdp_get_lockless(pmdp))))
		return pte_offset_kernel(&pmd, addr);
	spin_unlock(fw->ptl);
slow:
	rcu_read_unlock();
	return pte_offset_map_lock(mm, pmdp, addr, &fw->ptl);
}

static __always_inline struct folio *
folio_walk_pte(struct folio_walk *fw, struct vm_area_struct *vma, pmd_t *pmdp,
	       unsigned long addr)
{
	struct page *page;

	fw->level = FW_LEVEL_PTE;
	fw->ptep = remote_pte_map_lock(fw, vma->vm_mm, pmdp, addr);
	if (!fw->ptep)
		return NULL;
	fw->pte = ptep_get(fw->ptep);
	if (!pte_present(fw->pte))
		goto unlock;

	page = remote_normal_page(vma, addr, fw->pte);
	fw->page = page;
	if (!page && is_zero_pfn(pte_pfn(fw->pte)))
		page = pte_page(fw->pte);
	if (page)
		return page_folio(page);
unlock:
	pte_unmap_unlock(fw->ptep, fw->ptl);
	return NULL;
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
/* Returns NULL if the entry is no longer a leaf. */
static inline struct folio *
folio_walk_pmd_leaf(struct folio_walk *fw, struct vm_area_struct *vma,
		    pmd_t *pmdp, unsigned long addr)
{
	struct page *page;

	fw->level = FW_LEVEL_PMD;
	fw->pmdp = pmdp;
	fw->ptl = pmd_lock(vma->vm_mm, pmdp);
	fw->pmd = pmdp_get(pmdp);
	if (!pmd_present(fw->pmd) || !pmd_leaf(fw->pmd))
		goto unlock;

	page = vm_normal_page_pmd(vma, addr & PMD_MASK, fw->pmd);
	fw->page = NULL;
	if (page)
		fw->page = page + ((addr & ~PMD_MASK) >> PAGE_SHIFT);
	else if (is_huge_zero_pmd(fw->pmd))
		page = pmd_page(fw->pmd);
	if (page)
		return page_folio(page);
unlock:
	spin_unlock(fw->ptl);
	return NULL;
}
#else
static inline struct folio *
folio_walk_pmd_leaf(struct folio_walk *fw, struct vm_area_struct *vma,
		    pmd_t *pmdp, unsigned long addr)
{
	return NULL;
}
#endif

/**
 * remote_folio_walk_start - find the folio of one present page-table entry
 * @fw: filled in if a folio was found
 * @vma: the VMA, read-locked; not hugetlb
 * @addr: an address inside @vma, in bytes
 *
 * As folio_walk_start() with FW_ZEROPAGE, under the VMA lock. PUD leaves are
 * not found: outside hugetlb they map PFNs or DAX, which is left to the slow
 * path.
 *
 * Context: Needs only the VMA lock. Returns with the lock of the page-table
 * entry held if a folio was found.
 *
 * Return: the folio, without a reference, and then remote_folio_walk_end() must
 * be called; or NULL.
 */
static __always_inline struct folio *
remote_folio_walk_start(struct folio_walk *fw, struct vm_area_struct *vma,
			unsigned long addr)
{
	pgd_t *pgdp;
	p4d_t *p4dp;
	pud_t *pudp, pud;
	pmd_t *pmdp, pmd;

	vma_assert_locked(vma);
	VM_WARN_ON_ONCE(addr < vma->vm_start || addr >= vma->vm_end);
	VM_WARN_ON_ONCE(is_vm_hugetlb_page(vma));

	pgdp = pgd_offset(vma->vm_mm, addr);
	if (!pgd_present(pgdp_get(pgdp)))
		return NULL;

	p4dp = p4d_offset(pgdp, addr);
	if (!p4d_present(p4dp_get(p4dp)))
		return NULL;

	pudp = pud_offset(p4dp, addr);
	pud = pudp_get(pudp);
	if (!pud_present(pud) || pud_leaf(pud))
		return NULL;

	pmdp = pmd_offset(pudp, addr);
	pmd = pmdp_get_lockless(pmdp);
	if (pmd_present(pmd) && pmd_leaf(pmd))
		return folio_walk_pmd_leaf(fw, vma, pmdp, addr);

	return folio_walk_pte(fw, vma, pmdp, addr);
}

/**
 * remote_folio_walk_end - drop the lock that remote_folio_walk_start() took
 * @fw: as it was filled in
 * @vma: the VMA
 */
static inline void remote_folio_walk_end(struct folio_walk *fw,
					 struct vm_area_struct *vma)
{
	spin_unlock(fw->ptl);
	if (fw->level == FW_LEVEL_PTE)
		pte_unmap(fw->ptep);
}

/*
 * Checks of one present entry, found by remote_folio_walk_start() and still
 * locked: whether GUP would follow it without a fault, and its page.
 */

/* Would GUP follow this entry without a fault? */
static __always_inline enum remote_read_result
remote_check_pte(struct vm_area_struct *vma, pte_t pte, unsigned int gup_flags)
{
	if (pte_protnone(pte) && !gup_can_follow_protnone(vma, gup_flags))
		return REMOTE_READ_NOT_PRESENT;
	return REMOTE_READ_OK;
}

static __always_inline enum remote_read_result
remote_check_pmd(struct vm_area_struct *vma, pmd_t pmd, unsigned int gup_flags)
{
	/* In a VM_MIXEDMAP VMA the entry may map device memory. */
	if (vma->vm_flags & VM_MIXEDMAP)
		return REMOTE_READ_SPECIAL;
	if (pmd_protnone(pmd) && !gup_can_follow_protnone(vma, gup_flags))
		return REMOTE_READ_NOT_PRESENT;
	return REMOTE_READ_OK;
}

static __always_inline enum remote_read_result
remote_check_entry(struct vm_area_struct *vma, const struct folio_walk *fw,
		   unsigned int gup_flags)
{
	switch (fw->level) {
	case FW_LEVEL_PTE:
		return remote_check_pte(vma, fw->pte, gup_flags);
	case FW_LEVEL_PMD:
		return remote_check_pmd(vma, fw->pmd, gup_flags);
	default:
		/* Not reached: the walk does not find PUD leaves. */
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

/* Return the page at @addr; fw->page is NULL for the zero pages. */
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

/* Return the page that a PTE maps, including the zero page, or NULL. */
static __always_inline struct page *
remote_pte_page(struct vm_area_struct *vma, unsigned long addr, pte_t pte,
		bool *is_zero)
{
	struct page *page;

	*is_zero = false;
	if (!pte_present(pte))
		return NULL;
	page = remote_normal_page(vma, addr, pte);
	if (unlikely(!page) && is_zero_pfn(pte_pfn(pte))) {
		*is_zero = true;
		page = pte_page(pte);
	}
	return page;
}

/* As remote_check_entry(), but also check @folio, which the entry maps. */
static __always_inline enum remote_read_result
remote_check_found(struct vm_area_struct *vma, const struct folio_walk *fw,
		   struct folio *folio, unsigned int gup_flags)
{
	enum remote_read_result result = remote_check_entry(vma, fw, gup_flags);

	if (result == REMOTE_READ_OK && is_pci_p2pdma_page(&folio->page))
		result = REMOTE_READ_SPECIAL;
	return result;
}

/* Mark the page as accessed, as GUP would. */
static __always_inline void remote_touch(struct vm_area_struct *vma,
					 unsigned long addr,
					 const struct folio_walk *fw,
					 struct folio *folio)
{
	if (fw->level == FW_LEVEL_PTE)
		folio_mark_accessed(folio);
	else
		remote_touch_pmd(vma, addr, fw);
}

/*
 * Return the page after the one that @fw has found, in the same table. NULL if
 * that page cannot be used; *@result has the reason.
 */
static inline struct page *
remote_next_page(struct vm_area_struct *vma, const struct folio_walk *fw,
		 struct folio *folio, unsigned long addr,
		 unsigned int gup_flags, enum remote_read_result *result)
{
	struct page *page;
	bool is_zero;
	pte_t pte;

	/* A huge entry was checked as a whole. */
	if (fw->level != FW_LEVEL_PTE)
		return remote_entry_page(fw, folio, addr) + 1;

	pte = ptep_get(fw->ptep + 1);
	page = remote_pte_page(vma, addr + PAGE_SIZE, pte, &is_zero);
	if (!page) {
		*result = REMOTE_READ_NOT_PRESENT;
		return NULL;
	}
	*result = remote_check_pte(vma, pte, gup_flags);
	if (*result == REMOTE_READ_OK && is_pci_p2pdma_page(page))
		*result = REMOTE_READ_SPECIAL;
	return *result == REMOTE_READ_OK ? page : NULL;
}

/* Are @len bytes, not 0, mapped by one table of PTEs, or by one huge PMD? */
static inline bool remote_is_one_table(unsigned long addr, unsigned int len)
{
	return !((addr ^ (addr + len - 1)) & PMD_MASK);
}

#endif /* _REMOTE_WALK_H */
