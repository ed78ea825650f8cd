// SPDX-License-Identifier: GPL-2.0
/*
 * BPF programs read memory and strings of other processes, through all
 * functions that the kernel has for it, with vmapeek off and on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/programs.h"
#include "cases.h"
#include "kinds-make.h"
#include "process-cases.h"
#include "readv.h"
#include "run.h"
#include "state.h"

#define SIZE		(64 * KIB)
#define MANY		(24 * PAGE)
#define HUGE_SIZE	(2 * HUGE_PAGE)
#define KTHREADD	2

/* Results of the functions: @want for memory, @want_str for strings. */
struct row {
	const char *name;
	enum kind kind;		/* of SIZE bytes at TARGET_AT, or @size */
	size_t size;
	unsigned long end;	/* end of the string; 0: none */
	unsigned long absent;	/* a page that is discarded, or 0 */
	int then;		/* the next mapping, of one page */
	unsigned long offset;
	size_t len;
	long want, want_str;
	unsigned int events, events_str;
};

enum { NOTHING, OTHER_VMA, PROT_NONE_VMA, GROWING_STACK };

static bool is_string(enum bpf_form form)
{
	return form >= BPF_STRING;
}

struct bpf_case {
	enum bpf_form form;
	const struct row *row;
};

static const struct row *wanted;

static size_t row_size(const struct row *row)
{
	if (row->size)
		return row->size;
	if (row->kind == MEDIUM)
		return 2 * SIZE;
	return kinds[row->kind].align > PAGE ? HUGE_SIZE : SIZE;
}

/* Map the memory that follows; not so near that the kernel grows the stack. */
static void make_next(struct target *t, const struct row *row)
{
	unsigned long next = TARGET_AT + row_size(row);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	switch (row->then) {
	case OTHER_VMA:
		pattern_fill(map_at(t, next, PAGE, PROT_READ | PROT_WRITE,
				    flags, -1), PAGE);
		must(t, !mprotect((char *)next, PAGE, PROT_READ), "mprotect");
		break;
	case PROT_NONE_VMA:
		map_at(t, next, PAGE, PROT_NONE, flags, -1);
		break;
	case GROWING_STACK:
		map_at(t, next + 64 * PAGE, PAGE, PROT_READ | PROT_WRITE,
		       flags | MAP_GROWSDOWN, -1);
		break;
	}
}

static void prepare(struct target *t)
{
	const struct row *row = wanted;
	char *at = (char *)TARGET_AT;

	t->addr = TARGET_AT;
	kinds[row->kind].make(t, at, row_size(row));
	make_next(t, row);
	if (row->end)
		at[row->end] = '\0';
	if (row->end && row->kind == SWAPPED)
		swap_out(t, at, row_size(row));
	if (row->absent)
		must(t, !madvise(at + row->absent, PAGE, MADV_DONTNEED),
		     "MADV_DONTNEED");
}

static void read_pid(const struct read_case *c, struct outcome *o, pid_t pid,
		     unsigned long addr)
{
	const struct bpf_case *b = c->arg;
	struct counters start = counters_read();
	long ret = bpf_read(b->form, pid, addr, o->bytes, b->row->len);

	o->events = counters_since(&start);
	o->ret = bpf_length(b->form, ret, b->row->len);
}

static bool is_lacking(const struct bpf_case *b, struct outcome *o)
{
	const char *what = bpf_lacks(b->form);

	if (what)
		outcome_lacks(o, what);
	return what;
}

/* Compares smaps afterwards, too: accessed marks, and pages faulted in. */
static void run_row(const struct read_case *c, struct outcome *o)
{
	static struct target *t;
	const struct bpf_case *b = c->arg;
	pid_t pid;

	if (is_lacking(b, o))
		return;
	if (!t)
		t = target_alloc();
	wanted = b->row;
	pid = target_start(prepare, t);
	if (outcome_started(o, t)) {
		if (b->row->kind == ANON)
			state_clear_referenced(pid);
		read_pid(c, o, pid, t->addr + b->row->offset);
		o->extra = state_of(c->name, pid, TARGET_AT,
				    TARGET_AT + row_size(b->row));
	}
	target_stop(pid);
}

static void run_zombie_or_gone(const struct read_case *c, struct outcome *o,
			       bool is_gone)
{
	pid_t pid;

	if (is_lacking(c->arg, o))
		return;
	pid = make_zombie();
	if (is_gone)
		waitpid(pid, NULL, 0);
	read_pid(c, o, pid, TARGET_AT);
	waitpid(pid, NULL, 0);
}

