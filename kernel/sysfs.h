/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSFS_H
#define _SYSFS_H

struct kobject;

int sysfs_stats_create(struct kobject *parent);
void sysfs_stats_remove(void);

#endif /* _SYSFS_H */
