/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _CHECK_BUILD_H
#define _CHECK_BUILD_H

#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <generated/utsrelease.h>
#include <generated/utsversion.h>

/*
 * With CONFIG_MODVERSIONS the kernel does not compare releases on its own. It
 * compares the symbols that the module links to, but not those reached by
 * livepatch relocation. Distributions rebuild a kernel under the same release;
 * the version tells one build from another.
 */
static inline int vmapeek_check_build(void)
{
	const struct new_utsname *running = init_utsname();

	if (!strcmp(running->release, UTS_RELEASE) &&
	    !strcmp(running->version, UTS_VERSION))
		return 0;
	pr_err("built for %s (%s), but this kernel is %s (%s): build it again for this one\n",
	       UTS_RELEASE, UTS_VERSION, running->release, running->version);
	return -ENOEXEC;
}

#endif /* _CHECK_BUILD_H */
