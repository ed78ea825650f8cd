/* SPDX-License-Identifier: GPL-2.0 */
/* File systems in images. Errors are fatal. */
#ifndef DISK_H
#define DISK_H

#include <stddef.h>

/* Puts the path of the loop device into @path, which has 32 bytes. */
void loop_attach(const char *image, char *path);
/* Mounts at a new directory. */
void ext4_mount(const char *device, const char *at);
/* Makes a file with the bytes of pattern(), and syncs it. */
void pattern_file(const char *path, size_t size);

#endif
