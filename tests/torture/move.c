// SPDX-License-Identifier: GPL-2.0
/* Plays that move pages, and keep their content. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmapeek.h"
#include "plays.h"

#define REGION		((char *)REGION_AT)
#define OTHER		((char *)REGION_AT + 16 * MIB)
#define MAX_PAGES	(REGION_MAX / PAGE)

/* Migrate to the other node, if any; otherwise by compaction. */
void step_migrate(struct scene *s)
{
	static void *pages[MAX_PAGES];
	static int nodes[MAX_PAGES], status[MAX_PAGES];
	unsigned long nr = s->size / PAGE;
	static int node;

	if (!access("/sys/devices/system/node/node1", F_OK)) {
		node = !node;
		for (unsigned long i = 0; i < nr; i++) {
			pages[i] = REGION + i * PAGE;
			nodes[i] = node;
		}
		scene_must(s, syscall(SYS_move_pages, 0, nr, pages, nodes,
				      status, MPOL_MF_MOVE) >= 0,
			   "move_pages");
	} else {
		/* Make holes in physical memory, for compaction to fill. */
		char *hole = scene_map(s, 0, 2 * MIB, MAP_PRIVATE, -1);

		for (unsigned long i = 0; i < 2 * MIB; i += PAGE)
			hole[i] = 1;
		write_line("/proc/sys/vm/compact_memory", "1");
		munmap(hole, 2 * MIB);
	}
}

/* NUMA balancing makes entries inaccessible, to find the CPU that uses them. */
void step_balance(struct scene *s)
{
	if (access("/sys/devices/system/node/node1", F_OK))
		scene_lacks(s, "a second node");
	for (unsigned long i = 0; i < s->size; i += PAGE)
		(void)*(volatile char *)(REGION + i);
	usleep(1000);
}

void setup_merge(struct scene *s)
{
	setup_plain(s);
	scene_map(s, (unsigned long)OTHER, s->size,
		  MAP_PRIVATE | MAP_FIXED_NOREPLACE, -1);
	if (madvise(REGION, s->size, MADV_MERGEABLE) ||
	    madvise(OTHER, s->size, MADV_MERGEABLE))
		scene_lacks(s, "KSM");
	write_line("/sys/kernel/mm/ksm/run", "1");
}

/* Two equal copies of each page, which KSM merges; writes unshare them. */
void step_merge(struct scene *s)
{
	for (unsigned long i = 0; i < s->size; i += 8)
		*(volatile uint64_t *)(OTHER + i) =
			*(volatile uint64_t *)(REGION + i);
	usleep(20000);
	for (unsigned long i = 0; i < s->size; i += PAGE) {
		volatile uint64_t *word = (volatile uint64_t *)(REGION + i);

		*word = *word;
	}
}

void step_swap(struct scene *s)
{
	scene_must(s, !madvise(REGION, s->size, MADV_PAGEOUT),
		   "MADV_PAGEOUT");
	for (unsigned long i = 0; i < s->size; i += PAGE)
		(void)*(volatile char *)(REGION + i);
}

static int uffd;

static void uffd_register(struct scene *s, char *at)
{
	struct uffdio_register reg = {
		.range = { .start = (unsigned long)at, .len = s->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	scene_must(s, !ioctl(uffd, UFFDIO_REGISTER, &reg),
		   "UFFDIO_REGISTER");
}

void setup_user_move(struct scene *s)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = 1 << 16 | UFFD_FEATURE_SIGBUS, /* MOVE */
	};

	setup_plain(s);
	scene_map(s, (unsigned long)OTHER, s->size,
		  MAP_PRIVATE | MAP_FIXED_NOREPLACE, -1);
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		scene_lacks(s, "UFFDIO_MOVE");
	uffd_register(s, REGION);
	uffd_register(s, OTHER);
}

static void user_move(struct scene *s, char *from, char *to)
{
	for (unsigned long done = 0; done < s->size;) {
		struct uffdio_move move = {
			.src = (unsigned long)from + done,
			.dst = (unsigned long)to + done,
			.len = s->size - done,
		};

		/* A page that a reader has pinned cannot be moved. */
		if (ioctl(uffd, UFFDIO_MOVE, &move) && errno != EAGAIN &&
		    errno != EBUSY)
			scene_broken(s, "UFFDIO_MOVE");
		if (move.move > 0)
			done += move.move;
	}
}

static void user_copy(struct scene *s, char *from, char *to)
{
	for (unsigned long done = 0; done < s->size;) {
		struct uffdio_copy copy = {
			.src = (unsigned long)from + done,
			.dst = (unsigned long)to + done,
			.len = s->size - done,
		};

		if (ioctl(uffd, UFFDIO_COPY, &copy) && errno != EAGAIN)
			scene_broken(s, "UFFDIO_COPY");
		if (copy.copy > 0)
			done += copy.copy;
	}
}

/* Move the pages away and back, or copy only their content back. */
void step_user_move(struct scene *s)
{
	if (scene_random(s, 2))
		madvise(REGION, s->size, MADV_COLLAPSE);
	user_move(s, REGION, OTHER);
	if (scene_random(s, 2)) {
		user_move(s, OTHER, REGION);
		return;
	}
	user_copy(s, OTHER, REGION);
	scene_must(s, !madvise(OTHER, s->size, MADV_DONTNEED),
		   "MADV_DONTNEED");
}
