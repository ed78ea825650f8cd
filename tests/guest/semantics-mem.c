// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/mem as a file: the position after a read, parts of an answer, and
 * the reader's memory, which long reads are copied to directly: whatever it is,
 * and also where it is the target's, bytes, count and error are the kernel's.
 *
 * What nobody may read but by force depends on proc_mem.force_override= of the
 * kernel's command line; the links semantics-mem-*.t boot with each.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cases.h"
#include "kinds.h"
#include "readv.h"
#include "run.h"

#define LONG		(5 * PAGE)
#define SPACE		(8 * PAGE)	/* of the reader */
#define POISON		0xa5

/* The reader's memory. */
enum to {
	RESIDENT,
	MISSING,		/* not touched so far */
	SECOND_MISSING,		/* all but the second page is there */
	GONE,			/* not mapped from the second page on */
	NOT_WRITABLE,
	OTHER_FILE,		/* a shared mapping of its own */
	SAME_FILE,		/* of the target's memory */
	SAME_MEMORY,		/* the target's own */
};

struct way {
	enum to to;
	unsigned int skew;	/* from the start of a page */
	bool is_own;		/* the reader reads itself */
	bool is_ended;		/* the target has */
};

/* Shared with the targets. */
static char *common;

static void prepare_resident(struct target *t)
{
	char *p = map(t, SPACE);

	pattern_fill(p, SPACE);
	t->addr = (unsigned long)p;
}

static void prepare_sparse(struct target *t)
{
	prepare_resident(t);
	if (madvise((char *)t->addr + 2 * PAGE, PAGE, MADV_DONTNEED))
		broken(t, "MADV_DONTNEED");
}

/* Of the page table, the last page and a half is used. */
static void prepare_two_tables(struct target *t)
{
	char *p = map_huge_aligned(t, 2 * HUGE_PAGE);

	madvise(p, 2 * HUGE_PAGE, MADV_NOHUGEPAGE);
	p += HUGE_PAGE - 2 * PAGE;
	pattern_fill(p, SPACE);
	t->addr = (unsigned long)p;
}

static void prepare_two_vmas(struct target *t)
{
	prepare_resident(t);
	if (mprotect((char *)t->addr + 3 * PAGE, PAGE, PROT_READ))
		broken(t, "mprotect");
}

static void prepare_then_hole(struct target *t)
{
	prepare_resident(t);
	if (munmap((char *)t->addr + 3 * PAGE, SPACE - 3 * PAGE))
		broken(t, "munmap");
}

static void prepare_nothing(struct target *t)
{
	prepare_resident(t);
	munmap((void *)t->addr, SPACE);
}

static void prepare_no_access(struct target *t)
{
	prepare_resident(t);
	if (mprotect((void *)t->addr, SPACE, PROT_NONE))
		broken(t, "mprotect");
}

static void prepare_common(struct target *t)
{
	pattern_fill(common, SPACE);
	t->addr = (unsigned long)common;
}

