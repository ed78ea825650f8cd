/* SPDX-License-Identifier: GPL-2.0 */
/* A process to read from, with memory prepared by the test. */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define KIB		1024UL
#define MIB		(1024 * KIB)
/* arm64 kernels may have another size, see mainline/check. */
#ifndef PAGE
#define PAGE		4096UL
#endif
#define HUGE_PAGE	(2 * MIB)

/* State of the target, in memory shared with the test. */
struct target {
	unsigned long addr;	/* memory to read */
	unsigned long size;	/* set if a test needs it */
	pid_t child;		/* the last child that shares memory */
	unsigned long uffd_events;	/* events of its userfaultfd */
	char lacks[96];		/* set: a feature that this kernel lacks */
	char broken[160];	/* set: the preparation failed */
};

typedef void (*prepare_fn)(struct target *t);

/*
 * Fork a child that runs @prepare, and wait until it is prepared. It then
 * sleeps until target_stop(). If it has set @t->lacks or @t->broken, it has
 * exited.
 */
pid_t target_start(prepare_fn prepare, struct target *t);
void target_stop(pid_t pid);
struct target *target_alloc(void);

/*
 * For preparations: enables target_fork(), which makes the target fork a child
 * that exits at once. fork() locks all VMAs for writing, so a leaked VMA lock
 * makes this exceed its time limit. Counts in @t->size.
 */
void target_fork_when_asked(struct target *t);
void target_fork(struct target *t, pid_t pid);

/* For preparations: these end the target, and set the reason in @t. */
void lacks(struct target *t, const char *what) __attribute__((noreturn));
void broken(struct target *t, const char *what) __attribute__((noreturn));

/* Memory of the calling process. Errors end the target. */
void *map_at(struct target *t, unsigned long addr, size_t size, int prot,
	     int flags, int fd);
void *map(struct target *t, size_t size);
void *map_huge_aligned(struct target *t, size_t size);

/*
 * tags_enable() makes the kernel ignore bits 57 to 62 of the calling process's
 * addresses; false if it cannot. tag_address() does so, too, and sets bit 57 of
 * @t->addr.
 */
bool tags_enable(void);
void tag_address(struct target *t);

/*
 * Let cmdline or environ of the calling process show this range. False: see
 * errno.
 */
bool show_memory(bool environ, unsigned long start, unsigned long end);

/* The byte that pattern_fill() puts at an offset; never 0. */
unsigned char pattern(unsigned long offset);
void pattern_fill(void *start, size_t size);

/* MADV_COLLAPSE of another process's memory. Returns 0 or a negative error. */
int target_collapse(pid_t pid, unsigned long addr, size_t size);

/* A number of kB from /proc/PID/smaps for the mapping at @addr, or -1. */
long smaps_kb(pid_t pid, unsigned long addr, const char *field);

/*
 * A process that has overwritten its arguments with a title, like
 * setproctitle(). It executes the running program again: main() must call
 * title_main() first, which returns in all other processes.
 */
#define TITLE	"titled: worker process, idle"

/*
 * @environ_size: bytes of environment above the arguments. With 0 the title is
 * less than a page below the end of the stack.
 */
pid_t title_start(size_t environ_size);
void title_stop(pid_t pid);
void title_main(int argc, char **argv);

#endif