static void run_dead(const struct read_case *c, struct outcome *o)
{
	run_zombie_or_gone(c, o, false);
}

static void run_reaped(const struct read_case *c, struct outcome *o)
{
	run_zombie_or_gone(c, o, true);
}

static void run_kernel_thread(const struct read_case *c, struct outcome *o)
{
	if (!is_lacking(c->arg, o))
		read_pid(c, o, KTHREADD, TARGET_AT);
}

static void run_self(const struct read_case *c, struct outcome *o)
{
	static const char text[] = "of the reader itself";

	if (!is_lacking(c->arg, o))
		read_pid(c, o, getpid(), (unsigned long)text);
}

/* Pages at both ends of the first half, and another VMA after it. */
static void prepare_to_collapse(struct target *t)
{
	char *p = map_huge_aligned(t, 2 * HUGE_PAGE);

	pattern_fill(p, 3 * PAGE);
	pattern_fill(p + HUGE_PAGE - PAGE, PAGE);
	must(t, !mprotect(p + HUGE_PAGE, HUGE_PAGE, PROT_READ), "mprotect");
	t->addr = (unsigned long)p;
}

/* In a child, because a leaked lock makes it hang uninterruptibly. */
static long collapse(pid_t pid, unsigned long addr)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child)
		_exit(-target_collapse(pid, addr, HUGE_PAGE));
	waitpid(child, &status, 0);
	return status;
}

/*
 * Reads with several results, then a collapse, which needs the VMA's write lock
 * and pages without extra references.
 */
static void run_collapse(const struct read_case *c, struct outcome *o)
{
	const struct bpf_case *b = c->arg;
	struct target *t = target_alloc();
	unsigned long end;
	pid_t pid;

	if (is_lacking(b, o))
		return;
	if (!thp_enable("madvise")) {
		outcome_lacks(o, LACKS_THP);
		return;
	}
	pid = target_start(prepare_to_collapse, t);
	if (outcome_started(o, t)) {
		end = t->addr + HUGE_PAGE;
		bpf_read(b->form, pid, t->addr + 100, o->bytes, PAGE);
		bpf_read(b->form, pid, t->addr + 100, o->bytes, 4 * PAGE);
		bpf_read(b->form, pid, end - 50, o->bytes, 100);
		bpf_read(b->form, pid, end + HUGE_PAGE - 50, o->bytes, 100);
		o->ret = collapse(pid, t->addr);
	}
	target_stop(pid);
	thp_enable("always");
}

#define BOTH(_events)	.events = EV(_events), .events_str = EV(_events)

