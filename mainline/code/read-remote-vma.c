#ifdef STRINGS
/* With @str, stop at the end of the string.  Return the number of bytes. */
static __always_inline
int copy_from_remote_page(struct vm_area_struct *vma, struct page *page,
			  unsigned long addr, void *buf, int bytes, bool str)
{
	void *maddr = kmap_local_page(page);

	if (str)
		bytes = strnlen(maddr + offset_in_page(addr), bytes);
	copy_from_user_page(vma, page, addr, buf, maddr + offset_in_page(addr),
			    bytes);
	kunmap_local(maddr);

	/* The string may have been shortened during the copy. */
	return str ? strnlen(buf, bytes) : bytes;
}
#else
static void copy_from_remote_page(struct vm_area_struct *vma, struct page *page,
				  unsigned long addr, void *buf, int bytes)
{
	void *maddr = kmap_local_page(page);

	copy_from_user_page(vma, page, addr, buf, maddr + offset_in_page(addr),
			    bytes);
	kunmap_local(maddr);
}
#endif

#ifdef HOLES
/* Is the VMA at @addr no stack?  False if it cannot be locked. */
static bool is_no_stack(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(mm, addr);
	bool no_stack;

	if (!vma)
		return false;
	no_stack = !(vma->vm_flags & VM_GROWSDOWN);
	vma_end_read(vma);
	return no_stack;
}

/*
 * Is nothing mapped at @addr, which is untagged, and can no stack above grow
 * down to it?  Unless @racy, false if a writer of the address space was active.
 */
bool is_remote_hole(struct mm_struct *mm, unsigned long addr, bool racy)
{
	VMA_ITERATOR(vmi, mm, addr);
	unsigned long start = 0;
	struct vm_area_struct *next;
	unsigned int seq;
	bool hole;

	/* A stack below might grow up to @addr. */
	if (IS_ENABLED(CONFIG_STACK_GROWSUP))
		return false;
	if (!mmap_lock_speculate_try_begin(mm, &seq) && !racy)
		return false;

	rcu_read_lock();
	next = vma_next(&vmi);
	if (next)
		start = vma_iter_addr(&vmi);
	hole = !next || (start > addr &&
			 !(READ_ONCE(next->vm_flags) & VM_GROWSDOWN));
	rcu_read_unlock();
	if (!hole || in_gate_area(mm, addr))
		return false;
	if (!racy)
		return !mmap_lock_speculate_retry(mm, seq);
	/* A writer may have freed @next, and its flags may be another VMA's. */
	return !start || is_no_stack(mm, start);
}

#endif
/*
 * __access_remote_vm() for a read inside one VMA, under the VMA's read lock.
#ifdef STRINGS
 * With @str, stop at the end of the string that begins at @addr.
#endif
 *
 * Return the number of bytes, or -EAGAIN if the mmap lock is needed.  Then the
 * caller starts over from the first byte, so that one lock covers all bytes.
 */
#ifdef STRINGS
static __always_inline
int read_remote_vma(struct mm_struct *mm, unsigned long addr, void *buf,
		    int len, unsigned int gup_flags, bool str)
#else
static int read_remote_vma(struct mm_struct *mm, unsigned long addr, void *buf,
			   int len, unsigned int gup_flags)
#endif
{
	struct vm_area_struct *vma = lock_remote_vma(mm, &addr);
#ifdef HOLES
	bool racy = true;
	unsigned int seq;
#endif
	void *old_buf = buf;
	int locked = 1;

	if (!vma)
#ifdef STRINGS
		return !str && is_remote_hole(mm, addr, false) ? 0 : -EAGAIN;
#elifdef HOLES
		return is_remote_hole(mm, addr, false) ? 0 : -EAGAIN;
#else
		return -EAGAIN;
#endif
	if (offset_in_page(addr) + len > PAGE_SIZE) {
		/* Mark no page before a fault that always drops the lock. */
		if (vma->vm_ops && !vma->vm_ops->map_pages &&
		    !is_vm_hugetlb_page(vma))
			goto fall_back;
#ifdef STRINGS
		if (!str && len > vma->vm_end - addr) {
#elifdef HOLES
		if (len > vma->vm_end - addr) {
#else
		if (len > vma->vm_end - addr)
			goto fall_back;
#endif
#ifdef HOLES
			/* Titles must be readable under a stuck writer. */
			racy = (gup_flags & FOLL_ANON) &&
			       (vma->vm_flags & VM_GROWSDOWN);
			if ((!racy && !mmap_lock_speculate_try_begin(mm, &seq)) ||
			    !is_remote_hole(mm, vma->vm_end, racy))
				goto fall_back;
			len = vma->vm_end - addr;
		}
#endif
	}

	while (len) {
		int bytes = min_t(int, len, PAGE_SIZE - offset_in_page(addr));
#ifdef DIRECT
		struct folio_walk fw __uninitialized;
#endif
		struct page *page;
#ifdef STRINGS
		int nr;

		/* The rest of a string may be in another VMA. */
		if (str && addr == vma->vm_end)
			goto fall_back;
#endif

#ifdef DIRECT
		page = gup_walk_start(&fw, vma, addr, gup_flags, &locked);
		if (IS_ERR(page))
			break;
#else
		if (get_user_pages_locked_vma(vma, addr, 1, gup_flags, &page,
					      &locked) != 1)
			break;
#endif
#ifdef STRINGS
		nr = copy_from_remote_page(vma, page, addr, buf, bytes, str);
#else
		copy_from_remote_page(vma, page, addr, buf, bytes);
#endif
#ifdef DIRECT
		if (fw.ptl)
			folio_walk_end(&fw, vma);
		else
			put_page(page);
#else
		put_page(page);
#endif
#ifdef STRINGS
		len = nr == bytes ? len - bytes : 0;
		buf += nr;
		addr += nr;
#else
		len -= bytes;
		buf += bytes;
		addr += bytes;
#endif
	}
	if (len && !locked)
		return -EAGAIN;
#ifdef STRINGS
	/* The slow path handles errors and ->access(). */
	if (len && (str || (vma->vm_ops && vma->vm_ops->access)))
		goto fall_back;
#else
	/* The slow path tries ->access() for the rest. */
	if (len && vma->vm_ops && vma->vm_ops->access)
		goto fall_back;
#endif
#ifdef HOLES
	/* The bytes must not be newer than the hole. */
	if (!racy && mmap_lock_speculate_retry(mm, seq))
		goto fall_back;
#endif
	vma_end_read(vma);
	count_vm_vma_lock_event(VMA_LOCK_SUCCESS);
	return buf - old_buf;

fall_back:
	vma_end_read(vma);
	return -EAGAIN;
}

