// SPDX-License-Identifier: GPL-2.0
@ include @
@@
 #include <linux/syscalls.h>
+
+#include "internal.h"

@ pin @
identifier locked, pinned_pages, mm, pa, flags, process_pages;
@@
 process_vm_rw_single_vec(...)
 {
 <+...
-	int locked = 1;
 ...
-	mmap_read_lock(mm);
-	pinned_pages = pin_user_pages_remote(mm, pa, pinned_pages, flags,
-					     process_pages, &locked);
-	if (locked)
-		mmap_read_unlock(mm);
+	pinned_pages = pin_user_pages_remote_unlocked(mm, pa, pinned_pages,
+						      flags, process_pages);
 ...+>
 }
