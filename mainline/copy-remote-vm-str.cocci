// SPDX-License-Identifier: GPL-2.0
@ call @
identifier mm, addr, buf, len, gup_flags;
@@
 __access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf,
		    int len, unsigned int gup_flags)
 {
 <+...
-	read_remote_vma(mm, addr, buf, len, gup_flags)
+	read_remote_vma(mm, addr, buf, len, gup_flags, false)
 ...+>
 }

@ string @
identifier mm, addr, buf, len, gup_flags, err;
@@
 __copy_remote_vm_str(struct mm_struct *mm, unsigned long addr, void *buf,
		      int len, unsigned int gup_flags)
 {
 ...
 int err = 0;
+
+	if (IS_ENABLED(CONFIG_PER_VMA_LOCK)) {
+		int nr = read_remote_vma(mm, addr, buf, len, gup_flags, true);
+
+		if (nr >= 0) {
+			/* A string that fills @buf loses its last byte. */
+			nr = min(nr, len - 1);
+			((char *)buf)[nr] = '\0';
+			return nr;
+		}
+	}
 *(char *)buf = '\0';
 ...
 }
