// SPDX-License-Identifier: GPL-2.0
// What the module's sources take from its compat layer and from its counters, mm/ has itself.
@ compat @
@@
-#include "compat.h"
+#include "internal.h"

@ stats @
@@
-#include "stats.h"
+#include "remote_stats.h"

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
