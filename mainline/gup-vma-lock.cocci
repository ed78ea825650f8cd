// SPDX-License-Identifier: GPL-2.0
@ include @
@@
 #include <linux/mm.h>
+#include <linux/mmu_context.h>

@ fault @
identifier flags, fault_flags;
@@
 faultin_page(...)
 {
 ...
 if (flags & FOLL_REMOTE)
	fault_flags |= FAULT_FLAG_REMOTE;
+	if (flags & FOLL_VMA_LOCK)
+		fault_flags |= FAULT_FLAG_VMA_LOCK;
 ...
 }

@ retry @
identifier vma, address, flags, fault_flags, ret;
@@
 faultin_page(struct vm_area_struct *vma, unsigned long address,
	      unsigned int flags, ...)
 {
 ...
 ret = handle_mm_fault(vma, address, fault_flags, NULL);
+	if ((flags & FOLL_VMA_LOCK) &&
+	    (ret & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)))
+		count_vm_vma_lock_event(VMA_LOCK_RETRY);
 ...
 }

@ calls @
expression mm, start, nr, how, pages, locked;
@@
-__get_user_pages(mm, start, nr, how, pages, locked)
+__get_user_pages(mm, NULL, start, nr, how, pages, locked)
