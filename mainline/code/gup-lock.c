/*
 * Can read faults in @vma be handled under its lock?  If not, a fault drops the
 * lock without having waited, and the address space may change before the rest
 * is pinned.  A read of absent anonymous memory needs an anon_vma only to map
 * a huge page, or if the mm forbids the zero page; one of private hugetlb
 * memory, to allocate any page.
 */
static bool gup_vma_can_fault(struct vm_area_struct *vma)
{
	if (is_vm_hugetlb_page(vma))
		return vma->anon_vma || (vma->vm_flags & VM_MAYSHARE);
	if (vma->vm_ops)
		return vma->vm_ops->map_pages;
	if (vma->anon_vma || (vma->vm_flags & VM_MAYSHARE))
		return true;
	return !mm_forbids_zeropage(vma->vm_mm) &&
	       ((vma->vm_flags & VM_NOHUGEPAGE) ||
		round_up(vma->vm_start, PMD_SIZE) + PMD_SIZE > vma->vm_end);
}

/*
 * Pick and take the lock for __get_user_pages_locked(): with FOLL_VMA_LOCK the
 * read lock of the VMA that spans the whole range, otherwise the mmap lock.
 * With FOLL_VMA_LOCK, untag *@start.
 *
 * Return the read-locked VMA; NULL if the mmap lock was taken; or an error
 * pointer, with no lock held.
 */
static struct vm_area_struct *gup_lock(struct mm_struct *mm,
				       unsigned long *start,
				       unsigned long nr_pages,
				       unsigned int flags)
{
	struct vm_area_struct *vma;

	if (!(flags & FOLL_VMA_LOCK))
		return ERR_PTR(mmap_read_lock_killable(mm));
	vma = lock_remote_vma(mm, start);
	if (vma) {
		/* If check_vma_flags() refuses @vma, nothing is faulted. */
		if (nr_pages <= PHYS_PFN(vma->vm_end - (*start & PAGE_MASK)) &&
		    (gup_vma_can_fault(vma) || check_vma_flags(vma, flags)))
			return vma;
		vma_end_read(vma);
	} else if (is_remote_hole(mm, *start, false)) {
		return ERR_PTR(-EFAULT);
	}
	return ERR_PTR(mmap_read_lock_killable(mm));
}

static void gup_unlock(struct mm_struct *mm, struct vm_area_struct *vma)
{
	if (vma) {
		vma_end_read(vma);
		count_vm_vma_lock_event(VMA_LOCK_SUCCESS);
	} else {
		mmap_read_unlock(mm);
	}
}

