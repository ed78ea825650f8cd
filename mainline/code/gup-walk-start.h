struct page *gup_walk_start(struct folio_walk *fw, struct vm_area_struct *vma,
			    unsigned long addr, unsigned int flags,
			    int *locked);
void gup_walk_touch(struct folio_walk *fw, struct vm_area_struct *vma,
		    unsigned long addr, struct folio *folio);
