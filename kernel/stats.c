// SPDX-License-Identifier: GPL-2.0
/*
 * The counters of remote reads in sysfs, as /sys/module/vmapeek/stats/EVENT,
 * one decimal number each. They start from 0 when the module is loaded.
 */
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "remote_stats.h"
#include "stats.h"

static struct kobject *remote_read_stats_kobj;

/* One for each event, and the list of them that sysfs wants. */
static struct kobj_attribute remote_read_attrs[NR_REMOTE_READ_EVENTS];
static struct attribute *remote_read_attr_list[NR_REMOTE_READ_EVENTS + 1];

static const struct attribute_group remote_read_stats_group = {
	.attrs = remote_read_attr_list,
};

static ssize_t remote_read_stats_show(struct kobject *kobj,
				      struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n",
			  remote_read_sum(attr - remote_read_attrs));
}

/**
 * remote_read_stats_create - show the counters in a directory below @parent
 * @parent: the module's kobject
 *
 * Return: 0 or a negative error.
 */
int remote_read_stats_create(struct kobject *parent)
{
	enum remote_read_event event;
	int err;

	for (event = 0; event < NR_REMOTE_READ_EVENTS; event++) {
		struct kobj_attribute *attr = &remote_read_attrs[event];

		attr->attr.name = remote_read_event_names[event];
		attr->attr.mode = 0444;
		attr->show = remote_read_stats_show;
		remote_read_attr_list[event] = &attr->attr;
	}

	remote_read_stats_kobj = kobject_create_and_add("stats", parent);
	if (!remote_read_stats_kobj)
		return -ENOMEM;

	err = sysfs_create_group(remote_read_stats_kobj,
				 &remote_read_stats_group);
	if (err)
		remote_read_stats_remove();
	return err;
}

/**
 * remote_read_stats_remove - undo remote_read_stats_create()
 *
 * Waits for readers of the files.
 */
void remote_read_stats_remove(void)
{
	kobject_put(remote_read_stats_kobj);
}
