/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_LINUX_7_3_H
#define _COMPAT_LINUX_7_3_H

#include <linux/types.h>

/* What touch_pmd() returns. */
typedef bool compat_touch_pmd_t;

#endif /* _COMPAT_LINUX_7_3_H */
