// SPDX-License-Identifier: GPL-2.0
/*
 * A swap device that can be held: a device of the device mapper on top of
 * zram, which is suspended. What is read from it waits until it is resumed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "interference.h"
#include "vmapeek.h"

#define NAME		"interference"
#define SIZE		(32 * MIB)
#define SECTOR		512
#define PRIORITY	100
/* Of struct swap_info: where its parts are in the first page. */
#define VERSION_AT	1024
#define LAST_PAGE_AT	1028
#define SIGNATURE	"SWAPSPACE2"

/* With room for the one line of a table. */
struct request {
	struct dm_ioctl dm;
	struct dm_target_spec spec;
	char table[128];
};

static int control = -1;
static char device[32];
static bool is_held;

static bool ask(struct request *r, unsigned long what)
{
	r->dm.version[0] = DM_VERSION_MAJOR;
	r->dm.data_size = sizeof(*r);
	r->dm.data_start = offsetof(struct request, spec);
	strcpy(r->dm.name, NAME);
	return !ioctl(control, what, r);
}

static void suspend(bool suspended)
{
	struct request r = { .dm.flags = suspended ? DM_SUSPEND_FLAG |
				     DM_SKIP_LOCKFS_FLAG |
				     DM_NOFLUSH_FLAG : 0 };

	if (!ask(&r, DM_DEV_SUSPEND))
		die("the swap device: %s", strerror(errno));
}

/* Its number, or -1. */
static int zram_new(void)
{
	char text[32], path[64];
	int nr;

	if (!read_line("/sys/class/zram-control/hot_add", text, sizeof(text)))
		return -1;
	nr = atoi(text);
	snprintf(path, sizeof(path), "/sys/block/zram%d/disksize", nr);
	snprintf(text, sizeof(text), "%lu", SIZE);
	write_line(path, text);
	return nr;
}

static bool dm_make(int zram)
{
	struct request create = { 0 }, load = {
		.dm.target_count = 1,
		.spec = { .length = SIZE / SECTOR, .target_type = "linear" },
	};

	control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	if (control < 0 || !ask(&create, DM_DEV_CREATE))
		return false;
	snprintf(load.table, sizeof(load.table), "/dev/zram%d 0", zram);
	if (!ask(&load, DM_TABLE_LOAD))
		return false;
	suspend(false);
	snprintf(device, sizeof(device), "/dev/dm-%u",
		 minor(create.dm.dev));
	return true;
}

static bool make_swap(void)
{
	static char page[PAGE];
	uint32_t version = 1, last = SIZE / PAGE - 1;
	int fd = open(device, O_RDWR | O_CLOEXEC);
	bool ok;

	memcpy(page + VERSION_AT, &version, sizeof(version));
	memcpy(page + LAST_PAGE_AT, &last, sizeof(last));
	memcpy(page + PAGE - strlen(SIGNATURE), SIGNATURE, strlen(SIGNATURE));
	ok = fd >= 0 && pwrite(fd, page, PAGE, 0) == (ssize_t)PAGE &&
	     !fsync(fd);
	close(fd);
	return ok && !swapon(device, SWAP_FLAG_PREFER | PRIORITY);
}

bool swap_start(void)
{
	int zram = zram_new();

	/* One page is read for one page's fault. */
	write_line("/proc/sys/vm/page-cluster", "0");
	if (zram < 0 || !dm_make(zram) || !make_swap())
		return false;
	/* Some kernels keep slots of another device at hand for a while. */
	swapoff("/dev/zram0");
	return true;
}

void swap_hold(pid_t target)
{
	(void)target;
	suspend(true);
	is_held = true;
}

void swap_serve(void)
{
	if (is_held)
		suspend(false);
	is_held = false;
}

void swap_stop(void)
{
	struct request remove = { 0 };

	swap_serve();
	swapoff(device);
	ask(&remove, DM_DEV_REMOVE);
	close(control);
}
