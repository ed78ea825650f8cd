// SPDX-License-Identifier: GPL-2.0
// Inside the #ifndef: an architecture with a rule of its own that this series does not know must not get this one.
// Coccinelle does not parse statement expressions in added macros, so the value is handed on as a name.
@ old @
identifier mm, addr;
expression E;
@@
 #define untagged_addr_remote(mm, addr) E

@ script:python value @
e << old.E;
v;
@@
coccinelle.v = cocci.make_ident('({\t\\\n\t(void)(mm);\t\t\t\t\t\\\n\tuntagged_addr(addr);\t\t\t\t\\\n})')

@ macro @
identifier old.mm, old.addr, value.v;
expression old.E;
@@
 #define untagged_addr_remote(mm, addr) E
+
+/* One rule for all address spaces: nothing is read that could change. */
+#define untagged_addr_remote_unlocked(mm, addr) v
