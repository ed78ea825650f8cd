// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU counts of reads by file, as /sys/module/vmapeek_maps/stats/FILE. They
 * start from 0 when the module is loaded.
 */
#include <linux/cpumask.h>
#include <linux/kobject.h>
#include <linux/percpu.h>
#include <linux/sysfs.h>

#include "maps.h"

DEFINE_PER_CPU(struct maps_stats, maps_stats);

static struct kobject *maps_stats_kobj;

/* One attribute for each file, and their NULL-terminated list for sysfs. */
static struct kobj_attribute maps_attrs[NR_MAPS_FILES];
static struct attribute *maps_attr_list[NR_MAPS_FILES + 1];

static const struct attribute_group maps_stats_group = {
	.attrs = maps_attr_list,
};

static const char *const maps_file_names[NR_MAPS_FILES] = {
#define X(file) #file,
	MAPS_FILES(X)
#undef X
};

static ssize_t maps_stats_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(maps_stats, cpu).count[attr - maps_attrs];
	return sysfs_emit(buf, "%lu\n", sum);
}

/**
 * maps_stats_create - show the counters in a directory below @parent
 * @parent: the module's kobject
 *
 * Return: 0 or a negative error.
 */
int maps_stats_create(struct kobject *parent)
{
	int file, err;

	for (file = 0; file < NR_MAPS_FILES; file++) {
		maps_attrs[file].attr.name = maps_file_names[file];
		maps_attrs[file].attr.mode = 0444;
		maps_attrs[file].show = maps_stats_show;
		maps_attr_list[file] = &maps_attrs[file].attr;
	}

	maps_stats_kobj = kobject_create_and_add("stats", parent);
	if (!maps_stats_kobj)
		return -ENOMEM;
	err = sysfs_create_group(maps_stats_kobj, &maps_stats_group);
	if (err)
		maps_stats_remove();
	return err;
}

/**
 * maps_stats_remove - undo maps_stats_create()
 *
 * Waits for readers of the files.
 */
void maps_stats_remove(void)
{
	kobject_put(maps_stats_kobj);
}
