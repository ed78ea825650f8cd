/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>

/*
 * Loads the module in @file or, if that is NULL, the one that modprobe finds.
 * Returns 0 or an error number, and then says in @why what is wrong and what
 * to do. EBUSY and EEXIST may be gone the next time.
 */
int load(const char *file, char *why, size_t size);

#endif