static const struct row rows[] = {
	{ "in a page", ANON, .end = 74, .offset = 64, .len = 100, .want = 100,
	  .want_str = 10, BOTH(FAST) },
	{ "not aligned", ANON, .end = 94, .offset = 61, .len = 100,
	  .want = 100, .want_str = 33, BOTH(FAST) },
	{ "an empty string", ANON, .end = 64, .offset = 64, .len = 100,
	  .want = 100, .want_str = 0, BOTH(FAST) },
	{ "a string that fills the buffer", ANON, .end = 163, .offset = 64,
	  .len = 100, .want = 100, .want_str = 99, BOTH(FAST) },
	{ "a string without an end", ANON, .offset = 64, .len = 100,
	  .want = 100, .want_str = 99, BOTH(FAST) },
	{ "one byte", ANON, .offset = 64, .len = 1, .want = 1, .want_str = 0,
	  BOTH(FAST) },
	{ "one byte, an end", ANON, .end = 64, .offset = 64, .len = 1,
	  .want = 1, .want_str = 0, BOTH(FAST) },
	{ "an end that is a page's last byte", ANON, .end = PAGE - 1,
	  .offset = PAGE - 50, .len = 200, .want = 200, .want_str = 49,
	  BOTH(FAST) },
	{ "an end that is a page's first byte", ANON, .end = PAGE,
	  .offset = PAGE - 50, .len = 200, .want = 200, .want_str = 50,
	  BOTH(FAST) },
	{ "across two pages", ANON, .end = PAGE + 10, .offset = PAGE - 50,
	  .len = 200, .want = 200, .want_str = 60, BOTH(FAST) },
	{ "a buffer that ends with a page", ANON, .offset = PAGE - 50,
	  .len = 50, .want = 50, .want_str = 49, BOTH(FAST) },
	{ "a buffer that ends behind a page's first byte", ANON,
	  .offset = PAGE - 50, .len = 51, .want = 51, .want_str = 50,
	  BOTH(FAST) },
	{ "three pages", ANON, .end = 2 * PAGE + 7, .offset = 100,
	  .len = 4 * PAGE, .want = 4 * PAGE, .want_str = 2 * PAGE - 93,
	  BOTH(FAST) },
	{ "more pages than are marked in one go", ANON, .size = MANY,
	  .offset = 100, .len = 20 * PAGE, .want = 20 * PAGE,
	  .want_str = 20 * PAGE - 1, BOTH(FAST) },
	{ "many pages, then one that is not there", ANON, .size = MANY,
	  .absent = 18 * PAGE, .offset = 100, .len = 20 * PAGE,
	  .want = 20 * PAGE, .want_str = 18 * PAGE - 100, BOTH(FAST) },
	{ "many pages, then another VMA", ANON, .size = MANY,
	  .then = OTHER_VMA, .offset = 4 * PAGE, .len = 20 * PAGE + 1,
	  .want = 20 * PAGE + 1, .want_str = 20 * PAGE, BOTH(LEAVES_VMA) },
	{ "many pages, then a hole", ANON, .size = MANY, .offset = 4 * PAGE,
	  .len = 20 * PAGE + 1, .want = -EFAULT, .want_str = -EFAULT,
	  BOTH(FAST) },
	{ "a page that is not there", ANON, .absent = PAGE, .offset = PAGE,
	  .len = 2 * PAGE, .want = 2 * PAGE, .want_str = 0, BOTH(FAST) },
	{ "then a page that is not there", ANON, .absent = PAGE,
	  .offset = PAGE - 50, .len = 200, .want = 200, .want_str = 50,
	  BOTH(FAST) },
	{ "then a page that is not there, not asked for", ANON,
	  .absent = PAGE, .end = PAGE - 1, .offset = PAGE - 50, .len = 200,
	  .want = 200, .want_str = 49, BOTH(FAST) },
	{ "swapped out", SWAPPED, .end = PAGE + 10, .offset = PAGE - 50,
	  .len = 200, .want = 200, .want_str = 60, BOTH(FAST) },
	{ "swapped out, many pages", SWAPPED, .size = MANY, .offset = 100,
	  .len = 20 * PAGE, .want = 20 * PAGE, .want_str = 20 * PAGE - 1,
	  BOTH(FAST) },
	{ "up to the end of a file", FILE_ENDS, .offset = SIZE / 2 - 50,
	  .len = 50, .want = 50, .want_str = 49, BOTH(FAST) },
	{ "past the end of a file", FILE_ENDS, .offset = SIZE / 2 - 50,
	  .len = 200, .want = -EFAULT, .want_str = -EFAULT, BOTH(FAST) },
	{ "into a guard region", GUARD, .offset = SIZE / 2 - 50, .len = 200,
	  .want = -EFAULT, .want_str = -EFAULT, BOTH(FAST) },
	{ "PROT_NONE", NO_ACCESS, .len = 100, .want = -EFAULT,
	  .want_str = -EFAULT, BOTH(FAST) },
	{ "two VMAs", ANON, .then = OTHER_VMA, .offset = SIZE - 50,
	  .len = 100, .want = 100, .want_str = 99, BOTH(LEAVES_VMA) },
	{ "two VMAs, the string ends in the first", ANON, .then = OTHER_VMA,
	  .end = SIZE - 1, .offset = SIZE - 50, .len = 100, .want = 100,
	  .want_str = 49, .events = EV(LEAVES_VMA), .events_str = EV(FAST) },
	{ "two VMAs, the buffer ends in the first", ANON, .then = OTHER_VMA,
	  .offset = SIZE - 50, .len = 50, .want = 50, .want_str = 49,
	  BOTH(FAST) },
	{ "two VMAs, the buffer ends behind the first", ANON,
	  .then = OTHER_VMA, .offset = SIZE - 50, .len = 51, .want = 51,
	  .want_str = 50, BOTH(LEAVES_VMA) },
	{ "two VMAs, the first not there", SWAPPED, .then = OTHER_VMA,
	  .offset = SIZE - 50, .len = 100, .want = 100, .want_str = 99,
	  BOTH(LEAVES_VMA) },
	{ "then PROT_NONE", ANON, .then = PROT_NONE_VMA,
	  .offset = SIZE - PAGE - 50, .len = 2 * PAGE, .want = -EFAULT,
	  .want_str = -EFAULT, BOTH(LEAVES_VMA) },
	{ "then a hole", ANON, .offset = SIZE - PAGE - 50, .len = 2 * PAGE,
	  .want = -EFAULT, .want_str = -EFAULT, BOTH(FAST) },
	{ "then a hole, one byte too many", ANON, .offset = SIZE - 50,
	  .len = 51, .want = -EFAULT, .want_str = -EFAULT, BOTH(FAST) },
	{ "not there, then a hole", SWAPPED, .offset = SIZE - PAGE - 50,
	  .len = 2 * PAGE, .want = -EFAULT, .want_str = -EFAULT, BOTH(FAST) },
	{ "a hole", ANON, .offset = SIZE, .len = 100, .want = -EFAULT,
	  .want_str = -EFAULT, BOTH(FAST) },
	{ "a hole below a stack", ANON, .then = GROWING_STACK,
	  .offset = SIZE + PAGE, .len = 100, .want = COMPARE,
	  .want_str = -EFAULT, BOTH(NO_VMA) },
};

