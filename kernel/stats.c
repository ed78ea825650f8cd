// SPDX-License-Identifier: GPL-2.0
/*
 * Remote reads counted by what became of them, shown in sysfs as
 * /sys/module/vmapeek/stats/EVENT, one decimal number each. The numbers start
 * from 0 when the module is loaded. A call of access_remote_vm() counts once.
 * A remote segment of process_vm_readv() counts as fast if it did not need the
 * slow path; otherwise each time that it did counts under its reason.
 */
#include <linux/cpumask.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "stats.h"

DEFINE_PER_CPU(struct remote_read_stats, remote_read_stats);

struct remote_read_attribute {
	struct kobj_attribute attr;
	enum remote_read_event event;
};

static struct kobject *remote_read_stats_kobj;

static ssize_t remote_read_stats_show(struct kobject *kobj,
				      struct kobj_attribute *attr, char *buf)
{
	struct remote_read_attribute *a =
		container_of(attr, struct remote_read_attribute, attr);
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(remote_read_stats, cpu).count[a->event];

	return sysfs_emit(buf, "%lu\n", sum);
}

#define REMOTE_READ_ATTR(_name, _event)					\
	static struct remote_read_attribute remote_read_attr_##_name = {	\
		.attr = __ATTR(_name, 0444, remote_read_stats_show, NULL),	\
		.event = (_event),						\
	}

REMOTE_READ_ATTR(fast, REMOTE_READ_FAST);
REMOTE_READ_ATTR(write, REMOTE_READ_WRITE);
REMOTE_READ_ATTR(no_vma, REMOTE_READ_NO_VMA);
REMOTE_READ_ATTR(leaves_vma, REMOTE_READ_LEAVES_VMA);
REMOTE_READ_ATTR(special, REMOTE_READ_SPECIAL);
REMOTE_READ_ATTR(not_permitted, REMOTE_READ_NOT_PERMITTED);
REMOTE_READ_ATTR(foll_anon, REMOTE_READ_FOLL_ANON);
REMOTE_READ_ATTR(not_present, REMOTE_READ_NOT_PRESENT);
REMOTE_READ_ATTR(too_long, REMOTE_READ_TOO_LONG);
REMOTE_READ_ATTR(unshare, REMOTE_READ_UNSHARE);
REMOTE_READ_ATTR(self, REMOTE_READ_SELF);
REMOTE_READ_ATTR(fatal_signal, REMOTE_READ_FATAL_SIGNAL);

static struct attribute *remote_read_attrs[] = {
	[REMOTE_READ_FAST] = &remote_read_attr_fast.attr.attr,
	[REMOTE_READ_WRITE] = &remote_read_attr_write.attr.attr,
	[REMOTE_READ_NO_VMA] = &remote_read_attr_no_vma.attr.attr,
	[REMOTE_READ_LEAVES_VMA] = &remote_read_attr_leaves_vma.attr.attr,
	[REMOTE_READ_SPECIAL] = &remote_read_attr_special.attr.attr,
	[REMOTE_READ_NOT_PERMITTED] = &remote_read_attr_not_permitted.attr.attr,
	[REMOTE_READ_FOLL_ANON] = &remote_read_attr_foll_anon.attr.attr,
	[REMOTE_READ_NOT_PRESENT] = &remote_read_attr_not_present.attr.attr,
	[REMOTE_READ_TOO_LONG] = &remote_read_attr_too_long.attr.attr,
	[REMOTE_READ_UNSHARE] = &remote_read_attr_unshare.attr.attr,
	[REMOTE_READ_SELF] = &remote_read_attr_self.attr.attr,
	[REMOTE_READ_FATAL_SIGNAL] = &remote_read_attr_fatal_signal.attr.attr,
	[NR_REMOTE_READ_EVENTS] = NULL
};

static_assert(ARRAY_SIZE(remote_read_attrs) == NR_REMOTE_READ_EVENTS + 1);

static const struct attribute_group remote_read_stats_group = {
	.attrs = remote_read_attrs,
};

/**
 * remote_read_event_name - what an event is called in sysfs
 * @event: the event
 *
 * Return: the name of its counter's file.
 */
const char *remote_read_event_name(enum remote_read_event event)
{
	return remote_read_attrs[event]->name;
}

/**
 * remote_read_stats_create - show the counters in a directory below @parent
 * @parent: the module's kobject
 *
 * Return: 0 or a negative error.
 */
int remote_read_stats_create(struct kobject *parent)
{
	int err;

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
