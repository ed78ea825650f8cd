// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dm.h"
#include "util.h"

#define SECTOR	512

/* With room for a table of one line. */
struct request {
	struct dm_ioctl dm;
	struct dm_target_spec spec;
	char table[128];
};

static int control = -1;
static char name[32], path[32];

static bool ask(struct request *r, unsigned long what)
{
	r->dm.version[0] = DM_VERSION_MAJOR;
	r->dm.data_size = sizeof(*r);
	r->dm.data_start = offsetof(struct request, spec);
	strcpy(r->dm.name, name);
	return !ioctl(control, what, r);
}

bool dm_make(const char *new_name, const char *below, unsigned long size)
{
	struct request create = { 0 }, load = {
		.dm.target_count = 1,
		.spec = { .length = size / SECTOR, .target_type = "linear" },
	};

	snprintf(name, sizeof(name), "%s", new_name);
	control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	if (control < 0 || !ask(&create, DM_DEV_CREATE))
		return false;
	snprintf(load.table, sizeof(load.table), "%s 0", below);
	if (!ask(&load, DM_TABLE_LOAD))
		return false;
	dm_hold(false);
	snprintf(path, sizeof(path), "/dev/dm-%u", minor(create.dm.dev));
	return true;
}

const char *dm_path(void)
{
	return path;
}

void dm_hold(bool held)
{
	struct request r = { .dm.flags = held ? DM_SUSPEND_FLAG |
				     DM_SKIP_LOCKFS_FLAG |
				     DM_NOFLUSH_FLAG : 0 };

	if (!ask(&r, DM_DEV_SUSPEND))
		die("the device %s: %s", name, strerror(errno));
}

void dm_remove(void)
{
	struct request remove = { 0 };

	ask(&remove, DM_DEV_REMOVE);
	close(control);
}
