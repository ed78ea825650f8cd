// SPDX-License-Identifier: GPL-2.0
/*
 * The livepatch for readers of /proc/PID/maps and its relatives: functions of
 * the running kernel and their replacements. It is a module of its own, so that
 * vmapeek still loads if one of these functions cannot be replaced.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/livepatch.h>
#include <linux/module.h>

#include "../livepatch.h"
#include "../version.h"
#include "maps.h"

static struct klp_func maps_funcs[] = {
	{
		.old_name = "seq_read",
		.new_func = vmapeek_seq_read,
	},
#ifdef HAVE_MAPS_UNDER_MMAP_LOCK
	{
		.old_name = "procfs_procmap_ioctl",
		.new_func = vmapeek_procfs_procmap_ioctl,
	},
	{
		.old_name = "walk_page_vma",
		.new_func = vmapeek_walk_page_vma,
	},
#ifdef CONFIG_ANON_VMA_NAME
	{
		.old_name = "anon_vma_name",
		.new_func = vmapeek_anon_vma_name,
	},
#endif
#else
	{
		.old_name = "lock_next_vma",
		.new_func = vmapeek_lock_next_vma,
	},
#endif
	{
		.old_name = "show_smaps_rollup",
		.new_func = vmapeek_show_smaps_rollup,
	},
	{
		.old_name = "pagemap_read",
		.new_func = vmapeek_pagemap_read,
	},
#ifdef HAVE_DO_PAGEMAP_SCAN
	{
		.old_name = "do_pagemap_cmd",
		.new_func = vmapeek_do_pagemap_cmd,
	},
#endif
	{
		.old_name = "map_files_d_revalidate",
		.new_func = vmapeek_map_files_d_revalidate,
	},
	{
		.old_name = "map_files_get_link",
		.new_func = vmapeek_map_files_get_link,
	},
	{
		.old_name = "proc_map_files_lookup",
		.new_func = vmapeek_proc_map_files_lookup,
	},
	{
		.old_name = "proc_map_files_readdir",
		.new_func = vmapeek_proc_map_files_readdir,
	},
	{ }
};

/* No object name: the functions are in vmlinux. */
static struct klp_object maps_objects[] = {
	{ .funcs = maps_funcs }, { }
};

static struct klp_patch maps_patch = {
	.mod = THIS_MODULE,
	.objs = maps_objects,
};

static int __init maps_init(void)
{
	if (!maps_add_reader_works()) {
		pr_err("this kernel's VMA locks are not as in Linux 6.12, not loaded\n");
		return -ENOEXEC;
	}
	pagemap_scan_init();
	return vmapeek_enable_patch(&maps_patch, maps_stats_create,
				    maps_stats_remove);
}

/* Livepatch allows unloading only when no task can run code of this module. */
static void __exit maps_exit(void)
{
	maps_stats_remove();
}

module_init(maps_init);
module_exit(maps_exit);

MODULE_DESCRIPTION("Read /proc/PID/maps and its relatives without the mmap lock");
MODULE_LICENSE("GPL");
MODULE_VERSION(VMAPEEK_VERSION);
MODULE_INFO(livepatch, "Y");
/* For `vmapeek check`: vermagic has the release only. */
MODULE_INFO(kernel_version, UTS_VERSION);
