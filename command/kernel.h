/* SPDX-License-Identifier: GPL-2.0 */
/* The running kernel: its version, its configuration and its symbols. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stddef.h>

/* uname -r */
const char *kernel_release(void);

/* Is vmapeek made for a kernel of this version, on this machine? */
bool kernel_is_supported(void);

/* Is it of @series, such as "6.12"? NULL is any. */
bool kernel_is_of_series(const char *series);

/* For messages: the versions that are. */
const char *kernel_supported_versions(void);

/* False if neither /boot nor /proc has a configuration that can be read. */
bool kernel_config_read(void);

/* Where it was found. */
const char *kernel_config_path(void);

/* Is CONFIG_@name y or m? */
bool kernel_config_has(const char *name);

struct symbol_count {
	const char *name;
	unsigned int times;
};

/*
 * How often the kernel has a symbol of each name, by /proc/kallsyms; anybody
 * may read the names. False if it does not tell.
 */
bool kernel_symbols_count(struct symbol_count *symbols, size_t n);

#endif
