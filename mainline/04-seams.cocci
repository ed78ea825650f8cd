// SPDX-License-Identifier: GPL-2.0
// As 03-seams.cocci, for the file that walks no page tables itself.
@ compat @
@@
-#include "compat.h"
+#include "internal.h"

@ stats @
@@
-#include "stats.h"

@ sorted depends on stats @
@@
+#include "remote_stats.h"
 #include "remote_walk.h"
