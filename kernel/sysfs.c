// SPDX-License-Identifier: GPL-2.0
/*
 * The counters of remote reads in sysfs, as /sys/module/vmapeek/stats/NAME,
 * one decimal number each. They start from 0 when the module is loaded.
 */
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "remote.h"
#include "sysfs.h"

static struct kobject *remote_stats_kobj;

/* One attribute for each result; the list also has faults, and a NULL. */
static struct kobj_attribute remote_read_attrs[NR_REMOTE_READ_RESULTS];
static struct attribute *remote_read_attr_list[NR_REMOTE_READ_RESULTS + 2];

static const struct attribute_group remote_stats_group = {
	.attrs = remote_read_attr_list,
};

static ssize_t remote_stats_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n",
			  remote_stats_sum(attr - remote_read_attrs));
}

static ssize_t faults_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%lu\n", remote_stats_faults());
}

static struct kobj_attribute faults_attr = __ATTR_RO(faults);

/**
 * sysfs_stats_create - show the counters in a directory below @parent
 * @parent: the module's kobject
 *
 * Return: 0 or a negative error.
 */
int sysfs_stats_create(struct kobject *parent)
{
	enum remote_read_result result;
	int err;

	for (result = 0; result < NR_REMOTE_READ_RESULTS; result++) {
		struct kobj_attribute *attr = &remote_read_attrs[result];

		attr->attr.name = remote_read_names[result];
		attr->attr.mode = 0444;
		attr->show = remote_stats_show;
		remote_read_attr_list[result] = &attr->attr;
	}
	remote_read_attr_list[result] = &faults_attr.attr;

	remote_stats_kobj = kobject_create_and_add("stats", parent);
	if (!remote_stats_kobj)
		return -ENOMEM;

	err = sysfs_create_group(remote_stats_kobj,
				 &remote_stats_group);
	if (err)
		sysfs_stats_remove();
	return err;
}

/**
 * sysfs_stats_remove - undo sysfs_stats_create()
 *
 * Waits for readers of the files.
 */
void sysfs_stats_remove(void)
{
	kobject_put(remote_stats_kobj);
}
