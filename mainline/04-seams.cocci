// SPDX-License-Identifier: GPL-2.0
// As 03-seams.cocci, for the file that walks no page tables itself.
@ compat @
@@
-#include "compat.h"
+#include "internal.h"
