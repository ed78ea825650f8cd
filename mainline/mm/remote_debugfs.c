// SPDX-License-Identifier: GPL-2.0
/*
 * The counters of remote reads in debugfs, in the file remote_reads: a line
 * "NAME NUMBER" for each event.
 */
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/seq_file.h>

#include "remote_stats.h"

static int remote_reads_show(struct seq_file *m, void *v)
{
	enum remote_read_event event;

	for (event = 0; event < NR_REMOTE_READ_EVENTS; event++)
		seq_printf(m, "%s %lu\n", remote_read_event_names[event],
			   remote_read_sum(event));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(remote_reads);

static int __init remote_reads_init(void)
{
	debugfs_create_file("remote_reads", 0444, NULL, NULL,
			    &remote_reads_fops);
	return 0;
}
late_initcall(remote_reads_init);
