// SPDX-License-Identifier: GPL-2.0
@ read @
identifier mm;
@@
 mm_untag_mask(struct mm_struct *mm)
 {
-	return -1UL >> mm->context.pmlen;
+	return -1UL >> READ_ONCE(mm->context.pmlen);
 }

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
