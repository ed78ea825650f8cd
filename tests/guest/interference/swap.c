// SPDX-License-Identifier: GPL-2.0
/*
 * A swap device that can be suspended: a device of the device mapper on top of
 * zram. Reads from it wait until it is resumed.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#include "dm.h"
#include "interference.h"
#include "vmapeek.h"

#define NAME		"interference"
#define SIZE		(32 * MIB)
#define PRIORITY	100
/* Offsets of fields of struct swap_info in the first page. */
#define VERSION_AT	1024
#define LAST_PAGE_AT	1028
#define SIGNATURE	"SWAPSPACE2"

static bool is_held;

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

static bool make_swap(void)
{
	static char page[PAGE];
	uint32_t version = 1, last = SIZE / PAGE - 1;
	int fd = open(dm_path(), O_RDWR | O_CLOEXEC);
	bool ok;

	memcpy(page + VERSION_AT, &version, sizeof(version));
	memcpy(page + LAST_PAGE_AT, &last, sizeof(last));
	memcpy(page + PAGE - strlen(SIGNATURE), SIGNATURE, strlen(SIGNATURE));
	ok = fd >= 0 && pwrite(fd, page, PAGE, 0) == (ssize_t)PAGE &&
	     !fsync(fd);
	close(fd);
	return ok && !swapon(dm_path(), SWAP_FLAG_PREFER | PRIORITY);
}

bool swap_start(void)
{
	int zram = zram_new();
	char path[32];

	/* No swap readahead. */
	write_line("/proc/sys/vm/page-cluster", "0");
	snprintf(path, sizeof(path), "/dev/zram%d", zram);
	if (zram < 0 || !dm_make(NAME, path, SIZE) || !make_swap())
		return false;
	/* Some kernels cache slots of another device. */
	swapoff("/dev/zram0");
	return true;
}

void swap_hold(pid_t target)
{
	(void)target;
	dm_hold(true);
	is_held = true;
}

void swap_serve(void)
{
	if (is_held)
		dm_hold(false);
	is_held = false;
}

void swap_stop(void)
{
	swap_serve();
	swapoff(dm_path());
	dm_remove();
}
