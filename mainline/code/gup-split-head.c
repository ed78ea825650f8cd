}

/*
 * The part of __get_user_pages() inside one VMA.  The caller holds a lock on
 * @vma, has called check_vma_flags(), and @vma holds the whole range.
 *
 * A short return means that the range cannot be finished under this lock.  If a
 * fault dropped the lock, *@locked is 0 and @vma must not be used any more.
 */
static long __get_user_pages_vma(struct vm_area_struct *vma,
				 unsigned long start, unsigned long nr_pages,
				 unsigned int gup_flags, struct page **pages,
				 int *locked)
{
	long ret = 0, i = 0;
