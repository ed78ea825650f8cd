// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "target.h"
#include "util.h"

/*
 * The device stays attached, because it stays open; not for writing, as a kernel
 * without CONFIG_BLK_DEV_WRITE_MOUNTED refuses to mount such a device.
 */
void loop_attach(const char *image, char *path)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int nr = ioctl(control, LOOP_CTL_GET_FREE);
	int file = open(image, O_RDWR | O_CLOEXEC), loop;

	sprintf(path, "/dev/loop%d", nr);
	loop = open(path, O_RDWR | O_CLOEXEC);
	if (control < 0 || nr < 0 || file < 0 || loop < 0 ||
	    ioctl(loop, LOOP_SET_FD, file) ||
	    open(path, O_RDONLY | O_CLOEXEC) < 0)
		die("no loop device for %s: %s", image, strerror(errno));
	close(loop);
	close(control);
	close(file);
}

void ext4_mount(const char *device, const char *at)
{
	if (mkdir(at, 0755) || mount(device, at, "ext4", 0, NULL))
		die("cannot mount %s: %s", at, strerror(errno));
}

void pattern_file(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	unsigned char *bytes = malloc(size);

	if (!bytes)
		die("out of memory");
	for (size_t i = 0; i < size; i++)
		bytes[i] = pattern(i);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || fsync(fd))
		die("cannot write %s: %s", path, strerror(errno));
	close(fd);
	free(bytes);
}
