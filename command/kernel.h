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

/* The same for the version in the name of a release, on any machine. */
bool kernel_is_supported_as(const char *release);

/* Is it of @series, such as "6.12"? NULL is any. */
bool kernel_is_of_series(const char *series);

/* The supported versions, for messages. */
const char *kernel_supported_versions(void);

/* False if neither /boot nor /proc has a configuration that can be read. */
bool kernel_config_read(void);

/* The path of that configuration. */
const char *kernel_config_path(void);

/* Is CONFIG_@name y or m? */
bool kernel_config_has(const char *name);

/* The value of CONFIG_@name, without quotes; "" if it is not set. */
void kernel_config_value(const char *name, char *value, size_t size);

struct symbol_count {
	const char *name;
	unsigned int times;
	bool changed;	/* a symbol NAME.suffix exists */
};

/*
 * Counts the symbols of each name, by /proc/kallsyms or System.map; reading the
 * names needs no privilege. False if neither file can be read.
 */
bool kernel_symbols_count(struct symbol_count *symbols, size_t n);

#endif
