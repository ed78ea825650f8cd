/**
 * get_user_pages_locked_vma() - get pages of a VMA that is read-locked
 * @vma:	the VMA, which spans the whole range
 * @start:	starting user address, untagged
 * @nr_pages:	number of pages from start to get
 * @gup_flags:	flags modifying lookup behaviour
 * @pages:	array that receives pointers to the pages
 * @locked:	must point to 1; 0 on return if a fault dropped the VMA lock
 *
 * get_user_pages_remote() for callers that hold the read lock of @vma instead of
 * the mmap lock.  Faults are handled under the VMA lock, too.
 *
 * A fault that needs the mmap lock drops the VMA lock, even without
 * FOLL_UNLOCKABLE.  Then *@locked is 0, and @vma must not be used any more.
 *
 * Return: number of pages, which may be less than requested, or -errno.  0 only
 * if the VMA lock was dropped.
 */
long get_user_pages_locked_vma(struct vm_area_struct *vma, unsigned long start,
			       unsigned long nr_pages, unsigned int gup_flags,
			       struct page **pages, int *locked)
{
	/* With FAULT_FLAG_RETRY_NOWAIT, VM_FAULT_RETRY must not drop the lock. */
	if (WARN_ON_ONCE(gup_flags & (INTERNAL_GUP_FLAGS | FOLL_NOWAIT |
				      FOLL_LONGTERM)))
		return -EINVAL;

	return __get_user_pages(vma->vm_mm, vma, start, nr_pages, gup_flags |
				FOLL_GET | FOLL_TOUCH | FOLL_REMOTE |
				FOLL_VMA_LOCK, pages, locked);
}

/*
 * untagged_addr_remote() without the mmap lock: mm_untag_mask() is one word.
 * If the bit below the tag is set, untagged_addr_remote() returns no user
 * address, and the mask alone must not turn the address into one.
 */
static unsigned long gup_untagged_addr(struct mm_struct *mm, unsigned long addr)
{
	unsigned long mask = mm_untag_mask(mm);

	addr &= mask;
	return addr > mask >> 1 ? addr | ~mask : addr;
}

/*
 * untagged_addr_remote() and vma_lookup() without the mmap lock: untag *@addr and
 * return its VMA, read-locked.  NULL if there is none, or if it cannot be locked
 * without waiting.  The caller holds a reference on mm_users.
 */
struct vm_area_struct *lock_remote_vma(struct mm_struct *mm,
				       unsigned long *addr)
{
	*addr = gup_untagged_addr(mm, *addr);
	return lock_vma_under_rcu(mm, *addr);
}

