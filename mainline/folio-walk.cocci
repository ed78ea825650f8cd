// SPDX-License-Identifier: GPL-2.0
// The flag takes the bit after FW_ZEROPAGE's. Coccinelle does not parse __force, so the value is handed on as a name,
// in the column of the others'.
@ flag @
expression E;
@@
 #define FW_ZEROPAGE E

@ script:python value @
e << flag.E;
v;
@@
import re
bit = int(re.search(r'BIT\s*\(\s*(\d+)', e).group(1)) + 1
coccinelle.v = cocci.make_ident('\t\t\t((__force folio_walk_flags_t)BIT(%d))' % bit)

@ define @
expression flag.E;
identifier value.v;
@@
 #define FW_ZEROPAGE E
+
+/* The caller holds the VMA's read lock, and possibly not the mmap lock. */
+#define FW_VMA_LOCKED v

@ assert @
identifier fw, vma, addr, flags;
@@
 folio_walk_start(struct folio_walk *fw, struct vm_area_struct *vma,
		  unsigned long addr, folio_walk_flags_t flags)
 {
 ...
-	mmap_assert_locked(vma->vm_mm);
+	if (flags & FW_VMA_LOCKED)
+		vma_assert_locked(vma);
+	else
+		mmap_assert_locked(vma->vm_mm);
 	vma_pgtable_walk_begin(vma);
 ...
 }
