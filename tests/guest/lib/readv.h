/* SPDX-License-Identifier: GPL-2.0 */
/* process_vm_readv() with any segments, between two prepared places. */
#ifndef READV_H
#define READV_H

#include <sys/uio.h>

#include "cases.h"
#include "kinds.h"

/*
 * The reader's destination: plain pages, then one of each of these, then plain
 * ones again.
 */
#define LOCAL_AT	0x200000000000UL
#define LOCAL_PLAIN	(512 * KIB)
#define LOCAL_READ_ONLY	LOCAL_PLAIN
#define LOCAL_HOLE	(LOCAL_PLAIN + 2 * PAGE)
#define LOCAL_NO_ACCESS	(LOCAL_PLAIN + 4 * PAGE)
#define LOCAL_PAST_EOF	(LOCAL_PLAIN + 6 * PAGE)
#define LOCAL_SIZE	(LOCAL_PLAIN + 64 * PAGE)

/* Makes the destination, poisoned. Replaces an earlier one. */
void local_make(void);
/* Poisons the first @size bytes of the plain pages again. */
void local_poison(size_t size);
/* Copies the readable bytes; 0 for the others. */
void local_copy(void *to);

/* The raw system call, without interpretation by the library. */
ssize_t readv_raw(pid_t pid, const struct iovec *local,
		  unsigned long nr_local, const struct iovec *remote,
		  unsigned long nr_remote, unsigned long flags);

/* Start a target with @size bytes of @kind at TARGET_AT. */
pid_t kind_start(enum kind kind, size_t size, struct target *t);

/* Argument of a read_case, by VECTORS(). */
struct vectors {
	enum kind kind;
	size_t size;
	/* If set, replaces the two above; its memory is at TARGET_AT, too. */
	prepare_fn prepare;
	const struct iovec *local;
	unsigned long nr_local;
	const struct iovec *remote;
	unsigned long nr_remote;
};

/* Compares state_of() the target, too. */
void run_vectors(const struct read_case *c, struct outcome *o);

/* Segments of a case, by offset from LOCAL_AT and TARGET_AT. */
#define L(_at, _len)	{ (void *)(LOCAL_AT + (_at)), _len }
#define R(_at, _len)	{ (void *)(TARGET_AT + (_at)), _len }
#define NR_IOVECS(...)							\
	(sizeof((const struct iovec[]){ __VA_ARGS__ }) / sizeof(struct iovec))
#define LOCAL(...)							\
	.local = (const struct iovec[]){ __VA_ARGS__ },			\
	.nr_local = NR_IOVECS(__VA_ARGS__)
#define REMOTE(...)							\
	.remote = (const struct iovec[]){ __VA_ARGS__ },		\
	.nr_remote = NR_IOVECS(__VA_ARGS__)
#define VECTORS(...)							\
	.run = run_vectors, .arg = &(const struct vectors){ __VA_ARGS__ }

#endif
