// SPDX-License-Identifier: GPL-2.0
@ include @
@@
 #include "internal.h"
+#include "remote_read.h"

// What is transferred is counted from here, on all ways out.
@ no_lock @
identifier mm, addr, buf, len, gup_flags, old_buf;
@@
 __access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf,
		    int len, unsigned int gup_flags)
 {
 ...
 void *old_buf = buf;
 ...
 if (mmap_read_lock_killable(mm))
-	return 0;
+	return buf - old_buf;
 ...
 }

@ no_vma @
identifier mm, addr, buf, old_buf;
@@
 __access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf, ...)
 {
 ...
 void *old_buf = buf;
 ...
 if (!vma_lookup(mm, addr) && !expand_stack(mm, addr))
-	return 0;
+	return buf - old_buf;
 ...
 }

@ fast @
identifier mm, addr, buf, len, gup_flags, old_buf;
@@
 __access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf,
		    int len, unsigned int gup_flags)
 {
 ...
 void *old_buf = buf;
 ...
+	if (IS_ENABLED(CONFIG_PER_VMA_LOCK)) {
+		/* All that the slow path would return, or nothing. */
+		buf += max(remote_read(mm, addr, buf, len, gup_flags), 0);
+		if (buf != old_buf)
+			return buf - old_buf;
+	}
 if (mmap_read_lock_killable(mm)) { ... }
 ...
 }
