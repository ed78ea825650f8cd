/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A directory that modules for a kernel are built in: what a distribution
 * installs as /lib/modules/RELEASE/build, a source tree, or its O=.
 */
#ifndef BUILD_H
#define BUILD_H

#include <stdbool.h>

/*
 * From here on, what kernel.h answers is about the kernel of this directory,
 * not the running one. False if there is no such directory.
 */
bool build_open(const char *dir);

/* NULL: none was opened. */
const char *build_dir(void);

/* "" and 0 where it does not tell. The version is LINUX_VERSION_CODE. */
const char *build_release(void);
unsigned int build_version(void);

/* Is there a file of this name in it? */
bool build_has(const char *name);

/* Does the kernel export that symbol, by Module.symvers? */
bool build_exports(const char *symbol);

/* The path of that file; the caller frees it. */
char *build_path(const char *name);

#endif
