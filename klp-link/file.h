/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>
#include <sys/types.h>

/* A file's content. read_file() appends one NUL byte, not counted in @len. */
struct blob {
	char *data;
	size_t len;
	mode_t mode;
};

/* Print "klp-link: ..." and exit with status 1. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* malloc(), or exit with a message. */
void *must_alloc(size_t size);

void read_file(const char *path, struct blob *blob);

/* Replace @path as a whole, or leave it unchanged and exit with a message. */
void write_file(const char *path, const struct blob *blob);

#endif
