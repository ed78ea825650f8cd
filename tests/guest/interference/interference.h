/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A reader is stopped at a chosen place, the target does a deed meanwhile, and
 * then both resume. One combination is a cell; see interference.c for the
 * product and cell.c for the steps of one cell.
 */
#ifndef INTERFERENCE_H
#define INTERFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "readv.h"
#include "target.h"

/*
 * Each cell reads NR_PAGES pages, and the reader stops at the second. The first
 * page is the last one of its page table, so the read crosses page tables or,
 * for huge pages, crosses from one to the next.
 */
#define NR_PAGES	3
#define STOP_PAGE	1
#define HUGE_AT		TARGET_AT
#define PAGES_AT	(HUGE_AT + HUGE_PAGE - PAGE)
#define ELSEWHERE	(TARGET_AT + 64 * MIB)

/* Content of a page: before and after the deed, and of a supplied page. */
#define OLD		'o'
#define NEW		'n'
#define CHILD		'c'
#define SERVED		's'
#define LEAD		'l'
#define UNREAD		'-'

/* The argument with which the test program only sleeps. */
#define SLEEP		"sleep"

/* The backing of a cell's memory, which determines the possible deeds. */
enum backing {
	PRIVATE_ANON = 1,	/* anonymous memory, anonymous VMA */
	COPIED = 2,		/* anonymous memory, private file VMA */
	CACHED = 4,		/* the page cache, private file VMA */
	SHARED_FILE = 8,	/* the page cache, shared file VMA */
	ANY_BACKING = 15,
	HAS_ANON = PRIVATE_ANON | COPIED,
	HAS_FILE = COPIED | CACHED | SHARED_FILE,
};

struct memory {
	const char *name;
	enum backing backing;
	bool huge;		/* a huge page ends after PAGES_AT */
	bool whole;		/* deeds affect a whole huge page */
	bool forked;		/* shared with a child */
	bool slow;		/* a file system that does not answer */
	/* Called in the target: makes NR_PAGES of OLD at PAGES_AT. */
	void (*make)(struct target *t);
};

/* The interface of the reader. */
struct method {
	const char *name;
	/*
	 * The reader holds the mmap lock while it waits for a page of the
	 * target.
	 */
	bool locked;
	bool traced;		/* the target's main thread is stopped */
	bool anon_only;
	bool is_title;		/* the target shows the memory as environ */
	/* Opens or attaches; then reads once, to @to, from @from on. */
	int (*open)(pid_t target);
	long (*read)(int fd, pid_t target, char *to, char *from);
};

struct place {
	const char *name;
	/* Pages read before those of the cell, at most a chunk. */
	unsigned int lead;
	bool many_vmas;		/* each of these is its own VMA */
	/* The pages of the second remote segment; 0: one segment only. */
	unsigned int second;
	/* The reader waits for a page of the target, not its own. */
	bool in_target;
	bool by_uffd;		/* which a userfaultfd supplies */
	bool by_file;		/* only with slow memory */
	bool by_lock;		/* it waits for the mmap lock first */
	/* Called once for all cells; false: this kernel lacks a feature. */
	bool (*start)(void);
	void (*stop)(void);
	/* Called in the target, after the memory is made. */
	void (*prepare)(struct target *t);
	/*
	 * Called by the test itself: before the reader begins; to check whether
	 * it has stopped; repeatedly, to resume it until it exits.
	 */
	void (*hold)(pid_t target);
	bool (*is_stopped)(pid_t reader);
	void (*serve)(void);
	const char *needs;	/* the feature that @start needs */
};

struct deed {
	const char *name;
	unsigned int backing;	/* where it is possible */
	bool is_end;		/* the target's memory is gone afterwards */
	bool by_test;		/* @make runs in the test itself */
	bool whole_mm;		/* has the same effect at each page */
	bool small;		/* affects one small page only */
	bool locks;		/* takes the mmap lock for writing */
	bool lockless;		/* does not take the mmap lock */
	void (*prepare)(struct target *t);
	void (*make)(pid_t target);
};

/* The page of the deed, relative to the page where the reader is stopped. */
enum where { BEFORE, AT, BEHIND, NR_WHERE };

struct cell {
	char name[96];
	const struct method *method;
	const struct place *place;
	const struct memory *memory;
	const struct deed *deed;
	enum where where;
};

/* The result of one system call of the target, or of its child. */
struct step {
	char what[24];
	long ret;
	int err;
};

/* State of the processes of a cell, in shared memory. */
struct scene {
	const struct cell *cell;
	struct target target;
	struct step steps[8];
	unsigned int nr_steps;
	int uffd;		/* descriptor, in the opening process */
	int fd;			/* the mapped file, in the target */
	/* Results of the reader. */
	long n;
	long minor, major;
	unsigned int lead_good;
	char pages[NR_PAGES][24];
};

extern struct scene *scene;

/* The page of the deed, and the range that the deed affects. */
char *deed_page(void);
char *deed_start(void);
size_t deed_size(void);

/* Does an access of the target to that page wait for the reader's page? */
bool deed_page_is_missing(void);

/* memory.c */
extern const struct memory memories[];
extern const size_t nr_memories;
/* A child of the target that shares its memory and does nothing. */
void fork_idle_child(struct target *t);

/* places.c */
extern const struct place places[];
extern const size_t nr_places;
/*
 * product.c: the cells whose names begin with, or match, one of @names; all
 * cells if there is none.
 */
const struct cell *cells_make(char **names, size_t *nr);

/* For a child of the test: closes the inherited lock. */
void places_child(void);
/* A userfaultfd of the calling process, with missing pages at @at. */
int uffd_open(void *at, size_t size);
/* Take the userfaultfd of @pid; the next call closes it. */
void uffd_take(pid_t pid);

/* ksm.c */
void ksm_prepare(struct target *t);
void ksm_merge(pid_t target);

/* deeds.c */
extern const struct deed deeds[];
extern const size_t nr_deeds;

/* report.c: the observations of one run of a cell, as lines. */
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
/* All lines of both; lines that differ are marked. */
void reports_print(const struct report *a, const struct report *b);

/* swap.c */
bool swap_start(void);
void swap_stop(void);
void swap_hold(pid_t target);
void swap_serve(void);

extern const struct method methods[];
extern const size_t nr_methods;
/* reader.c: fork the reader, which exits after its read. */
pid_t reader_fork(pid_t target, int done[2]);

/* cell.c */
/* For a child of the target: closes the target's end of the pipe. */
void deed_child(void);
void cell_run(const struct cell *cell, struct report *r);

#endif
