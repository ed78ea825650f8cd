
struct vm_area_struct *lock_remote_vma(struct mm_struct *mm,
				       unsigned long *addr);
long get_user_pages_locked_vma(struct vm_area_struct *vma, unsigned long start,
			       unsigned long nr_pages, unsigned int gup_flags,
			       struct page **pages, int *locked);
