// SPDX-License-Identifier: GPL-2.0
@ read @
identifier mm;
@@
 mm_untag_mask(struct mm_struct *mm)
 {
-	return mm->context.untag_mask;
+	return READ_ONCE(mm->context.untag_mask);
 }

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