/* Cases with their own run function. */
static const struct process {
	struct row row;
	void (*run)(const struct read_case *c, struct outcome *o);
} processes[] = {
	{ { "a zombie", .len = 8, .want = -EFAULT, .want_str = -EFAULT },
	  run_dead },
	{ { "a process that is gone", .len = 8, .want = -ESRCH,
	    .want_str = -ESRCH }, run_reaped },
	{ { "a kernel thread", .len = 8, .want = -EFAULT,
	    .want_str = -EFAULT }, run_kernel_thread },
	{ { "the reader itself", .len = 40, .want = 40, .want_str = 20,
	    BOTH(FAST) }, run_self },
	{ { "nothing is left behind", .events = ANY_EVENTS,
	    .events_str = ANY_EVENTS }, run_collapse },
};

/* Reads across two pages of all kinds of memory. */
static struct row kind_rows[NR_KINDS];

static struct read_case *add_case(struct read_case *c, enum bpf_form form,
				  const struct row *row)
{
	struct bpf_case *b = malloc(sizeof(*b));
	char *name;

	if (!b || asprintf(&name, "%s: %s", bpf_form_names[form], row->name) < 0)
		die("no memory");
	*b = (struct bpf_case){ form, row };
	*c = (struct read_case){
		.name = name,
		.offset = row->offset,
		.want = is_string(form) ? row->want_str : row->want,
		.content = is_string(form) && row->kind == ANON &&
			   row->then == NOTHING ? PATTERN : ANYTHING,
		.events = is_string(form) ? row->events_str : row->events,
		.run = run_row,
		.arg = b,
	};
	return c;
}

static bool is_asked_for(enum kind kind)
{
	/* Nobody serves its userfaultfd, so the reader would wait for ever. */
	return kind != ACCESS_PROTECTED;
}

#define NR_CASES	(NR_BPF_FORMS * (ARRAY_SIZE(rows) +		\
					 ARRAY_SIZE(processes) + NR_KINDS))

int main(int argc, char **argv)
{
	static struct read_case cases[NR_CASES];
	struct read_case *c;
	size_t n = 0;

	select_tests(argc, argv);
	bpf_start();
	for (enum bpf_form form = 0; form < NR_BPF_FORMS; form++) {
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			add_case(&cases[n++], form, &rows[i]);
		for (size_t i = 0; i < ARRAY_SIZE(processes); i++) {
			c = add_case(&cases[n++], form, &processes[i].row);
			c->run = processes[i].run;
			c->content = ANYTHING;
		}
		/*
		 * The other forms read the same memory; only the copy differs.
		 */
		if (form != BPF_MEMORY && form != BPF_STRING)
			continue;
		for (size_t k = 0; k < NR_KINDS; k++) {
			if (!is_asked_for(k))
				continue;
			kind_rows[k] = (struct row){
				kinds[k].name, k, .offset = 9 * PAGE - 50,
				.len = 200, .want = COMPARE,
				.want_str = COMPARE,
				.events = k == DEVICE ? ANY_EVENTS : EV(FAST),
				.events_str = k == DEVICE ? ANY_EVENTS :
							    EV(FAST),
			};
			add_case(&cases[n++], form, &kind_rows[k]);
		}
	}
	return run_cases(cases, n);
}
