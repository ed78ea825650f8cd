// SPDX-License-Identifier: GPL-2.0
@ macro @
identifier mm, addr;
expression E;
@@
 #define untagged_addr_remote(mm, addr) E
+
+/*
+ * The mask changes at most once, from all ones, while the process has one
+ * thread. With the mask from before that, an address with a tag is not found
+ * in the address space, as it was not before.
+ */
+#define untagged_addr_remote_unlocked(mm, addr) ((addr) & READ_ONCE((mm)->context.untag_mask))

@ reset @
identifier mm;
@@
 mm_reset_untag_mask(struct mm_struct *mm)
 {
-	mm->context.untag_mask = -1UL;
+	WRITE_ONCE(mm->context.untag_mask, -1UL);
 }

@ enable @
identifier mm;
expression mask;
@@
 mm_enable_lam(struct mm_struct *mm)
 {
 ...
-	mm->context.untag_mask = mask;
+	WRITE_ONCE(mm->context.untag_mask, mask);
 ...
 }
