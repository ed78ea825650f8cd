/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads of a process while its mmap lock is held. A read that the fast path
 * serves must return before the release. Any other must be found waiting for
 * the lock, and must be right after the release. No time is measured.
 */
#ifndef LOCK_CASES_H
#define LOCK_CASES_H

#include <limits.h>
#include <stdbool.h>

#include "kinds.h"
#include "reader.h"
#include "target.h"

struct CMUnitTest;

#define NO_BYTES	LONG_MIN	/* no byte and no error */

struct lock_case {
	const char *name;
	prepare_fn prepare;	/* NULL: a process with a title */
	enum interface how;
	unsigned long offset;	/* from target.addr */
	size_t len;
	long want;		/* bytes, error or NO_BYTES, if not @len */
	bool fast;
	/* Fast if there is no writer, as a hole is. */
	bool fast_if_read;
	/* Fast, but not with the series for mainline. */
	bool patched_waits;

	/*
	 * If set, the read, instead of one by @how; bytes or a negative error.
	 */
	long (*read)(const struct lock_case *c, pid_t pid, unsigned long addr,
		     void *buf);
	bool prints;		/* @read executes a printing program */
	size_t segment;		/* for @read */

	/* The expected byte, by offset from target.addr; NULL: pattern(). */
	unsigned char (*byte)(unsigned long offset);
	/* If set, called instead of comparing each byte. */
	bool (*is_right)(const unsigned char *bytes, size_t n);
};

/* Preparations and bytes of several programs. */
#define PREPARE_KIND(_name, _kind, _size)				\
	static void prepare_##_name(struct target *t)			\
	{								\
		make_kind(t, _kind, _size);				\
	}

/* Without an anon_vma; to make one takes the mmap lock. */
void prepare_huge_untouched(struct target *t);
void prepare_nothing(struct target *t);
unsigned char byte_zero(unsigned long offset);

struct lock_reader {
	pid_t pid;
	int go;			/* pipe: start the read */
	int out;		/* its output, a file */
};

/* For tests that need more steps than lock_main() has. */
pid_t lock_target(const struct lock_case *c);
struct lock_reader lock_reader_start(const struct lock_case *c, pid_t pid);
void lock_reader_go(struct lock_reader *r);
/*
 * All of these steps: @hold holds the lock for writing, and the reader waits.
 */
struct lock_reader lock_reader_blocked(const struct lock_case *c, pid_t pid,
				       int *hold);
void lock_reader_check(const struct lock_case *c, const struct lock_reader *r);

/* How the lock is held while a reader reads. */
struct lock_way {
	const char *name;
	void (*hold)(pid_t pid);
	/* A check of the reader is valid only while the lock is held. */
	bool (*is_held)(pid_t pid);
	void (*let_go)(void);
	bool no_writer;		/* see fast_if_read */
};

/* By hold_mmap_lock. */
extern const struct lock_way lock_held_for_write;

/*
 * Runs each case off and on, with the lock held in each way, and the tests of
 * @more. Returns main()'s value.
 */
int lock_main_by(const struct lock_way *ways, size_t nr_ways,
		 const struct lock_case *cases, size_t nr,
		 const struct CMUnitTest *more, size_t nr_more);
/* The same with the lock held by hold_mmap_lock, in two ways. */
int lock_main(const struct lock_case *cases, size_t nr,
	      const struct CMUnitTest *more, size_t nr_more);

#endif
