// SPDX-License-Identifier: GPL-2.0
/*
 * The places where a reader can be stopped: how it is stopped, detected and
 * resumed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuse.h"
#include "hold.h"
#include "interference.h"
#include "kinds-make.h"
#include "vmapeek.h"

/* Pages of one chunk of process_vm_readv(): PVM_MAX_USER_PAGES. */
#define CHUNK		1024
/* VMAs that process_vm_readv() locks at a time: REMOTE_READV_VMAS. */
#define MANY_VMAS	8

/* The test's descriptor of the userfaultfd that the reader waits for. */
static int taken = -1;
/* The target's mmap lock. */
static struct hold hold = NOT_HELD;

int uffd_open(void *at, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (unsigned long)at, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &reg))
		return -1;
	return fd;
}

void uffd_take(pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);

	if (taken >= 0)
		close(taken);
	taken = syscall(SYS_pidfd_getfd, pidfd, scene->uffd, 0);
	if (taken < 0)
		die("cannot get a userfaultfd: %s", strerror(errno));
	close(pidfd);
}

/* Does this task sleep in a function of that name? */
static bool sleeps_in(pid_t pid, const char *name)
{
	char path[64], function[64];

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	return read_line(path, function, sizeof(function)) &&
	       !strncmp(function, name, strlen(name));
}

static bool waits_for_userfaultfd(pid_t reader)
{
	struct pollfd p = { .fd = taken, .events = POLLIN };

	/* The event comes shortly before the reader sleeps. */
	return poll(&p, 1, 1) == 1 &&
	       sleeps_in(reader, "handle_userfault");
}

/*
 * The deed may have changed the mapping, so the page cannot always be supplied.
 * The waiting task is woken in any case, and may fault again.
 */
static void serve_userfaultfd(void)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	struct uffd_msg msg;

	memset(page, SERVED, PAGE);
	while (read(taken, &msg, sizeof(msg)) == sizeof(msg)) {
		struct uffdio_copy copy = {
			.dst = msg.arg.pagefault.address & ~(PAGE - 1),
			.src = (unsigned long)page,
			.len = PAGE,
		};
		struct uffdio_range range = { copy.dst, PAGE };

		ioctl(taken, UFFDIO_COPY, &copy);
		ioctl(taken, UFFDIO_WAKE, &range);
	}
}

/* Make the page absent, so that a userfaultfd must supply it. */
static void miss_page(struct target *t)
{
	char *page = (char *)PAGES_AT + STOP_PAGE * PAGE;

	if (scene->cell->memory->backing == PRIVATE_ANON)
		must(t, !madvise(page, PAGE, MADV_DONTNEED), "MADV_DONTNEED");
	else
		must(t, !fallocate(scene->fd, FALLOC_FL_PUNCH_HOLE |
				   FALLOC_FL_KEEP_SIZE, STOP_PAGE * PAGE,
				   PAGE), "punch");
	scene->uffd = uffd_open(page, PAGE);
	must(t, scene->uffd >= 0, "userfaultfd");
}

/* Does this task sleep anywhere? */
static bool sleeps(pid_t pid)
{
	char path[64], line[256], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!read_line(path, line, sizeof(line)))
		return false;
	state = strrchr(line, ')');
	return state && (state[2] == 'S' || state[2] == 'D');
}

static bool start_files(void)
{
	static const struct fuse_files files = {
		.dir = "/tmp/interference",
		.size = NR_PAGES * PAGE,
		.kept_at = STOP_PAGE * PAGE,
		.content = OLD,
		.kept = SERVED,
	};

	return fuse_start(&files);
}

/* The file system has the request, so the task does not wait for a lock. */
static bool waits_for_file(pid_t reader)
{
	return fuse_is_asked() && sleeps(reader);
}

/*
 * A page that was just written may stay in the swap cache, and then a fault
 * does not read the device. When it is clean, it is dropped.
 */
static void page_out(struct target *t)
{
	char *page = (char *)PAGES_AT + STOP_PAGE * PAGE;
	unsigned char is_cached = 1;

	for (int i = 0; i < 10 && (is_cached & 1); i++) {
		read_all(page, PAGE);
		swap_out(t, page, PAGE);
		must(t, !mincore(page, PAGE, &is_cached), "mincore");
	}
	must_be_given(t, !(is_cached & 1), "stays in the swap cache");
}

static bool waits_for_swap(pid_t reader)
{
	static const char *const functions[] = {
		"folio_wait_bit", "__folio_lock", "submit_bio_wait",
	};

	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (sleeps_in(reader, functions[i]))
			return true;
	return false;
}

static void hold_lock(pid_t target)
{
	hold_for_write(&hold, target);
}

static void hold_lock_with_writer(pid_t target)
{
	hold_for_read_with_writer(&hold, target);
}

void places_child(void)
{
	hold_close(&hold);
}

/* Release the lock first, then supply the page. */
static void serve_lock(void)
{
	if (hold.writer >= 0) {
		close(hold.lock);
		hold.lock = -1;
		hold_wait(hold.writer, "held");
	}
	hold_close(&hold);
	serve_userfaultfd();
}

#define UFFD	.by_uffd = true, .is_stopped = waits_for_userfaultfd, \
		.serve = serve_userfaultfd

const struct place places[] = {
	/* All pages are pinned; the first one is copied, the second is next. */
	{ "own-buffer", UFFD },
	/* The same with pages pinned by GUP. */
	{ "own-buffer-gup", .lead = MANY_VMAS, .many_vmas = true, UFFD },
	/* The same at the last page of a remote segment, or the first. */
	{ "segment-end", .second = NR_PAGES - STOP_PAGE - 1, UFFD },
	{ "segment-start", .second = NR_PAGES - STOP_PAGE, UFFD },
	/* The same at the last page of a chunk, or the first. */
	{ "chunk-end", .lead = CHUNK - STOP_PAGE - 1, UFFD },
	{ "chunk-start", .lead = CHUNK - STOP_PAGE, UFFD },
	/* The first page is pinned; the fault of the second one waits. */
	{ "target-fault", .in_target = true, .prepare = miss_page, UFFD },
	{ "target-file", .in_target = true, .by_file = true,
	  .start = start_files, .stop = fuse_stop, .needs = "/dev/fuse",
	  .is_stopped = waits_for_file, .serve = fuse_serve },
	{ "target-swap", .in_target = true, .prepare = page_out,
	  .start = swap_start, .stop = swap_stop,
	  .needs = "zram and the device mapper",
	  .hold = swap_hold, .is_stopped = waits_for_swap,
	  .serve = swap_serve },
	/*
	 * The pages before are pinned. The absent page needs the mmap lock,
	 * because it is in one VMA more than are locked at a time.
	 */
	{ "target-lock", .in_target = true, .by_uffd = true, .by_lock = true,
	  .lead = MANY_VMAS - 1, .many_vmas = true,
	  .prepare = miss_page, .hold = hold_lock,
	  .is_stopped = waits_for_mmap_lock, .serve = serve_lock },
	{ "target-lock-writer", .in_target = true, .by_uffd = true,
	  .by_lock = true, .lead = MANY_VMAS - 1, .many_vmas = true,
	  .prepare = miss_page,
	  .hold = hold_lock_with_writer,
	  .is_stopped = waits_for_mmap_lock, .serve = serve_lock },
};

const size_t nr_places = sizeof(places) / sizeof(places[0]);
