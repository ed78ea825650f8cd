
/*
 * pin_user_pages_remote() for callers without the mmap lock.  For reads, if one
 * VMA spans the whole range, its read lock is taken instead of the mmap lock.
 * All pages are pinned under one hold of the lock.  If a fault waits, it drops
 * the lock, and the rest is pinned under the next hold.  The caller holds a
 * reference on mm_users.
 *
 * Return the number of pages pinned, or -errno; 0 if @gup_flags are invalid.
 */
long pin_user_pages_remote_unlocked(struct mm_struct *mm, unsigned long start,
				    unsigned long nr_pages,
				    unsigned int gup_flags,
				    struct page **pages)
{
	int locked = 0;

	if (!is_valid_gup_args(pages, NULL, &gup_flags, FOLL_PIN | FOLL_TOUCH |
			       FOLL_REMOTE | FOLL_UNLOCKABLE))
		return 0;
	if (!(gup_flags & (FOLL_WRITE | FOLL_NOWAIT | FOLL_LONGTERM)))
		gup_flags |= FOLL_VMA_LOCK;
	return __gup_longterm_locked(mm, start, nr_pages, pages, &locked,
				     gup_flags);
}
