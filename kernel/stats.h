/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STATS_H
#define _STATS_H

struct kobject;

int remote_read_stats_create(struct kobject *parent);
void remote_read_stats_remove(void);

#endif /* _STATS_H */
