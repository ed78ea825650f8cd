
/*
 * get_user_pages_locked_vma() for one page that is not used any more after
 * gup_walk_end().  Until then the lock of its page table entry is held, or a
 * reference where that is not possible.
 *
 * With FOLL_PIN the page is as if pinned.  -EAGAIN then if it must be pinned, or
 * if the fault needs the mmap lock.
 */
struct page *gup_walk_start(struct folio_walk *fw, struct vm_area_struct *vma,
			    unsigned long addr, unsigned int gup_flags,
			    int *locked)
{
	unsigned int flags = gup_flags | FOLL_REMOTE | FOLL_VMA_LOCK;
	struct folio *folio;
	struct page *page;
	bool protnone;
	long ret;

	ret = check_vma_flags(vma, flags);
	if (ret)
		return ERR_PTR(ret);
	if ((gup_flags & FOLL_PIN) && !gup_vma_can_fault(vma))
		return ERR_PTR(-EAGAIN);
retry:
	if (fatal_signal_pending(current))
		return ERR_PTR(-EINTR);
	cond_resched();

	fw->level = FW_LEVEL_PTE;
	fw->pte = __pte(0);
	folio = folio_walk_start(fw, vma, addr, FW_ZEROPAGE | FW_VMA_LOCKED);
	if (!folio) {
		/* Something is present, but it is no folio to be used? */
		if (fw->level == FW_LEVEL_PTE ? pte_present(fw->pte) :
		    fw->level == FW_LEVEL_PUD || pmd_present(fw->pmd))
			goto get;
		ret = faultin_page(vma, addr, flags, false, locked);
		if (ret)
			return ERR_PTR(ret);
		goto retry;
	}

	if (fw->level == FW_LEVEL_PUD || folio_is_zone_device(folio))
		goto end;
	protnone = fw->level == FW_LEVEL_PTE ? pte_protnone(fw->pte) :
					       pmd_protnone(fw->pmd);
	if (protnone && !gup_can_follow_protnone(vma, flags))
		goto end;

	/* No page is exposed for the zero pages; all of their pages are alike. */
	page = fw->page ?: folio_page(folio, 0);
	if ((gup_flags & FOLL_PIN) &&
	    (gup_must_unshare(vma, flags, fw->level == FW_LEVEL_PTE ?
			      page : pmd_page(fw->pmd)) ||
	     arch_make_folio_accessible(folio)))
		goto end;
	flush_anon_page(vma, page, addr);
	flush_dcache_page(page);
	return page;
end:
	folio_walk_end(fw, vma);
get:
	if (gup_flags & FOLL_PIN)
		return ERR_PTR(-EAGAIN);
	/* There is a reference to drop, and no lock. */
	fw->ptl = NULL;
	ret = get_user_pages_locked_vma(vma, addr, 1, gup_flags, &page, locked);
	return ret == 1 ? page : ERR_PTR(ret ?: -EAGAIN);
}

/* Mark the page accessed if it was used, and release it. */
void gup_walk_end(struct folio_walk *fw, struct vm_area_struct *vma,
		  unsigned long addr, struct page *page, bool used)
{
	if (!fw->ptl) {
		put_page(page);
		return;
	}
	if (used && fw->level == FW_LEVEL_PTE)
		folio_mark_accessed(page_folio(page));
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	if (used && fw->level == FW_LEVEL_PMD && pmd_trans_huge(fw->pmd))
		touch_pmd(vma, addr, fw->pmdp, false);
#endif
	folio_walk_end(fw, vma);
}
