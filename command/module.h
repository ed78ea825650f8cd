/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel modules, as seen by modprobe and insmod. Errors: errno values. */
#ifndef MODULE_H
#define MODULE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "livepatch.h"

struct module {
	char path[PATH_MAX];
	char name[64];
	char release[128];	/* of the kernel that it was built for */
	char version[128];	/* ... and its version; "": not known */
	char signer[128];	/* "": it is not signed */
};

/*
 * Describes the module of @lp in @file, or the one that modprobe would load if
 * that is NULL. Returns ENOENT if there is none.
 */
int module_find(const struct livepatch *lp, const char *file,
		struct module *module);

/*
 * Was it built for this very kernel? Distributions build a kernel again under
 * the same release; the version (uname -v) tells one build from another.
 */
bool module_is_for_release(const struct module *module);
bool module_is_for_build(const struct module *module);

/* The command that modprobe.d runs instead of loading it, or NULL. */
const char *module_install_command(const struct livepatch *lp);

/* Does modprobe's configuration keep it from being loaded at boot? */
bool module_blacklisted(const struct livepatch *lp);

/* Does "module_blacklist=" on the kernel's command line name it? */
bool module_refused_at_boot(const struct livepatch *lp);

/*
 * Loads the module in @file or, if that is NULL, the one that modprobe finds.
 * Returns 0 or an error number, with cause and remedy in @why. EBUSY and EEXIST
 * may be transient.
 */
int module_load(const struct livepatch *lp, const char *file, char *why,
		size_t size);

/* Does not wait: EBUSY or EAGAIN while it is in use. */
int module_unload(const struct livepatch *lp);

#endif
