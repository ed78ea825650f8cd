long pin_user_pages_remote_unlocked(struct mm_struct *mm, unsigned long start,
				    unsigned long nr_pages,
				    unsigned int gup_flags,
				    struct page **pages);
