// SPDX-License-Identifier: GPL-2.0
@ include @
@@
 #include <linux/mm.h>
+#include <linux/mmu_context.h>

@ fault @
identifier flags, fault_flags;
@@
 faultin_page(...)
 {
 ...
 if (flags & FOLL_REMOTE)
	fault_flags |= FAULT_FLAG_REMOTE;
+	if (flags & FOLL_VMA_LOCK)
+		fault_flags |= FAULT_FLAG_VMA_LOCK;
 ...
 }
