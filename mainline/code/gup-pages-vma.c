/* __get_user_pages() under the read lock of a VMA that holds the whole range. */
static long gup_pages_vma(struct vm_area_struct *vma, unsigned long start,
			  unsigned long nr_pages, unsigned int gup_flags,
			  struct page **pages, int *locked)
{
	long ret;

	vma_assert_locked(vma);
	ret = check_vma_flags(vma, gup_flags);
	if (ret)
		return ret;
	ret = __get_user_pages_vma(vma, start, nr_pages, gup_flags, pages,
				   locked);
	if (!*locked)
		count_vm_vma_lock_event(VMA_LOCK_RETRY);
	return ret;
}

/*
 * untagged_addr_remote() without the mmap lock: mm_untag_mask() is one word.
 * Where the tag is replaced by the bit below it and that bit is set, the address
 * is not one of user space, and the mask must not turn it into one.
 */
static unsigned long gup_untagged_addr(struct mm_struct *mm, unsigned long addr)
{
	unsigned long mask = mm_untag_mask(mm);

	addr &= mask;
	return addr > mask >> 1 ? addr | ~mask : addr;
}

/**
 * lock_remote_vma() - look up and read-lock the VMA of an address
 * @mm:		mm_struct of target mm, with a reference on mm_users held
 * @addr:	the address, possibly tagged; untagged on return
 *
 * untagged_addr_remote() and vma_lookup() for callers without the mmap lock.
 *
 * Return: the VMA, which vma_end_read() unlocks.  NULL if there is none, or if
 * it cannot be locked without waiting.
 */
struct vm_area_struct *lock_remote_vma(struct mm_struct *mm,
				       unsigned long *addr)
{
	*addr = gup_untagged_addr(mm, *addr);
	return lock_vma_under_rcu(mm, *addr);
}

