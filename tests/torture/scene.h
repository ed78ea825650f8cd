/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What target, readers and those who disturb them share during a scene: one
 * kind of change to one region of memory, over and over, while all interfaces
 * read it.
 */
#ifndef SCENE_H
#define SCENE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "reader.h"
#include "target.h"

/* Nobody else maps anything near. */
#define REGION_AT	0x100000000000UL
#define REGION_MAX	(4 * MIB)
#define CHUNKS		64
#define SCENE_FD	100	/* survives exec */

/* What a read may bring besides words that are right; see check.c. */
#define MAY_BE_ABSENT	1U	/* errors and short reads */
#define MAY_BE_ZERO	2U
#define IN_PLACE	4U	/* words may be half-written */
#define ONE_GENERATION	8U	/* all that one lock covers is of one */
#define NOT_ANONYMOUS	16U	/* cmdline and environ bring nothing */
#define MAPPED_ANEW	32U	/* maps may have a gap between old and new */

/*
 * The generations that can be seen in a chunk: @newest is raised before the
 * first word of it can be read, @oldest when no older one can be read any more.
 */
struct generations {
	atomic_uint oldest, newest;
};

struct reader_stats {
	atomic_ulong reads, bytes, words, absent, zeros, wrong;
	char finding[320];	/* the first wrong one */
};

struct scene {
	atomic_bool stop_readers, stop;	/* first the one, then the other */
	/* How many targets there have been; @ready: the last that is. */
	atomic_uint incarnation, ready;
	atomic_ulong steps;
	unsigned long fast;	/* reads, counted by disturb() */
	pid_t pid, idle;	/* the target, and a thread of it to trace */
	unsigned long size;
	unsigned int rules;
	uint64_t seed;
	struct generations generations[CHUNKS];
	struct reader_stats readers[NR_INTERFACES], maps_reader;
	char lacks[96];		/* the kernel lacks what is needed */
	char broken[160];
};

struct play {
	const char *name;
	unsigned long size;	/* of the region */
	unsigned int rules;
	/* In the target: map and fill the region; change it once. */
	void (*setup)(struct scene *s);
	void (*step)(struct scene *s);
	/* Set: runs instead of a target with setup and step, see process.c. */
	void (*run)(struct scene *s, const struct play *p);
	/* Set: disturbs from a process of its own until @s->stop. */
	void (*disturb)(struct scene *s);
	bool switches;		/* its disturb() switches vmapeek, and counts */
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

/* A new generation, of so much of the region; returns its number. */
unsigned int generation_begin(struct scene *s, unsigned long offset,
			      size_t size);
/* Nothing older is there any more. */
void generation_end(struct scene *s, unsigned long offset, size_t size,
		    unsigned int generation);
/* The words that belong to @offset of the region, written to @p. */
void scene_fill(struct scene *s, void *p, unsigned long offset, size_t size,
		unsigned int generation);

/* All three, where no reader can see anything older any more. */
void scene_refill(struct scene *s, void *p, unsigned long offset, size_t size);

/* The target: begin, then say that all is prepared. */
void incarnation_begin(struct scene *s);
void incarnation_ready(struct scene *s);
/* setup, then step until the end. Does not return. */
void target_run(struct scene *s, const struct play *p)
	__attribute__((noreturn));

/* For setup and step: these end the target and say so. */
void scene_lacks(struct scene *s, const char *what) __attribute__((noreturn));
void scene_broken(struct scene *s, const char *what) __attribute__((noreturn));
void scene_must(struct scene *s, bool ok, const char *what);

/* Plain memory of the calling process; errors end it. */
void *scene_map(struct scene *s, unsigned long addr, size_t size, int flags,
		int fd);
/* Region at its place, anonymous and filled. */
void setup_plain(struct scene *s);

unsigned long scene_random(struct scene *s, unsigned long below);
/* Some pages of the region, 16 at most: where they begin, and their size. */
unsigned long scene_pages(struct scene *s, size_t *size);
bool in_child(void);

/* Reads until the end; a process of its own. */
void reader_run(struct scene *s, enum interface how)
	__attribute__((noreturn));

/* The same for maps and its relatives, which it checks itself. */
void maps_reader_run(struct scene *s) __attribute__((noreturn));

/* reader.c asks check.c about what it read. */
struct seen {
	const struct scene *scene;
	enum interface how;
	unsigned int owner_first, owner_last;	/* incarnations */
	unsigned int oldest[CHUNKS], newest[CHUNKS];
	unsigned long zeros;
	char *finding;
	size_t finding_size;
};

/* True if @len bytes of @buf may be what is at @offset of the region. */
bool check_bytes(struct seen *seen, unsigned long offset, const void *buf,
		 size_t len);

#endif
