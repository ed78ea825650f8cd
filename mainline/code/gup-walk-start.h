struct page *gup_walk_start(struct folio_walk *fw, struct vm_area_struct *vma,
			    unsigned long addr, unsigned int gup_flags);
