/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by target, readers and disturbers during a scene: one kind of change
 * to one region of memory, in a loop, while all interfaces read it.
 */
#ifndef SCENE_H
#define SCENE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "reader.h"
#include "target.h"

/* Far from all other mappings. */
#define REGION_AT	0x100000000000UL
#define REGION_MAX	(4 * MIB)
#define CHUNKS		64
#define SCENE_FD	100	/* survives exec */

/* Valid results of a read besides valid words; see check.c. */
#define MAY_BE_ABSENT	1U	/* errors and short reads */
#define MAY_BE_ZERO	2U
#define IN_PLACE	4U	/* words may be half-written */
#define ONE_GENERATION	8U	/* all bytes under one lock are of one */
#define NOT_ANONYMOUS	16U	/* cmdline and environ return nothing */
#define MAPPED_ANEW	32U	/* maps may have a gap between old and new */

/*
 * The generations that are visible in a chunk: @newest is raised before the
 * first word of a generation is visible, @oldest when no older word is visible
 * any more.
 */
struct generations {
	atomic_uint oldest, newest;
};

struct reader_stats {
	atomic_ulong reads, bytes, words, absent, zeros, wrong;
	char finding[320];	/* the first error */
};

struct scene {
	atomic_bool stop_readers, stop;	/* set in this order */
	/* Number of the current target, and of the last one that was ready. */
	atomic_uint incarnation, ready;
	atomic_ulong steps;
	unsigned long fast;	/* reads, counted by disturb() */
	pid_t pid, idle;	/* the target, and a thread of it to trace */
	unsigned long size;
	unsigned int rules;
	uint64_t seed;
	struct generations generations[CHUNKS];
	struct reader_stats readers[NR_INTERFACES], maps_reader;
	char lacks[96];		/* a feature that the kernel lacks */
	char broken[160];
};

struct play {
	const char *name;
	unsigned long size;	/* of the region */
	unsigned int rules;
	/* Run in the target: map and fill the region; change it once. */
	void (*setup)(struct scene *s);
	void (*step)(struct scene *s);
	/* If set, runs instead of setup and step, see process.c. */
	void (*run)(struct scene *s, const struct play *p);
	/* If set, runs in its own process until @s->stop. */
	void (*disturb)(struct scene *s);
	bool switches;		/* its disturb() switches vmapeek, counts */
};

extern const struct play plays[];
extern const unsigned int nr_plays;

static inline unsigned int scene_owner(unsigned int incarnation)
{
	return incarnation % 255 + 1;
}

static inline unsigned long scene_chunk(const struct scene *s)
{
	return s->size / CHUNKS;
}

static inline bool scene_ends(struct scene *s)
{
	return atomic_load(&s->stop);
}

/* Begin a generation in a part of the region; returns its number. */
unsigned int generation_begin(struct scene *s, unsigned long offset,
			      size_t size);
/* No word of an older generation is visible any more. */
void generation_end(struct scene *s, unsigned long offset, size_t size,
		    unsigned int generation);
/* Write the words that belong to @offset of the region to @p. */
void scene_fill(struct scene *s, void *p, unsigned long offset, size_t size,
		unsigned int generation);

/* All three, for memory that no reader can see yet. */
void scene_refill(struct scene *s, void *p, unsigned long offset, size_t size);

/* A target begins, and is ready. */
void incarnation_begin(struct scene *s);
void incarnation_ready(struct scene *s);
/* Runs setup, then step until the end. Does not return. */
void target_run(struct scene *s, const struct play *p)
	__attribute__((noreturn));

/* For setup and step: these end the target with a message. */
void scene_lacks(struct scene *s, const char *what) __attribute__((noreturn));
void scene_broken(struct scene *s, const char *what) __attribute__((noreturn));
void scene_must(struct scene *s, bool ok, const char *what);

/* Map memory in the calling process; an error ends it. */
void *scene_map(struct scene *s, unsigned long addr, size_t size, int flags,
		int fd);
/* Map the region at its place, anonymous and filled. */
void setup_plain(struct scene *s);

unsigned long scene_random(struct scene *s, unsigned long below);
/* Selects up to 16 pages of the region; returns their offset. */
unsigned long scene_pages(struct scene *s, size_t *size);
bool in_child(void);

/* Reads until the end, in its own process. */
void reader_run(struct scene *s, enum interface how)
	__attribute__((noreturn));

/* The same for maps and its relatives, including the checks. */
void maps_reader_run(struct scene *s) __attribute__((noreturn));

/* Argument of check_bytes(): what the reader has sampled. */
struct seen {
	const struct scene *scene;
	enum interface how;
	unsigned int owner_first, owner_last;	/* incarnations */
	unsigned int oldest[CHUNKS], newest[CHUNKS];
	unsigned long zeros;
	char *finding;
	size_t finding_size;
};

/* Are the @len bytes of @buf valid for @offset of the region? */
bool check_bytes(struct seen *seen, unsigned long offset, const void *buf,
		 size_t len);

#endif
