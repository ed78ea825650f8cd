// SPDX-License-Identifier: GPL-2.0
@ include @
@@
 #include <linux/mm.h>
+#include <linux/pagewalk.h>

@ read @
identifier flags, vm_write;
@@
 process_vm_rw_single_vec(...)
 {
 ...
 if (vm_write)
	flags |= FOLL_WRITE;
+
+	if (IS_ENABLED(CONFIG_PER_VMA_LOCK) && !vm_write && nr_pages == 1) {
+		rc = process_vm_read_page(addr, len, iter, mm, &flags);
+		if (rc != -EAGAIN)
+			return rc;
+		rc = 0;
+	}
 ...
 }
