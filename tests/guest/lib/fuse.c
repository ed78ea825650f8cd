// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuse.h"
#include "util.h"

#define PAGE		4096UL
/* Seconds for which the kernel may cache attributes. */
#define LONG		3600
#define MAX_KEPT	8

static const struct fuse_files *files;

/* State of the server: requests for the withheld page. */
static struct kept {
	struct fuse_in_header in;
	struct fuse_read_in want;
} kept[MAX_KEPT];
static int nr_kept;
static unsigned int errors;	/* errors that are left */
static bool keeps;		/* for the newest file */
static uint64_t size_now;	/* its size */

static int device;
static int asked[2];		/* a byte: the page was requested */
static int served[2];		/* a byte: send it */

static void reply(const struct fuse_in_header *in, int err, const void *data,
		  size_t size)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + size,
		.error = -err,
		.unique = in->unique,
	};
	struct iovec iov[] = { { &out, sizeof(out) }, { (void *)data, size } };

	/* The requester may have been killed. */
	if (writev(device, iov, 2) < 0 && errno != ENOENT)
		_exit(1);
}

static void reply_init(const struct fuse_in_header *in)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = 16 * PAGE,
		.max_readahead = files->ahead ? FUSE_SIZE_MAX : 0,
		.flags = files->ahead ? FUSE_ASYNC_READ : 0,
	};

	reply(in, 0, &out, sizeof(out));
}

static struct fuse_attr attributes(uint64_t node)
{
	bool is_dir = node == FUSE_ROOT_ID;

	return (struct fuse_attr){
		.ino = node,
		.size = is_dir ? 0 : size_now,
		.mode = is_dir ? S_IFDIR | 0755 : S_IFREG | 0644,
		.nlink = 1,
		.blksize = PAGE,
	};
}

/* Each number is the name of a file. */
static void reply_lookup(const struct fuse_in_header *in, const char *name)
{
	struct fuse_entry_out out = {
		.nodeid = strtoul(name, NULL, 10) + FUSE_ROOT_ID,
		.attr_valid = LONG,
	};

	size_now = files->size;
	keeps = true;
	errors = files->errors;
	out.attr = attributes(out.nodeid);
	reply(in, 0, &out, sizeof(out));
}

static void reply_attributes(const struct fuse_in_header *in)
{
	struct fuse_attr_out out = { .attr_valid = LONG };

	out.attr = attributes(in->nodeid);
	reply(in, 0, &out, sizeof(out));
}

static void set_attributes(const struct fuse_in_header *in,
			   const struct fuse_setattr_in *set)
{
	if (set->valid & FATTR_SIZE)
		size_now = set->size;
	reply_attributes(in);
}

static void send_content(const struct fuse_in_header *in,
			 const struct fuse_read_in *want)
{
	static char content[FUSE_SIZE_MAX];
	uint64_t end = want->offset + want->size;

	memset(content, files->content, sizeof(content));
	memset(content + files->kept_at, files->kept, PAGE);
	if (end > size_now)
		end = size_now;
	reply(in, 0, content + want->offset,
	      end > want->offset ? end - want->offset : 0);
}

static void read_content(const struct fuse_in_header *in,
			 const struct fuse_read_in *want)
{
	if (!keeps || want->offset > files->kept_at ||
	    want->offset + want->size <= files->kept_at ||
	    nr_kept == MAX_KEPT) {
		send_content(in, want);
		return;
	}
	if (errors) {
		errors--;
		reply(in, EIO, NULL, 0);
		return;
	}
	kept[nr_kept++] = (struct kept){ *in, *want };
	if (write(asked[1], "a", 1) != 1)
		_exit(1);
}

static void send_kept(void)
{
	keeps = false;
	while (nr_kept--)
		send_content(&kept[nr_kept].in, &kept[nr_kept].want);
	nr_kept = 0;
}

static void answer(const struct fuse_in_header *in, const void *arg)
{
	struct fuse_open_out opened = { 0 };
	struct fuse_write_out written = { 0 };

	switch (in->opcode) {
	case FUSE_INIT:
		return reply_init(in);
	case FUSE_LOOKUP:
		return reply_lookup(in, arg);
	case FUSE_GETATTR:
		return reply_attributes(in);
	case FUSE_SETATTR:
		return set_attributes(in, arg);
	case FUSE_OPEN:
		return reply(in, 0, &opened, sizeof(opened));
	case FUSE_READ:
		return read_content(in, arg);
	case FUSE_WRITE:
		written.size = ((const struct fuse_write_in *)arg)->size;
		return reply(in, 0, &written, sizeof(written));
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_FALLOCATE:
		return reply(in, 0, NULL, 0);
	default:
		return reply(in, ENOSYS, NULL, 0);
	}
}

static void serve_all(void)
{
	static char buf[1 << 20] __attribute__((aligned(8)));
	struct pollfd p[] = {
		{ .fd = device, .events = POLLIN },
		{ .fd = served[0], .events = POLLIN },
	};
	ssize_t n;

	for (;;) {
		if (poll(p, 2, -1) < 0)
			_exit(1);
		if (p[1].revents && read(served[0], buf, 1) == 1)
			send_kept();
		if (!p[0].revents)
			continue;
		n = read(device, buf, sizeof(buf));
		if (n < 0 && errno != ENOENT && errno != EINTR)
			_exit(0);
		if (n > 0)
			answer((void *)buf,
			       buf + sizeof(struct fuse_in_header));
	}
}

/*
 * Written pages must stay dirty. By default, the kernel allows a FUSE file
 * system almost no dirty pages.
 */
static void let_pages_be_dirty(void)
{
	char path[64];
	struct stat st;

	if (stat(files->dir, &st))
		die("the file system: %s", strerror(errno));
	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/strict_limit",
		 major(st.st_dev), minor(st.st_dev));
	write_line(path, "0");
}

bool fuse_start(const struct fuse_files *new_files)
{
	char options[128];

	files = new_files;
	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (device < 0)
		return false;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 device);
	if ((mkdir(files->dir, 0755) && errno != EEXIST) ||
	    mount("silent", files->dir, "fuse", 0, options))
		return false;
	if (pipe2(asked, O_CLOEXEC | O_NONBLOCK) ||
	    pipe2(served, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	fflush(stdout);
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve_all();
	}
	close(device);
	let_pages_be_dirty();
	return true;
}

void fuse_stop(void)
{
	umount2(files->dir, MNT_DETACH);
}

int fuse_open(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%d", files->dir, getpid());
	return open(path, O_RDWR | O_CLOEXEC);
}

bool fuse_is_asked(void)
{
	struct pollfd p = { .fd = asked[0], .events = POLLIN };

	return poll(&p, 1, 1) == 1;
}

void fuse_serve(void)
{
	char bytes[MAX_KEPT];

	/* Consume further requests for the same page. */
	while (read(asked[0], bytes, sizeof(bytes)) > 0)
		;
	if (write(served[1], "s", 1) != 1)
		die("the file system has ended");
}