static char *make_to(enum to to)
{
	int flags = MAP_ANONYMOUS |
		    (to == OTHER_FILE ? MAP_SHARED : MAP_PRIVATE);
	char *p;

	if (to == SAME_FILE)
		return common;
	p = mmap(NULL, SPACE, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (p == MAP_FAILED)
		die("no memory");
	madvise(p, SPACE, MADV_NOHUGEPAGE);
	if (to != MISSING)
		memset(p, POISON, SPACE);
	if ((to == SECOND_MISSING && madvise(p + PAGE, PAGE, MADV_DONTNEED)) ||
	    (to == GONE && munmap(p + PAGE, SPACE - PAGE)) ||
	    (to == NOT_WRITABLE && mprotect(p, SPACE, PROT_READ)))
		die("%s", strerror(errno));
	return p;
}

static void read_file(const struct read_case *c, struct outcome *o, int fd,
		      unsigned long addr, char *to)
{
	const struct way *way = c->arg;

	lseek(fd, addr + c->offset, SEEK_SET);
	o->ret = read(fd, to + way->skew, c->len);
	if (o->ret < 0)
		o->ret = -errno;
	o->extra = lseek(fd, 0, SEEK_CUR) - addr;
	memcpy(o->bytes, to + way->skew,
	       (way->to == GONE ? PAGE : SPACE) - way->skew);
	if (way->to < SAME_FILE)
		munmap(to, SPACE);
}

/* Of its own memory: the target is this process. */
static void run_own(const struct read_case *c, struct outcome *o)
{
	const struct way *way = c->arg;
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	struct counters start = counters_read();
	static struct target none;

	if (way->to == SAME_FILE)
		prepare_common(&none);
	else
		prepare_resident(&none);
	read_file(c, o, fd, none.addr, way->to == SAME_MEMORY ?
		  (char *)none.addr : make_to(way->to));
	o->events = counters_since(&start);
	if (way->to != SAME_FILE)
		munmap((void *)none.addr, SPACE);
	close(fd);
}

static void run_other(const struct read_case *c, struct outcome *o)
{
	const struct way *way = c->arg;
	struct target *t = target_alloc();
	pid_t pid = target_start(c->prepare, t);
	struct counters start;
	struct reader r;

	if (outcome_started(o, t)) {
		if (reader_open(&r, c->how, pid))
			die("open: %s", strerror(errno));
		if (way->is_ended)
			target_stop(pid);
		start = counters_read();
		read_file(c, o, r.fd, t->addr, make_to(way->to));
		o->events = counters_since(&start);
		reader_close(&r);
	}
	if (!way->is_ended)
		target_stop(pid);
}

static pid_t trace_by_other(pid_t pid)
{
	struct reader r;
	int ready[2];
	pid_t tracer;
	char byte;

	if (pipe(ready))
		die("pipe: %s", strerror(errno));
	fflush(stdout);
	tracer = fork();
	if (!tracer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (reader_open(&r, MEM_TRACED, pid) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("no tracer");
	close(ready[0]);
	return tracer;
}

/* Somebody traces the target, but not the reader. */
static void run_traced_by_other(const struct read_case *c, struct outcome *o)
{
	const struct way *way = c->arg;
	struct target *t = target_alloc();
	pid_t pid = target_start(c->prepare, t), tracer;
	struct reader r;

	if (outcome_started(o, t)) {
		tracer = trace_by_other(pid);
		if (reader_open(&r, MEM, pid))
			die("open: %s", strerror(errno));
		read_file(c, o, r.fd, t->addr, make_to(way->to));
		reader_close(&r);
		kill(tracer, SIGKILL);
		waitpid(tracer, NULL, 0);
	}
	target_stop(pid);
}

static void run_mem(const struct read_case *c, struct outcome *o)
{
	const struct way *way = c->arg;

	if (way->is_own)
		run_own(c, o);
	else
		run_other(c, o);
}

/* What "Referenced" says: the classic LRU forgets a mark that is set twice. */
static void run_referenced(const struct read_case *c, struct outcome *o)
{
	static const char lru_gen[] = "/sys/kernel/mm/lru_gen/enabled";
	bool has_lru_gen = !access(lru_gen, F_OK);
	const struct way *way = c->arg;
	struct target *t = target_alloc();
	char path[64];
	pid_t pid;
	int fd;

	/* Before there are pages: those that it leaves behind are active. */
	if (has_lru_gen)
		write_line(lru_gen, "n");
	pid = target_start(c->prepare, t);
	if (outcome_started(o, t)) {
		snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
		write_line(path, "1");
		snprintf(path, sizeof(path), "/proc/%d/mem", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		read_file(c, o, fd, t->addr, make_to(way->to));
		close(fd);
		o->extra = smaps_kb(pid, t->addr, "Referenced");
	}
	target_stop(pid);
	if (has_lru_gen)
		write_line(lru_gen, "y");
}

static const struct kind_info *kind;

static void prepare_kind(struct target *t)
{
	size_t size = kind->align > SPACE ? kind->align : 2 * SPACE;

	kind->make(t, (char *)TARGET_AT, size);
	t->addr = TARGET_AT + size / 2;
}

/* @c->name is that of the kind. */
static void run_kind(const struct read_case *c, struct outcome *o)
{
	kind = kinds;
	while (strcmp(kind->name, strchr(c->name, ':') + 2))
		kind++;
	run_other(c, o);
}

#define WAY(...)	(&(const struct way){ .to = __VA_ARGS__ })
#define READ(_name, _prepare, _offset, _len, _want, _way, ...)		\
	{ .name = _name, .prepare = _prepare, .how = MEM,		\
	  .offset = _offset, .len = _len, .want = _want, .arg = _way,	\
	  .content = ANYTHING, __VA_ARGS__ }
#define FAST_READ(_name, _prepare, _offset, _len, _want, ...)		\
	READ(_name, _prepare, _offset, _len, _want, WAY(__VA_ARGS__),	\
	     .events = EV(FAST), .run = run_mem)
#define ANY_READ(_name, _prepare, _offset, _len, _want, ...)		\
	READ(_name, _prepare, _offset, _len, _want, WAY(__VA_ARGS__),	\
	     .events = ANY_EVENTS, .run = run_mem)
#define MARKS(_name, _offset, _len, ...)				\
	READ(_name, prepare_resident, _offset, _len, _len,		\
	     WAY(__VA_ARGS__), .events = ANY_EVENTS,			\
	     .run = run_referenced)

static struct read_case cases[64 + 2 * NR_KINDS] = {
	FAST_READ("a word", prepare_resident, 64, 8, 8, RESIDENT),
	FAST_READ("the longest short read", prepare_resident, 60, 256, 256,
		  RESIDENT, .skew = 1),
	FAST_READ("long", prepare_resident, 0, LONG, LONG, RESIDENT),
	FAST_READ("long, not whole pages", prepare_resident, 88, LONG - 5,
		  LONG - 5, RESIDENT, .skew = 16),
	FAST_READ("long, aligned in another way", prepare_resident, 88, LONG,
		  LONG, RESIDENT, .skew = 3),
	FAST_READ("long, of two tables", prepare_two_tables, 88, LONG, LONG,
		  RESIDENT, .skew = 16),
	FAST_READ("long, a page is missing", prepare_sparse, 88, LONG, LONG,
		  RESIDENT, .skew = 16),
	READ("long, of two VMAs", prepare_two_vmas, 88, LONG, LONG,
	     WAY(RESIDENT, .skew = 16), .events = EV(FAST) | EV(LEAVES_VMA),
	     .run = run_mem),
	FAST_READ("short, then a hole", prepare_then_hole, 3 * PAGE - 100, 200,
		  100, RESIDENT),
	FAST_READ("long, then a hole", prepare_then_hole, 88, LONG,
		  3 * PAGE - 88, RESIDENT),
	FAST_READ("short, nothing mapped", prepare_nothing, 0, 8, -EIO,
		  RESIDENT),
	FAST_READ("long, nothing mapped", prepare_nothing, 0, LONG, -EIO,
		  RESIDENT),
	READ("nothing asked for", prepare_resident, 64, 0, 0, WAY(RESIDENT),
	     .events = NO_EVENTS, .run = run_mem),
	READ("short, the target has ended", prepare_resident, 64, 8, 0,
	     WAY(RESIDENT, .is_ended = true), .events = NO_EVENTS,
	     .run = run_mem),
	READ("long, the target has ended", prepare_resident, 64, LONG, 0,
	     WAY(RESIDENT, .is_ended = true), .events = NO_EVENTS,
	     .run = run_mem),

	FAST_READ("short, to a page that is missing", prepare_resident, 64, 8,
		  8, MISSING),
	FAST_READ("long, to pages that are missing", prepare_resident, 0, LONG,
		  LONG, MISSING),
	FAST_READ("long, to a page that is missing", prepare_resident, 88,
		  LONG, LONG, SECOND_MISSING, .skew = 16),
	FAST_READ("short, to the end of a mapping", prepare_resident, 64, 200,
		  -EFAULT, GONE, .skew = PAGE - 104),
	FAST_READ("long, to the end of a mapping", prepare_resident, 0, LONG,
		  -EFAULT, GONE),
	FAST_READ("long, to the end of a mapping, across pages",
		  prepare_resident, 88, LONG, -EFAULT, GONE, .skew = 16),
	FAST_READ("short, to read-only memory", prepare_resident, 64, 8,
		  -EFAULT, NOT_WRITABLE),
	FAST_READ("long, to read-only memory", prepare_resident, 0, LONG,
		  -EFAULT, NOT_WRITABLE),
	FAST_READ("long, to shared memory", prepare_resident, 88, LONG, LONG,
		  OTHER_FILE, .skew = 16),

	FAST_READ("long, of shared memory", prepare_common, 88, LONG, LONG,
		  RESIDENT, .skew = 16),
	FAST_READ("long, of shared memory to shared memory", prepare_common,
		  88, LONG, LONG, OTHER_FILE, .skew = 16),
	FAST_READ("short, to itself a little further on", prepare_common, 0,
		  200, 200, SAME_FILE, .skew = 8),
	FAST_READ("long, to itself a little further on", prepare_common, 0,
		  LONG, LONG, SAME_FILE, .skew = 8),
	FAST_READ("long, to itself a page further on", prepare_common, 2048,
		  LONG, LONG, SAME_FILE, .skew = PAGE),
	FAST_READ("long, to itself a little before", prepare_common, 16, LONG,
		  LONG, SAME_FILE, .skew = 8),
	FAST_READ("own memory, long, to itself", NULL, 0, LONG, LONG,
		  SAME_MEMORY, .skew = 8, .is_own = true),
	FAST_READ("own memory, long, to itself by a file", NULL, 0, LONG, LONG,
		  SAME_FILE, .skew = 8, .is_own = true),
	FAST_READ("own memory, long", NULL, 0, LONG, LONG, RESIDENT,
		  .is_own = true),
	FAST_READ("own memory, short", NULL, 0, 200, 200, RESIDENT,
		  .is_own = true),

	MARKS("marked once", 0, LONG, RESIDENT),
	MARKS("marked once, across pages", 88, 2 * PAGE, RESIDENT,
	      .skew = 16),
	MARKS("marked once, to pages that are missing", 0, LONG, MISSING),
	MARKS("marked once, to a page that is missing, across pages", 88,
	      PAGE, SECOND_MISSING, .skew = PAGE - 8),
};

static const struct read_case no_access[] = {
	ANY_READ("PROT_NONE, short", prepare_no_access, 64, 8, 0, RESIDENT),
	ANY_READ("PROT_NONE, long", prepare_no_access, 64, LONG, 0, RESIDENT),
};

/* Parts of all kinds of memory, of whole pages and across them. */
static const struct read_case of_kinds[] = {
	ANY_READ("pages", prepare_kind, -2 * PAGE, LONG, COMPARE, RESIDENT),
	ANY_READ("across pages", prepare_kind, -2 * PAGE + 88, LONG, COMPARE,
		 RESIDENT, .skew = 16),
};

/* What the kernel's command line says of force. */
static long forced(const char *modes)
{
	char line[4096], *mode;

	if (!read_line("/proc/cmdline", line, sizeof(line)))
		die("no command line");
	mode = strstr(line, "proc_mem.force_override=");
	if (!mode)
		return COMPARE;
	return strchr(modes, *(strchr(mode, '=') + 1)) ? 8 : -EIO;
}

static const struct tracing {
	const char *name, *modes;	/* in which force is allowed */
	enum interface how;
	void (*run)(const struct read_case *c, struct outcome *o);
} tracings[] = {
	{ "", "a", MEM, run_mem },
	{ ", traced", "ap", MEM_TRACED, run_mem },
	{ ", traced by another", "a", MEM, run_traced_by_other },
};

static size_t add_forced(size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(tracings) * ARRAY_SIZE(no_access);
	     i++) {
		const struct tracing *t = &tracings[i / ARRAY_SIZE(no_access)];
		struct read_case *c = &cases[n++];
		char *name;

		*c = no_access[i % ARRAY_SIZE(no_access)];
		c->want = forced(t->modes);
		if (c->want > 0)
			c->want = c->len;
		c->how = t->how;
		c->run = t->run;
		if (asprintf(&name, "%s%s", c->name, t->name) < 0)
			die("no memory");
		c->name = name;
	}
	return n;
}

static size_t add_kinds(size_t n)
{
	for (size_t i = 0; i < NR_KINDS * ARRAY_SIZE(of_kinds); i++) {
		struct read_case *c = &cases[n++];
		char *name;

		*c = of_kinds[i % ARRAY_SIZE(of_kinds)];
		c->run = run_kind;
		if (asprintf(&name, "%s: %s", c->name,
			     kinds[i / ARRAY_SIZE(of_kinds)].name) < 0)
			die("no memory");
		c->name = name;
	}
	return n;
}

int main(int argc, char **argv)
{
	size_t n = 0;

	select_tests(argc, argv);
	common = mmap(NULL, SPACE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (common == MAP_FAILED)
		die("no memory");
	while (cases[n].name)
		n++;
	n = add_forced(n);
	if (forced("") == COMPARE)
		n = add_kinds(n);
	return run_cases(cases, n);
}
