/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>

/* A set of symbol names; all zeros when empty. */
struct names {
	void *root;
};

/* Add the symbols that the kernel's Module.symvers lists as exported. */
void names_read_symvers(struct names *names, const char *path);

/* Add a list with one name per line, blank lines and # comments. */
void names_read_list(struct names *names, const char *path);

bool names_have(const struct names *names, const char *name);

#endif
