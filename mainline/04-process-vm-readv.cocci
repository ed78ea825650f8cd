// SPDX-License-Identifier: GPL-2.0
@ include @
@@
 #include <linux/syscalls.h>
+
+#include "remote_readv.h"
+#include "remote_stats.h"

@ fast @
identifier addr, len, iter, process_pages, mm, task, vm_write;
@@
 process_vm_rw_single_vec(unsigned long addr, unsigned long len,
			  struct iov_iter *iter, struct page **process_pages,
			  struct mm_struct *mm, struct task_struct *task,
			  int vm_write)
 {
 ...
 if (len == 0)
	return 0;
+	if (IS_ENABLED(CONFIG_PER_VMA_LOCK) && !vm_write) {
+		/* What overlaps must be copied by pages. */
+		if (mm != current->mm)
+			return remote_readv(mm, addr, len, iter, NULL);
+		remote_read_count(REMOTE_READ_SELF);
+	}
 ...
 }
