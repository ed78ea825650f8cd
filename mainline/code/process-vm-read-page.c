/*
 * Read from one page under the lock of its VMA, without a pin.  Page faults of
 * the caller's memory are disabled.  Return 0 or -EFAULT; or -EAGAIN if the
 * caller must pin the page, with *@flags.
 */
static int process_vm_read_page(unsigned long addr, unsigned long len,
				struct iov_iter *iter, struct mm_struct *mm,
				unsigned int *flags)
{
	struct folio_walk fw __uninitialized;
	struct vm_area_struct *vma;
	struct page *page;
	int locked = 1, ret = 0;

	/* Then copy_to_user() takes the page table lock of its destination. */
	if (IS_ENABLED(CONFIG_UACCESS_WITH_MEMCPY))
		return -EAGAIN;
	vma = lock_remote_vma(mm, &addr);
	if (!vma)
		return is_remote_hole(mm, addr, false) ? -EFAULT : -EAGAIN;
	page = gup_walk_start(&fw, vma, addr, FOLL_PIN | FOLL_UNLOCKABLE,
			      &locked);
	if (!locked) {
		*flags |= FOLL_TRIED;
		return -EAGAIN;
	}
	if (IS_ERR(page)) {
		ret = PTR_ERR(page) == -EAGAIN ? -EAGAIN : -EFAULT;
	} else {
		size_t copied = copy_page_to_iter_nofault(page,
						offset_in_page(addr), len, iter);

		if (copied == len || !iov_iter_count(iter)) {
			gup_walk_touch(&fw, vma, addr, page_folio(page));
		} else {
			iov_iter_revert(iter, copied);
			ret = -EAGAIN;
		}
		folio_walk_end(&fw, vma);
	}
	vma_end_read(vma);
	if (ret != -EAGAIN)
		count_vm_vma_lock_event(VMA_LOCK_SUCCESS);
	return ret;
}

