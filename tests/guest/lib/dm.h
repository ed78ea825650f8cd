/* SPDX-License-Identifier: GPL-2.0 */
/* A block device that can be suspended: reads from it wait. */
#ifndef DM_H
#define DM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Makes a device of the device mapper called @name, of @size bytes, on top of
 * another one. False if this kernel lacks a feature. Only one device at a time.
 */
bool dm_make(const char *name, const char *below, unsigned long size);
/* Its path. */
const char *dm_path(void);
void dm_hold(bool held);
void dm_remove(void);

#endif
