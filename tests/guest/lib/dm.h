/* SPDX-License-Identifier: GPL-2.0 */
/* A block device that can be held: what is read from it waits. */
#ifndef DM_H
#define DM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Make a device of the device mapper called @name, @size bytes, on top of
 * another. False if this kernel lacks what is needed. One at a time.
 */
bool dm_make(const char *name, const char *below, unsigned long size);
/* Its path. */
const char *dm_path(void);
void dm_hold(bool held);
void dm_remove(void);

#endif
