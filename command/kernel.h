/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>

/* Is vmapeek made for a kernel of this version, on this machine? */
bool kernel_is_supported(void);

/* For messages: the versions that are. */
const char *kernel_supported_versions(void);

#endif
