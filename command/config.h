/* SPDX-License-Identifier: GPL-2.0 */
/* The running kernel's configuration. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>

/* False if neither /boot nor /proc has one that can be read. */
bool config_read(void);

/* Where it was found. */
const char *config_path(void);

/* Is CONFIG_@name y or m? */
bool config_has(const char *name);

#endif
