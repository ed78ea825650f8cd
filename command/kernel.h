/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The running kernel, or the one that build_open() names: its version, its
 * configuration and its symbols.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stddef.h>

/* uname -r */
const char *kernel_release(void);

/* Is vmapeek made for a kernel of this version, on this machine? */
bool kernel_is_supported(void);

/* The same of a version that is written like this, on any machine. */
bool kernel_is_supported_as(const char *release);

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

/* What CONFIG_@name is, without quotes; "" if it is not set. */
void kernel_config_value(const char *name, char *value, size_t size);

struct symbol_count {
	const char *name;
	unsigned int times;
	bool changed;	/* there is one whose name goes on with a dot */
};

/*
 * How often the kernel has a symbol of each name, by /proc/kallsyms or its
 * System.map; anybody may read the names. False if it does not tell.
 */
bool kernel_symbols_count(struct symbol_count *symbols, size_t n);

#endif
