// SPDX-License-Identifier: GPL-2.0
// The generic untagged_addr() would use the mask of the reader here, not that of the process that is read.
@ read @
identifier mm, addr, pmlen;
@@
 __untagged_addr_remote(struct mm_struct *mm, unsigned long addr)
 {
 <+...
 u8 pmlen =
-	mm->context.pmlen
+	READ_ONCE(mm->context.pmlen)
 ;
 ...+>
 }

@ macro @
identifier mm, addr;
expression E;
@@
 #define untagged_addr_remote(mm, addr) E
+
+/*
+ * The mask changes while the process has one thread. With the mask from before
+ * that, an address with a tag is found where it was before, or not at all.
+ */
+#define untagged_addr_remote_unlocked(mm, addr) __untagged_addr_remote(mm, addr)

@ write @
identifier mm, pmlen;
@@
 set_tagged_addr_ctrl(...)
 {
 <+...
-	mm->context.pmlen = pmlen;
+	WRITE_ONCE(mm->context.pmlen, pmlen);
 ...+>
 }
