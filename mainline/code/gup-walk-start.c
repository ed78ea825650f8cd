
/**
 * gup_walk_start() - look at one present page of a VMA that is read-locked
 * @fw:		for folio_walk_end()
 * @vma:	the VMA
 * @addr:	user address, untagged
 * @gup_flags:	flags modifying lookup behaviour
 *
 * get_user_pages_locked_vma() for a page that is used at once: the lock of its
 * page table entry is held instead of a reference, until folio_walk_end().
 *
 * Return: the page.  NULL for whatever is not a plain present page.
 */
struct page *gup_walk_start(struct folio_walk *fw, struct vm_area_struct *vma,
			    unsigned long addr, unsigned int gup_flags)
{
	struct folio *folio;
	struct page *page;
	bool protnone;

	gup_flags |= FOLL_GET | FOLL_TOUCH | FOLL_REMOTE;
	if (is_vm_hugetlb_page(vma) || check_vma_flags(vma, gup_flags) ||
	    fatal_signal_pending(current))
		return NULL;
	cond_resched();

	folio = folio_walk_start(fw, vma, addr, FW_ZEROPAGE | FW_VMA_LOCKED);
	if (!folio)
		return NULL;
	if (fw->level == FW_LEVEL_PUD || folio_is_zone_device(folio))
		goto end;
	protnone = fw->level == FW_LEVEL_PTE ? pte_protnone(fw->pte) :
					       pmd_protnone(fw->pmd);
	if (protnone && !gup_can_follow_protnone(vma, gup_flags))
		goto end;

	if (fw->level == FW_LEVEL_PTE)
		folio_mark_accessed(folio);
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	else
		touch_pmd(vma, addr, fw->pmdp, false);
#endif
	/* No page is exposed for the zero pages; all of their pages are alike. */
	page = fw->page ?: folio_page(folio, 0);
	flush_anon_page(vma, page, addr);
	flush_dcache_page(page);
	return page;
end:
	folio_walk_end(fw, vma);
	return NULL;
}
