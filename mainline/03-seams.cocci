// SPDX-License-Identifier: GPL-2.0
// What the module's sources take from its compat layer, mm/ has itself.
@ compat @
@@
-#include "compat.h"
+#include "internal.h"

@ iterator @
identifier vmi;
@@
-vmi.mas.index
+vma_iter_addr(&vmi)

@ walk_start @
expression fw, vma, addr;
@@
-remote_folio_walk_start(fw, vma, addr)
+folio_walk_start(fw, vma, addr, FW_ZEROPAGE | FW_VMA_LOCKED)

@ walk_end @
expression fw, vma;
@@
-remote_folio_walk_end(fw, vma)
+folio_walk_end(fw, vma)

// It counts where somebody can read it.
@ count @
identifier event;
expression counter;
@@
 remote_read_count(enum remote_read_event event)
 {
-	this_cpu_inc(counter);
+	if (IS_ENABLED(CONFIG_PER_VMA_LOCK_STATS) &&
+	    IS_ENABLED(CONFIG_DEBUG_FS))
+		this_cpu_inc(counter);
 }
