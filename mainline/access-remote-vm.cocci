// SPDX-License-Identifier: GPL-2.0
@ call @
identifier mm, addr, buf, len, gup_flags, write;
@@
 __access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf,
		    int len, unsigned int gup_flags)
 {
 ...
 int write = ...;
+
+	if (IS_ENABLED(CONFIG_PER_VMA_LOCK) && !write) {
+		int nr = read_remote_vma(mm, addr, buf, len, gup_flags);
+
+		if (nr >= 0)
+			return nr;
+	}
 if (mmap_read_lock_killable(mm)) { ... }
 ...
 }
