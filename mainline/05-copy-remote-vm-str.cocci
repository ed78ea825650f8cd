// SPDX-License-Identifier: GPL-2.0
@ include @
@@
 #include "remote_read.h"
+#include "remote_read_str.h"

@ fast @
identifier mm, addr, buf, len, gup_flags, old_buf, err;
@@
 __copy_remote_vm_str(struct mm_struct *mm, unsigned long addr, void *buf,
		      int len, unsigned int gup_flags)
 {
 ...
 int err = 0;
 ...
+	if (IS_ENABLED(CONFIG_PER_VMA_LOCK)) {
+		int copied = remote_read_str(mm, addr, buf, len, gup_flags);
+
+		if (copied >= 0)
+			return copied;
+	}
+
 *(char *)buf = '\0';
 ...
 }
