/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A directory for the build of modules: a distribution's
 * /lib/modules/RELEASE/build, a source tree, or its O= directory.
 */
#ifndef BUILD_H
#define BUILD_H

#include <stdbool.h>

/*
 * From now on, the functions of kernel.h refer to the kernel of this directory
 * instead of the running one. False if there is no such directory.
 */
bool build_open(const char *dir);

/* The directory of build_open(), or NULL. */
const char *build_dir(void);

/* "" and 0 if unknown. The version is LINUX_VERSION_CODE. */
const char *build_release(void);
unsigned int build_version(void);

/* Does the directory contain a file of this name? */
bool build_has(const char *name);

/* Does the kernel export that symbol, by Module.symvers? */
bool build_exports(const char *symbol);

/* The path of that file; the caller frees it. */
char *build_path(const char *name);

#endif
