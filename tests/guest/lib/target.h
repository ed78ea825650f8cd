/* SPDX-License-Identifier: GPL-2.0 */
/* A process to read from, with memory prepared as a test wants it. */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define KIB		1024UL
#define MIB		(1024 * KIB)
/* arm64 kernels may have others, see mainline/check. */
#ifndef PAGE
#define PAGE		4096UL
#endif
#define HUGE_PAGE	(2 * MIB)

/* What the target tells the test; in memory that both share. */
struct target {
	unsigned long addr;	/* what is to be read */
	unsigned long size;	/* where a test needs to know */
	pid_t child;		/* the last one that shares memory with it */
	unsigned long uffd_events;	/* that its userfaultfd has had */
	char lacks[96];		/* set: this kernel lacks what is needed */
	char broken[160];	/* set: the preparation failed */
};

typedef void (*prepare_fn)(struct target *t);

/*
 * Fork a child that runs @prepare, and wait until it has. It then sleeps until
 * target_stop(), or until @t->lacks or @t->broken is set, in which case it has
 * ended.
 */
pid_t target_start(prepare_fn prepare, struct target *t);
void target_stop(pid_t pid);
struct target *target_alloc(void);

/*
 * For preparations: target_fork() is possible then. It lets the target fork a
 * child that ends at once. fork() locks all VMAs for writing, so this fails by
 * its limit where a lock of a VMA was left behind. Counts in @t->size.
 */
void target_fork_when_asked(struct target *t);
void target_fork(struct target *t, pid_t pid);

/* For preparations: they end the target and say so in @t. */
void lacks(struct target *t, const char *what) __attribute__((noreturn));
void broken(struct target *t, const char *what) __attribute__((noreturn));

/* Memory of the calling process. Errors end the target. */
void *map_at(struct target *t, unsigned long addr, size_t size, int prot,
	     int flags, int fd);
void *map(struct target *t, size_t size);
void *map_huge_aligned(struct target *t, size_t size);

/* Give @t->addr bits that the processor ignores. */
void tag_address(struct target *t);

/* Let cmdline or environ of the calling process show that. False: see errno. */
bool show_memory(bool environ, unsigned long start, unsigned long end);

/* The byte that pattern_fill() puts at an offset; never 0. */
unsigned char pattern(unsigned long offset);
void pattern_fill(void *start, size_t size);

/* MADV_COLLAPSE of another process's memory. Returns 0 or a negative error. */
int target_collapse(pid_t pid, unsigned long addr, size_t size);

/* A number of kB from /proc/PID/smaps for the mapping at @addr, or -1. */
long smaps_kb(pid_t pid, unsigned long addr, const char *field);

/*
 * A process that has overwritten its arguments with a title, as setproctitle()
 * does. It is the running program itself, executed again: main() must call
 * title_main() first, which returns unless this is that process.
 */
#define TITLE	"titled: worker process, idle"

/*
 * @environ_size: bytes of environment above the arguments. With 0 the title
 * lies less than a page below the end of the stack.
 */
pid_t title_start(size_t environ_size);
void title_stop(pid_t pid);
void title_main(int argc, char **argv);

#endif
