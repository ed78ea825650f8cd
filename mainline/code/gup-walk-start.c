
static noinline struct page *gup_walk_get(struct vm_area_struct *vma,
					  unsigned long addr,
					  unsigned int flags, int *locked)
{
	struct page *page;
	long ret = get_user_pages_locked_vma(vma, addr, 1, flags &
					     ~INTERNAL_GUP_FLAGS, &page, locked);

	return ret == 1 ? page : ERR_PTR(ret ?: -EAGAIN);
}

/* Mark a page of @folio accessed, as FOLL_TOUCH does. */
void gup_walk_touch(struct folio_walk *fw, struct vm_area_struct *vma,
		    unsigned long addr, struct folio *folio)
{
	if (fw->level == FW_LEVEL_PTE)
		folio_mark_accessed(folio);
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	else if (pmd_trans_huge(fw->pmd))
		touch_pmd(vma, addr, fw->pmdp, false);
#endif
}

/*
 * get_user_pages_locked_vma() for one page that is only read.  The page table
 * lock stands in for a reference until folio_walk_end().  If that is not
 * possible, fw->ptl is NULL on return, and the caller owns a reference.
 *
 * With FOLL_PIN the page table lock stands in for a pin, and the caller marks
 * the page accessed by gup_walk_touch().
 *
 * Return the page; -EAGAIN with *@locked still 1 if the caller must pin it; or
 * another error.  On an error no page table lock is held, and @fw is undefined;
 * if *@locked is 0, a fault dropped the VMA lock, too.
 */
struct page *gup_walk_start(struct folio_walk *fw, struct vm_area_struct *vma,
			    unsigned long addr, unsigned int flags,
			    int *locked)
{
	bool protnone, unshare = false;
	struct folio *folio;
	struct page *page;
	int ret;

	flags = (flags & ~FOLL_WRITE) | FOLL_REMOTE | FOLL_VMA_LOCK;
	ret = check_vma_flags(vma, flags);
	if (ret)
		return ERR_PTR(ret);
	if ((flags & FOLL_PIN) && !gup_vma_can_fault(vma))
		return ERR_PTR(-EAGAIN);
retry:
	if (fatal_signal_pending(current))
		return ERR_PTR(-EINTR);
	cond_resched();
	fw->level = FW_LEVEL_PTE;
	fw->pte = __pte(0);
	folio = folio_walk_start(fw, vma, addr, FW_ZEROPAGE | FW_VMA_LOCKED);
	if (!folio) {
		/* Is the entry present, but without a folio to use? */
		if (fw->level == FW_LEVEL_PTE ? pte_present(fw->pte) :
		    fw->level == FW_LEVEL_PUD || pmd_present(fw->pmd))
			goto get;
		goto fault;
	}

	if (fw->level == FW_LEVEL_PUD || folio_is_zone_device(folio))
		goto end;
	protnone = fw->level == FW_LEVEL_PTE ? pte_protnone(fw->pte) :
					       pmd_protnone(fw->pmd);
	/* NUMA hinting or userfaultfd: GUP decides whether to fault. */
	if (protnone && vma_is_accessible(vma))
		goto end;

	/* fw->page is NULL for the zero folios, whose pages are all alike. */
	page = fw->page ?: folio_page(folio, 0);
	if (flags & FOLL_PIN) {
		unshare = gup_must_unshare(vma, flags,
					   fw->level == FW_LEVEL_PTE ?
					   page : pmd_page(fw->pmd));
		if (unshare) {
			folio_walk_end(fw, vma);
			goto fault;
		}
		if (arch_make_folio_accessible(folio))
			goto end;
	} else {
		gup_walk_touch(fw, vma, addr, folio);
	}
	flush_anon_page(vma, page, addr);
	flush_dcache_page(page);
	return page;
fault:
	ret = faultin_page(vma, addr, flags, unshare, locked);
	if (ret)
		return ERR_PTR(ret);
	unshare = false;
	goto retry;
end:
	folio_walk_end(fw, vma);
get:
	if (flags & FOLL_PIN)
		return ERR_PTR(-EAGAIN);
	fw->ptl = NULL;
	return gup_walk_get(vma, addr, flags, locked);
}
