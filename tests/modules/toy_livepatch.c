// SPDX-License-Identifier: GPL-2.0
/*
 * toy_livepatch - another livepatch for one of the functions that vmapeek
 * replaces, for tests. Its function fails reads. With replace=1 it replaces all
 * other livepatches atomically.
 */
#include <linux/livepatch.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool replace;
module_param(replace, bool, 0444);

static int toy_access_process_vm(struct task_struct *tsk, unsigned long addr,
				 void *buf, int len, unsigned int gup_flags)
{
	return 0;
}

static struct klp_func toy_funcs[] = {
	{
		.old_name = "access_process_vm",
		.new_func = toy_access_process_vm,
	},
	{ }
};

static struct klp_object toy_objects[] = {
	{ .funcs = toy_funcs }, { }
};

static struct klp_patch toy_patch = {
	.mod = THIS_MODULE,
	.objs = toy_objects,
};

static int __init toy_init(void)
{
	toy_patch.replace = replace;
	return klp_enable_patch(&toy_patch);
}

/* Livepatch drops its reference only when no task can be in this code. */
static void __exit toy_exit(void)
{
}

module_init(toy_init);
module_exit(toy_exit);

MODULE_DESCRIPTION("Replace a function that vmapeek replaces, for tests");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
