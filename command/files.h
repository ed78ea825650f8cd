/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of the kernel. All paths are absolute printf formats; tests prefix them
 * with $VMAPEEK_ROOT, to simulate another kernel.
 */
#ifndef FILES_H
#define FILES_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PRINTF(string, first) __attribute__((format(printf, string, first)))

/* $VMAPEEK_ROOT; empty except in tests. */
const char *files_root(void);

/* The caller frees it. */
char *file_path(const char *format, ...) PRINTF(1, 2);
FILE *file_open(const char *format, ...) PRINTF(1, 2);
bool file_exists(const char *format, ...) PRINTF(1, 2);

/* Reads the first line without its newline, truncated to @size. */
bool file_line(char *buf, size_t size, const char *format, ...) PRINTF(3, 4);

/* True if the first line is this. */
bool file_is(const char *text, const char *format, ...) PRINTF(2, 3);

/* Returns 0 or an error number. */
int file_write(const char *text, const char *format, ...) PRINTF(2, 3);

DIR *directory_open(const char *format, ...) PRINTF(1, 2);

/* The next name that does not begin with a dot, or NULL. */
const char *directory_next(DIR *dir);

#endif
