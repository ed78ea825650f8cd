// SPDX-License-Identifier: GPL-2.0
// What the module's sources take from its compat layer and from its counters, mm/ has itself.
@ compat @
@@
-#include "compat.h"
+#include "internal.h"

@ iterator @
identifier vmi;
@@
-vmi.mas.index
+vma_iter_addr(&vmi)

@ stats @
@@
-#include "stats.h"

@ sorted depends on stats @
@@
+#include "remote_stats.h"
 #include "remote_walk.h"

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
