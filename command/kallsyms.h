/* SPDX-License-Identifier: GPL-2.0 */
/* The names of what the kernel has; anybody may read those. */
#ifndef KALLSYMS_H
#define KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>

struct symbol_count {
	const char *name;
	unsigned int times;
};

/* How often the kernel has each; false if it does not tell. */
bool kallsyms_count(struct symbol_count *symbols, size_t n);

#endif
