// SPDX-License-Identifier: GPL-2.0
// Not the function of the same name without an MMU, whose flags have another name.
@ declare @
identifier must_unlock;
@@
 __get_user_pages_locked(..., unsigned int flags)
 {
 ...
 bool must_unlock = false;
+	struct vm_area_struct *vma = NULL;
 ...
 }

@ lock @
expression mm;
@@
 __get_user_pages_locked(..., unsigned int flags)
 {
 <+...
-		if (mmap_read_lock_killable(mm))
+		vma = gup_lock(mm, &start, nr_pages, flags);
+		if (IS_ERR(vma))
			return -EAGAIN;
 ...+>
 }

@ calls @
expression mm, start, nr, how, pages, locked;
@@
 __get_user_pages_locked(..., unsigned int flags)
 {
 <+...
-	__get_user_pages(mm, NULL, start, nr, how, pages, locked)
+	__get_user_pages(mm, vma, start, nr, how, pages, locked)
 ...+>
 }

@ lock_again @
expression mm, ret;
@@
 __get_user_pages_locked(..., unsigned int flags)
 {
 <+...
-	ret = mmap_read_lock_killable(mm);
+	vma = gup_lock(mm, &start, nr_pages, flags);
+	ret = PTR_ERR_OR_ZERO(vma);
 ...+>
 }

@ mmap_lock_next @
identifier retry;
@@
 __get_user_pages_locked(..., unsigned int flags)
 {
 <+...
+	/* Retry under the mmap lock. */
+	flags &= ~FOLL_VMA_LOCK;
	goto retry;
 ...+>
 }

@ unlock @
expression mm;
@@
 __get_user_pages_locked(..., unsigned int flags)
 {
 <+...
-	mmap_read_unlock(mm);
+	gup_unlock(mm, vma);
 ...+>
 }
