static long __get_user_pages_vma(struct vm_area_struct *vma,
				 unsigned long start, unsigned long nr_pages,
				 unsigned int gup_flags, struct page **pages,
				 int *locked);

