/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A reader is stopped at a chosen place, the target does something meanwhile,
 * and then both go on. One combination is a cell; see interference.c for the
 * product and cell.c for the order of things in one cell.
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
	bool huge;		/* a huge page ends behind PAGES_AT */
	bool whole;		/* deeds are done to all of a huge page */
	bool forked;		/* shared with a child */
	bool slow;		/* of a file system that does not answer */
	/* In the target: NR_PAGES of OLD at PAGES_AT. */
	void (*make)(struct target *t);
};

/* The way the reader reads. */
struct method {
	const char *name;
	/* The mmap lock is held while a page of the target is waited for. */
	bool locked;
	bool traced;		/* the target's main thread is stopped */
	bool anon_only;
	bool is_title;		/* the target shows the memory as environ */
	/* Opens or attaches; then one read to @to, from @from on. */
	int (*open)(pid_t target);
	long (*read)(int fd, pid_t target, char *to, char *from);
};

struct place {
	const char *name;
	/* Read before the pages of the cell, at most a chunk of them. */
	unsigned int lead;
	bool many_vmas;		/* each of these is a VMA of its own */
	/* The pages of the second remote segment; 0: there is one only. */
	unsigned int second;
	/* The reader waits for a page of the target, not its own. */
	bool in_target;
	bool by_uffd;		/* and a userfaultfd is asked for it */
	bool by_file;		/* only with memory that is slow */
	bool by_lock;		/* before that, it waits for the mmap lock */
	/* Once for all cells; false: this kernel lacks what is needed. */
	bool (*start)(void);
	void (*stop)(void);
	/* In the target, once the memory is there. */
	void (*prepare)(struct target *t);
	/*
	 * By the test itself: before the reader begins; has it stopped; let it
	 * go on, which is called until it has ended.
	 */
	void (*hold)(pid_t target);
	bool (*is_stopped)(pid_t reader);
	void (*serve)(void);
	const char *needs;	/* what @start looks for */
};

struct deed {
	const char *name;
	unsigned int backing;	/* where it makes sense */
	bool is_end;		/* the target's memory is gone then */
	bool by_test;		/* @make runs in the test itself */
	bool whole_mm;		/* is the same wherever it is done */
	bool small;		/* is done to one small page only */
	bool locks;		/* takes the mmap lock for writing */
	bool lockless;		/* does not take it at all */
	void (*prepare)(struct target *t);
	void (*make)(pid_t target);
};

/* Where the deed is done, seen from where the reader is. */
enum where { BEFORE, AT, BEHIND, NR_WHERE };

struct cell {
	char name[96];
	const struct method *method;
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
	int uffd;		/* where it was opened: its number */
	int fd;			/* the file that is mapped; of the target */
	/* Of the reader. */
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

/* memory.c */
extern const struct memory memories[];
extern const size_t nr_memories;
/* A child of the target that shares all with it and does nothing. */
void fork_idle_child(struct target *t);

/* places.c */
extern const struct place places[];
extern const size_t nr_places;
/*
 * product.c: the cells whose names begin with, or match, one of
 * @names, or all if there is none.
 */
const struct cell *cells_make(char **names, size_t *nr);

/* For a child of the test: the lock is not its own. */
void places_child(void);
/* A userfaultfd of the calling process, with missing pages at @at. */
int uffd_open(void *at, size_t size);
/* Let the test itself have the userfaultfd of @pid; closed by the next one. */
void uffd_take(pid_t pid);

/* ksm.c */
void ksm_prepare(struct target *t);
void ksm_merge(pid_t target);

/* deeds.c */
extern const struct deed deeds[];
extern const size_t nr_deeds;

/* report.c: what was seen in one run of a cell, as lines. */
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

/* swap.c */
bool swap_start(void);
void swap_stop(void);
void swap_hold(pid_t target);
void swap_serve(void);

extern const struct method methods[];
extern const size_t nr_methods;
/* reader.c: fork the reader, which ends after its read. */
pid_t reader_fork(pid_t target, int done[2]);

/* cell.c */
/* For a child of the target: the target's end is not its own. */
void deed_child(void);
void cell_run(const struct cell *cell, struct report *r);

#endif
