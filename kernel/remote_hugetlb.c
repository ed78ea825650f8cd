// SPDX-License-Identifier: GPL-2.0
/*
 * The walk to a present entry of hugetlb memory.
 *
 * Address spaces may share page tables of hugetlb, and they may be unshared or
 * freed with neither the mmap lock nor a VMA lock held. hugetlb has a lock of
 * its own against that, which page faults and GUP take, too. It nests inside
 * the VMA lock.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "remote.h"
#include "remote_walk.h"

/*
 * Return the entry that maps @addr, a PMD or a PUD as in *@level; NULL if a
 * table above it is absent.
 */
static void *remote_hugetlb_entry(struct vm_area_struct *vma,
				  unsigned long addr,
				  enum folio_walk_level *level)
{
	pgd_t *pgdp = pgd_offset(vma->vm_mm, addr);
	p4d_t *p4dp;
	pud_t *pudp;

	if (!pgd_present(pgdp_get(pgdp)))
		return NULL;
	p4dp = p4d_offset(pgdp, addr);
	if (!p4d_present(p4dp_get(p4dp)))
		return NULL;
	pudp = pud_offset(p4dp, addr);
	*level = FW_LEVEL_PUD;
	if (huge_page_size(hstate_vma(vma)) == PUD_SIZE)
		return pudp;
	if (!pud_present(pudp_get(pudp)))
		return NULL;
	*level = FW_LEVEL_PMD;
	return pmd_offset(pudp, addr);
}

/* The first page that the entry maps, or NULL. The entry is locked. */
static struct page *remote_hugetlb_head(struct folio_walk *fw,
					struct vm_area_struct *vma, void *entry)
{
	if (fw->level == FW_LEVEL_PUD) {
		fw->pudp = entry;
		fw->pud = pudp_get(fw->pudp);
		if (!pud_present(fw->pud) || !pud_leaf(fw->pud))
			return NULL;
		return pud_page(fw->pud);
	}
	fw->pmdp = entry;
	fw->pmd = pmdp_get(fw->pmdp);
	if (!pmd_present(fw->pmd) || !pmd_leaf(fw->pmd) ||
	    (pmd_protnone(fw->pmd) && !gup_can_follow_protnone(vma, 0)))
		return NULL;
	return pmd_page(fw->pmd);
}

/**
 * remote_hugetlb_walk_start - find the folio of a present hugetlb entry
 * @fw: filled in if a folio was found
 * @vma: the VMA, read-locked; hugetlb
 * @addr: an address inside @vma, in bytes
 *
 * fw->page is the page at @addr.
 *
 * Context: Process context; may sleep for hugetlb's lock of the VMA. If a folio
 * was found, returns with that lock and the lock of the entry held.
 *
 * Return: the folio, without a reference, and then remote_hugetlb_walk_end()
 * must be called; or NULL, if GUP would fault.
 */
struct folio *remote_hugetlb_walk_start(struct folio_walk *fw,
					struct vm_area_struct *vma,
					unsigned long addr)
{
	struct hstate *h = hstate_vma(vma);
	struct page *head = NULL;
	void *entry;

	vma_assert_locked(vma);

	hugetlb_vma_lock_read(vma);
	entry = remote_hugetlb_entry(vma, addr, &fw->level);
	if (entry) {
		fw->ptl = huge_pte_lock(h, vma->vm_mm, entry);
		head = remote_hugetlb_head(fw, vma, entry);
		if (head) {
			fw->page = head + ((addr & ~huge_page_mask(h)) >>
					   PAGE_SHIFT);
			return page_folio(head);
		}
		spin_unlock(fw->ptl);
	}
	hugetlb_vma_unlock_read(vma);
	return NULL;
}

/**
 * remote_hugetlb_walk_end - drop the locks of remote_hugetlb_walk_start()
 * @fw: as it was filled in
 * @vma: the VMA
 */
void remote_hugetlb_walk_end(struct folio_walk *fw, struct vm_area_struct *vma)
{
	spin_unlock(fw->ptl);
	hugetlb_vma_unlock_read(vma);
}
