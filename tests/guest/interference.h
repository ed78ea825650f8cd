/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A reader is stopped at a chosen place, the target does something meanwhile,
 * and then both go on. One combination is a cell; see interference.c for the
 * product and interference-cell.c for the order of things in one cell.
 */
#ifndef INTERFERENCE_H
#define INTERFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "readv.h"
#include "target.h"

/*
 * Each cell reads NR_PAGES pages, of which the reader stops at the second.
 * The first is the last one that its page table maps, so the read crosses a
 * page table and, for huge pages, two of these.
 */
#define NR_PAGES	3
#define STOP_PAGE	1
#define HUGE_AT		TARGET_AT
#define PAGES_AT	(HUGE_AT + HUGE_PAGE - PAGE)
#define ELSEWHERE	(TARGET_AT + 64 * MIB)

/* Contents of a page: before and after the deed; of a page that was missing. */
#define OLD		'o'
#define NEW		'n'
#define CHILD		'c'
#define SERVED		's'
#define LEAD		'l'
#define POISON		'-'

/* The argument by which the test program does nothing but sleep. */
#define SLEEP		"sleep"

/* What a cell's memory is backed by; decides which deeds make sense. */
enum backing {
	PRIVATE_ANON	= 1,	/* anonymous memory in an anonymous VMA */
	COPIED		= 2,	/* anonymous memory in a private file VMA */
	CACHED		= 4,	/* the page cache, in a private file VMA */
	SHARED_FILE	= 8,	/* the page cache, in a shared file VMA */
	ANY_BACKING	= 15,
	HAS_ANON	= PRIVATE_ANON | COPIED,
	HAS_FILE	= COPIED | CACHED | SHARED_FILE,
};

struct memory {
	const char *name;
	enum backing backing;
	bool huge;		/* PAGES_AT is the end of one huge page */
	bool whole;		/* deeds are done to all of a huge page */
	/* In the target: NR_PAGES of OLD at PAGES_AT. */
	void (*make)(struct target *t);
};

struct cell;

struct place {
	const char *name;
	/* Read before the pages of the cell, at most a chunk of them. */
	unsigned int lead;
	/* The pages of the second remote segment; 0: there is one only. */
	unsigned int second;
	/* The page that the reader waits for is the target's, not its own. */
	bool in_target;
	/* In the target, once the memory is there. */
	void (*prepare)(struct target *t);
	/* Both by the test itself: has the reader stopped; let it go on. */
	bool (*is_stopped)(pid_t reader);
	void (*serve)(void);
};

struct deed {
	const char *name;
	unsigned int backing;	/* where it makes sense */
	bool is_end;		/* the target, or its memory, is gone then */
	bool by_test;		/* @make runs in the test, not in the target */
	bool whole_mm;		/* is the same wherever it is done */
	bool small;		/* is done to one small page only */
	void (*prepare)(struct target *t);
	void (*make)(pid_t target);
};

/* Where the deed is done, seen from where the reader is. */
enum where { BEFORE, AT, BEHIND, NR_WHERE };

struct cell {
	char name[96];
	const char *interface;
	const struct place *place;
	const struct memory *memory;
	const struct deed *deed;
	enum where where;
};

/* What one system call of the target, or of its child, returned. */
struct step {
	char what[24];
	long ret;
	int err;
};

/* What the processes of a cell tell each other; in memory that all share. */
struct scene {
	const struct cell *cell;
	struct target target;
	struct step steps[8];
	unsigned int nr_steps;
	int uffd;		/* of who waits for a page: its number there */
	int fd;			/* the file that is mapped; of the target */
	/* Of the reader. */
	volatile bool reader_ready;
	long n;
	long minor, major;
	unsigned int lead_good;
	char pages[NR_PAGES][24];
};

extern struct scene *scene;

/* The page of the cell that the deed is about, and what it is done to. */
char *deed_page(void);
char *deed_start(void);
size_t deed_size(void);

/* Does an access of the target to that page wait for the reader's page? */
bool deed_page_is_missing(void);

/* interference-memory.c */
extern const struct memory memories[];
extern const size_t nr_memories;
/* A child of the target that shares all with it and does nothing. */
void fork_idle_child(struct target *t);

/* interference-places.c */
extern const struct place places[];
extern const size_t nr_places;
/* A userfaultfd of the calling process, with missing pages at @at. */
int uffd_open(void *at, size_t size);
/* Let the test itself have the userfaultfd of @pid; closed by the next one. */
void uffd_take(pid_t pid);

/* interference-ksm.c */
void ksm_prepare(struct target *t);
void ksm_merge(pid_t target);

/* interference-deeds.c */
extern const struct deed deeds[];
extern const size_t nr_deeds;

/* interference-report.c: what was seen in one run of a cell, as lines. */
#define REPORT_SIZE	(16 * KIB)

struct report {
	char lacks[96];
	char broken[160];
	size_t len;
	char text[REPORT_SIZE];
};

void report_line(struct report *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The mappings and page-table entries of @target, as "@when ...". */
void report_memory(struct report *r, const char *when, pid_t target);
/* Pins since pins_start(), as "@when ...". */
void pins_start(void);
void report_pins(struct report *r, const char *when);
void report_steps(struct report *r);
void report_reader(struct report *r);
/* All lines of both; those that differ are marked. */
void reports_print(const struct report *a, const struct report *b);

/* interference-reader.c: fork the reader, which ends after its read. */
pid_t reader_fork(pid_t target, int done[2]);

/* interference-cell.c */
/* For a child of the target: the target's end is not its own. */
void deed_child(void);
void cell_run(const struct cell *cell, struct report *r);

#endif
