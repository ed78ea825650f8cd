/* SPDX-License-Identifier: GPL-2.0 */
/* File systems in images. Failing is fatal. */
#ifndef DISK_H
#define DISK_H

#include <stddef.h>

/* Puts the path of the loop device into @path, which has 32 bytes. */
void loop_attach(const char *image, char *path);
/* At a directory that is not there yet. */
void ext4_mount(const char *device, const char *at);
/* A file whose bytes are those of pattern(), on the disk. */
void pattern_file(const char *path, size_t size);

#endif
