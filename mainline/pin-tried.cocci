// SPDX-License-Identifier: GPL-2.0
@ tried @
identifier locked, gup_flags;
@@
 pin_user_pages_remote_unlocked(..., unsigned int gup_flags, ...)
 {
 int locked = 0;
+	unsigned int tried = gup_flags & FOLL_TRIED;
+
+	gup_flags &= ~FOLL_TRIED;
 ...
 return __gup_longterm_locked(...,
-			     gup_flags
+			     gup_flags | tried
			     );
 }
