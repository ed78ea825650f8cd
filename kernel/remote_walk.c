// SPDX-License-Identifier: GPL-2.0
/*
 * A page-table walk to one present entry, under the VMA's read lock.
 *
 * Why this is safe without the mmap lock:
 *
 * - The upper levels go away only together with the VMAs that use them, and
 *   whoever unmaps or moves a VMA write-locks it first, which waits for us.
 * - A PTE table can vanish under us: collapse into a huge page, reclaim of an
 *   empty table. Its PMD entry is changed under the page-table lock and the
 *   table is freed by RCU; pte_offset_map_lock() is made for exactly that.
 * - A huge entry is read again under its own lock.
 * - hugetlb may unshare its tables with neither lock held: no hugetlb here.
 *
 * docs/locking.md goes through it table by table.
 */
#include <linux/hugetlb.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "compat.h"
#include "remote_walk.h"

/*
 * Describe, in @run, what lies at @addr in an entry that maps @size bytes from
 * @page on, and take the reference. The entry's lock is held, so the folio is
 * mapped and its count should not be zero. GUP refuses the same ones.
 */
static bool remote_run_get(struct remote_run *run, struct page *page,
			   unsigned long addr, unsigned long size)
{
	unsigned long in_entry = addr & (size - 1);
	struct folio *folio;

	if (!page)
		return false;
	folio = page_folio(page);
	if (WARN_ON_ONCE(folio_ref_count(folio) <= 0))
		return false;
	if (is_pci_p2pdma_page(&folio->page))
		return false;

	run->folio = folio;
	run->offset = folio_page_idx(folio, page) * PAGE_SIZE + in_entry;
	run->len = size - in_entry;
	run->mark = false;
	folio_get(folio);
	return true;
}

static bool remote_walk_pte(struct vm_area_struct *vma, pmd_t *pmdp,
			    unsigned long addr, unsigned int gup_flags,
			    struct remote_run *run)
{
	bool found = false;
	struct page *page;
	spinlock_t *ptl;
	pte_t *ptep, pte;

	ptep = pte_offset_map_lock(vma->vm_mm, pmdp, addr, &ptl);
	if (!ptep)
		return false;

	pte = ptep_get(ptep);
	if (!pte_present(pte))
		goto unlock;
	if (pte_protnone(pte) && !gup_can_follow_protnone(vma, gup_flags))
		goto unlock;

	page = vm_normal_page(vma, addr, pte);
	if (!page && is_zero_pfn(pte_pfn(pte)))
		page = pte_page(pte);

	found = remote_run_get(run, page, addr, PAGE_SIZE);
	/* FOLL_TOUCH marks the folio, not the PTE. Twice is not as once. */
	if (found)
		run->mark = true;
unlock:
	pte_unmap_unlock(ptep, ptl);
	return found;
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
/* An entry that stopped being a leaf meanwhile is left to the slow path. */
static bool remote_walk_pmd_leaf(struct vm_area_struct *vma, pmd_t *pmdp,
				 unsigned long addr, unsigned int gup_flags,
				 struct remote_run *run)
{
	bool found = false;
	struct page *page;
	spinlock_t *ptl;
	pmd_t pmd;

	ptl = pmd_lock(vma->vm_mm, pmdp);
	pmd = pmdp_get(pmdp);
	if (!pmd_present(pmd) || !pmd_leaf(pmd))
		goto unlock;
	if (pmd_protnone(pmd) && !gup_can_follow_protnone(vma, gup_flags))
		goto unlock;

	page = vm_normal_page_pmd(vma, addr & PMD_MASK, pmd);
	if (!page && is_huge_zero_pmd(pmd))
		page = pmd_page(pmd);

	found = remote_run_get(run, page, addr, PMD_SIZE);
	/*
	 * Here FOLL_TOUCH is for the entry, where the architecture cares (x86
	 * does not for a read). Doing it again would change nothing.
	 */
	if (found)
		touch_pmd(vma, addr, pmdp, false);
unlock:
	spin_unlock(ptl);
	return found;
}
#else
static bool remote_walk_pmd_leaf(struct vm_area_struct *vma, pmd_t *pmdp,
				 unsigned long addr, unsigned int gup_flags,
				 struct remote_run *run)
{
	return false;
}
#endif

/**
 * remote_walk - find the memory that one present page-table entry maps
 * @vma: the VMA, read-locked; not hugetlb
 * @addr: an address inside @vma, in bytes
 * @gup_flags: FOLL_* flags of the read
 * @run: filled in when there is something present at @addr
 *
 * Looks at one entry of the page tables, PTE or huge, under its lock, and takes
 * a reference on the folio behind it. Neither faults nor sleeps.
 *
 * The run reaches to the end of what the entry maps, which may be beyond the
 * end of the caller's range.
 *
 * Return: true with a run whose folio the caller must put; false when nothing
 * is present that may be read without a fault.
 */
bool remote_walk(struct vm_area_struct *vma, unsigned long addr,
		 unsigned int gup_flags, struct remote_run *run)
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
		return false;

	p4dp = p4d_offset(pgdp, addr);
	if (!p4d_present(p4dp_get(p4dp)))
		return false;

	pudp = pud_offset(p4dp, addr);
	pud = pudp_get(pudp);
	/*
	 * A leaf here is hugetlb, or DAX or PFN-mapped, which GUP takes with a
	 * reference of another kind, or not at all.
	 */
	if (!pud_present(pud) || pud_leaf(pud))
		return false;

	pmdp = pmd_offset(pudp, addr);
	pmd = pmdp_get_lockless(pmdp);
	if (pmd_present(pmd) && pmd_leaf(pmd))
		return remote_walk_pmd_leaf(vma, pmdp, addr, gup_flags, run);

	return remote_walk_pte(vma, pmdp, addr, gup_flags, run);
}
