/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Initialization of both modules: check the kernel's build, create the
 * counters, enable the livepatch.
 */
#ifndef _LIVEPATCH_H
#define _LIVEPATCH_H

#include <linux/errno.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <generated/utsrelease.h>
#include <generated/utsversion.h>

/*
 * With CONFIG_MODVERSIONS the kernel does not compare releases. It compares the
 * symbols that the module links to, but not those reached by livepatch
 * relocations. Distributions rebuild a kernel under the same release; only the
 * version distinguishes the builds.
 */
static inline int vmapeek_check_build(void)
{
	const struct new_utsname *running = init_utsname();
	const char *release = UTS_RELEASE;
	const char *version = UTS_VERSION;

	/* Not folded into the code: the test changes the strings in the file. */
	OPTIMIZER_HIDE_VAR(release);
	OPTIMIZER_HIDE_VAR(version);
	if (!strcmp(running->release, release) &&
	    !strcmp(running->version, version))
		return 0;
	pr_err("built for %s (%s), but this kernel is %s (%s): build it again for this one\n",
	       release, version, running->release, running->version);
	return -ENOEXEC;
}

/**
 * vmapeek_enable_patch - create the counters and enable the livepatch
 * @patch: the functions
 * @create_stats: creates the module's counters in sysfs, below the kobject
 * @remove_stats: removes them
 *
 * Context: Process context, from the module's init function.
 *
 * Return: 0, or an error that keeps the module from being loaded; then nothing
 * is left behind, and the log has the reason.
 */
static inline int vmapeek_enable_patch(struct klp_patch *patch,
				       int (*create_stats)(struct kobject *),
				       void (*remove_stats)(void))
{
	int err = vmapeek_check_build();

	if (err)
		return err;

	err = create_stats(&patch->mod->mkobj.kobj);
	if (err) {
		pr_err("cannot create the counters in sysfs (error %d), not loaded\n",
		       err);
		return err;
	}

	err = klp_enable_patch(patch);
	if (err) {
		pr_err("the kernel refused the livepatch (error %d), not loaded\n",
		       err);
		remove_stats();
	}
	return err;
}

#endif /* _LIVEPATCH_H */
