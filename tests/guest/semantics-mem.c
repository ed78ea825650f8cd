// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/mem as a file: the position after a read, short reads, and the
 * reader's memory, to which long reads are copied directly. For each kind of
 * it, even if it is the target's memory, bytes, count and error are the stock
 * kernel's.
 *
 * Reads of protected memory depend on proc_mem.force_override= of the kernel's
 * command line; the links semantics-mem-*.t boot with each value.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cases.h"
#include "hold.h"
#include "kinds-make.h"
#include "readv.h"
#include "run.h"

#define LONG		(5 * PAGE)
#define SPACE		(8 * PAGE)	/* of the reader */
#define STOP		(2 * PAGE)	/* where the reader waits for the uffd */

/* The reader's memory. */
enum to {
	RESIDENT,
	MISSING,		/* untouched */
	SECOND_MISSING,		/* all pages but the second are present */
	GONE,			/* unmapped from the second page on */
	NOT_WRITABLE,
	OTHER_FILE,		/* a shared mapping of another file */
	SAME_FILE,		/* a shared mapping of the target's file */
	SAME_MEMORY,		/* the target's memory itself */
};

struct way {
	enum to to;
	unsigned int skew;	/* offset in a page */
	bool is_own;		/* the reader reads itself */
	bool is_ended;		/* the target has exited */
	int signal;		/* for the reader, while it waits at STOP */
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

/* The last one and a half pages of a page table are used. */
static void prepare_two_tables(struct target *t)
{
	char *p = map_huge_aligned(t, 2 * HUGE_PAGE);

	if (!small_pages_only(p, 2 * HUGE_PAGE))
		broken(t, "MADV_NOHUGEPAGE");
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
	if (p == MAP_FAILED || !small_pages_only(p, SPACE))
		die("no memory");
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

/* Reads its own memory: the target is this process. */
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

/* Another process than the reader traces the target. */
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

/*
 * Compares "Referenced". The classic LRU clears a mark that is set twice, so a
 * page at the border of two chunks counts as unmarked; in a single chunk, each
 * page counts.
 */
static void run_referenced(const struct read_case *c, struct outcome *o)
{
	static const char lru_gen[] = "/sys/kernel/mm/lru_gen/enabled";
	bool has_lru_gen = !access(lru_gen, F_OK);
	const struct way *way = c->arg;
	struct target *t = target_alloc();
	char path[64];
	pid_t pid;
	int fd;

	/*
	 * Before there are pages, because pages from before are active
	 * afterwards.
	 */
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

/* A reader in its own process: its memory, and its results. */
static struct stopped {
	char to[SPACE];
	struct target uffd;	/* set if there is no userfaultfd */
	int go;			/* pipe: supply the page */
	int handled;		/* signals */
	long ret, position;
} *stopped;

static void count_signal(int signal_nr)
{
	(void)signal_nr;
	stopped->handled++;
}

static void *bring_page(void *arg)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = {
		.dst = (unsigned long)stopped->to + STOP,
		.src = (unsigned long)page, .len = PAGE,
	};
	char byte;

	if (read(stopped->go, &byte, 1) != 1 ||
	    ioctl(*(int *)arg, UFFDIO_COPY, &copy))
		_exit(1);
	return NULL;
}

/* For chunks before and after STOP, the reader's memory is present. */
static void read_stopped(const struct read_case *c, pid_t pid,
			 unsigned long addr)
{
	pthread_t thread;
	struct reader r;
	int uffd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGUSR1, count_signal);
	memset(stopped->to, POISON, STOP);
	memset(stopped->to + STOP + PAGE, POISON, SPACE - STOP - PAGE);
	uffd = userfaultfd_on(&stopped->uffd, stopped->to + STOP, PAGE, 0,
			      UFFDIO_REGISTER_MODE_MISSING);
	if (reader_open(&r, c->how, pid) ||
	    pthread_create(&thread, NULL, bring_page, &uffd))
		_exit(1);
	lseek(r.fd, addr + c->offset, SEEK_SET);
	stopped->ret = read(r.fd, stopped->to, c->len);
	stopped->position = lseek(r.fd, 0, SEEK_CUR) - addr;
	_exit(0);
}

static void signal_stopped(pid_t reader, int signal_nr, int go)
{
	while (!waits_in(reader, "handle_userfault")) {
		if (waitpid(reader, NULL, WNOHANG))
			die("the reader did not stop");
		sched_yield();
	}
	/* To the first thread, which is in read(). */
	if (syscall(SYS_tgkill, reader, reader, signal_nr))
		die("tgkill: %s", strerror(errno));
	if (signal_nr != SIGKILL && write(go, "g", 1) != 1)
		die("the reader died");
}

/*
 * A signal arrives after the reader has copied two chunks, and waits in the
 * third.
 */
static void run_signalled(const struct read_case *c, struct outcome *o)
{
	const struct way *way = c->arg;
	struct target *t = target_alloc();
	pid_t pid = target_start(c->prepare, t), reader;
	struct counters start = counters_read();
	int go[2], status;

	if (!outcome_started(o, t) || pipe(go))
		goto stop;
	stopped = shared_alloc(sizeof(*stopped));
	stopped->go = go[0];
	fflush(stdout);
	reader = fork();
	if (!reader)
		read_stopped(c, pid, t->addr);
	signal_stopped(reader, way->signal, go[1]);
	waitpid(reader, &status, 0);
	o->ret = WIFSIGNALED(status) ? -WTERMSIG(status) : stopped->ret;
	o->extra = stopped->position << 8 | stopped->handled;
	o->events = counters_since(&start);
	memcpy(o->bytes, stopped->to, SPACE);
	munmap(stopped, sizeof(*stopped));
	close(go[0]);
	close(go[1]);
stop:
	target_stop(pid);
}

static const struct kind_info *kind;

static void prepare_kind(struct target *t)
{
	size_t size = kind->align > SPACE ? kind->align : 2 * SPACE;

	kind->make(t, (char *)TARGET_AT, size);
	t->addr = TARGET_AT + size / 2;
}

/* @c->name contains the name of the kind. */
static void run_kind(const struct read_case *c, struct outcome *o)
{
	kind = kinds;
	while (strcmp(kind->name, strchr(c->name, ':') + 2))
		kind++;
	run_other(c, o);
}

#define ALL(_len)	.len = _len, .want = _len
#define TO(...)		.arg = &(const struct way){ .to = __VA_ARGS__ }
#define READ_BY(_run, _name, ...)					\
	{ .name = _name, .how = MEM, .content = ANYTHING, .run = _run,	\
	  __VA_ARGS__ }
#define READ(...)	READ_BY(run_mem, __VA_ARGS__)
#define FAST_READ(...)	READ(__VA_ARGS__, .events = EV(FAST))
#define MARKS(...)							\
	READ_BY(run_referenced, __VA_ARGS__, .events = ANY_EVENTS,	\
		.prepare = prepare_resident)

static struct read_case cases[64 + 2 * NR_KINDS] = {
	FAST_READ("a word", .prepare = prepare_resident, .offset = 64, ALL(8),
		  TO(RESIDENT)),
	FAST_READ("the longest short read", .prepare = prepare_resident,
		  .offset = 60, ALL(256), TO(RESIDENT, .skew = 1)),
	FAST_READ("long", .prepare = prepare_resident, ALL(LONG),
		  TO(RESIDENT)),
	FAST_READ("long, not whole pages", .prepare = prepare_resident,
		  .offset = 88, ALL(LONG - 5), TO(RESIDENT, .skew = 16)),
	FAST_READ("long, aligned in another way", .prepare = prepare_resident,
		  .offset = 88, ALL(LONG), TO(RESIDENT, .skew = 3)),
	FAST_READ("long, of two tables", .prepare = prepare_two_tables,
		  .offset = 88, ALL(LONG), TO(RESIDENT, .skew = 16)),
	FAST_READ("long, a page is missing", .prepare = prepare_sparse,
		  .offset = 88, ALL(LONG), TO(RESIDENT, .skew = 16)),
	READ("long, of two VMAs", .prepare = prepare_two_vmas, .offset = 88,
	     ALL(LONG), TO(RESIDENT, .skew = 16),
	     .events = EV(FAST) | EV(LEAVES_VMA)),
	FAST_READ("short, then a hole", .prepare = prepare_then_hole,
		  .offset = 3 * PAGE - 100, .len = 200, .want = 100,
		  TO(RESIDENT)),
	FAST_READ("long, then a hole", .prepare = prepare_then_hole,
		  .offset = 88, .len = LONG, .want = 3 * PAGE - 88,
		  TO(RESIDENT)),
	FAST_READ("short, nothing mapped", .prepare = prepare_nothing,
		  .len = 8, .want = -EIO, TO(RESIDENT)),
	FAST_READ("long, nothing mapped", .prepare = prepare_nothing,
		  .len = LONG, .want = -EIO, TO(RESIDENT)),
	READ("nothing asked for", .prepare = prepare_resident, .offset = 64,
	     ALL(0), TO(RESIDENT), .events = NO_EVENTS),
	READ("short, the target has ended", .prepare = prepare_resident,
	     .offset = 64, .len = 8, .want = 0,
	     TO(RESIDENT, .is_ended = true), .events = NO_EVENTS),
	READ("long, the target has ended", .prepare = prepare_resident,
	     .offset = 64, .len = LONG, .want = 0,
	     TO(RESIDENT, .is_ended = true), .events = NO_EVENTS),

	FAST_READ("short, to a page that is missing",
		  .prepare = prepare_resident, .offset = 64, ALL(8),
		  TO(MISSING)),
	FAST_READ("long, to pages that are missing",
		  .prepare = prepare_resident, ALL(LONG), TO(MISSING)),
	FAST_READ("long, to a page that is missing",
		  .prepare = prepare_resident, .offset = 88, ALL(LONG),
		  TO(SECOND_MISSING, .skew = 16)),
	FAST_READ("short, to the end of a mapping",
		  .prepare = prepare_resident, .offset = 64, .len = 200,
		  .want = -EFAULT, TO(GONE, .skew = PAGE - 104)),
	FAST_READ("long, to the end of a mapping",
		  .prepare = prepare_resident, .len = LONG, .want = -EFAULT,
		  TO(GONE)),
	FAST_READ("long, to the end of a mapping, across pages",
		  .prepare = prepare_resident, .offset = 88, .len = LONG,
		  .want = -EFAULT, TO(GONE, .skew = 16)),
	FAST_READ("short, to read-only memory", .prepare = prepare_resident,
		  .offset = 64, .len = 8, .want = -EFAULT, TO(NOT_WRITABLE)),
	FAST_READ("long, to read-only memory", .prepare = prepare_resident,
		  .len = LONG, .want = -EFAULT, TO(NOT_WRITABLE)),
	FAST_READ("long, to shared memory", .prepare = prepare_resident,
		  .offset = 88, ALL(LONG), TO(OTHER_FILE, .skew = 16)),

	FAST_READ("long, of shared memory", .prepare = prepare_common,
		  .offset = 88, ALL(LONG), TO(RESIDENT, .skew = 16)),
	FAST_READ("long, of shared memory to shared memory",
		  .prepare = prepare_common, .offset = 88, ALL(LONG),
		  TO(OTHER_FILE, .skew = 16)),
	FAST_READ("short, to itself a little further on",
		  .prepare = prepare_common, ALL(200),
		  TO(SAME_FILE, .skew = 8)),
	FAST_READ("long, to itself a little further on",
		  .prepare = prepare_common, ALL(LONG),
		  TO(SAME_FILE, .skew = 8)),
	FAST_READ("long, to itself a page further on",
		  .prepare = prepare_common, .offset = 2048, ALL(LONG),
		  TO(SAME_FILE, .skew = PAGE)),
	FAST_READ("long, to itself a little before",
		  .prepare = prepare_common, .offset = 16, ALL(LONG),
		  TO(SAME_FILE, .skew = 8)),
	FAST_READ("own memory, long, to itself", ALL(LONG),
		  TO(SAME_MEMORY, .skew = 8, .is_own = true)),
	FAST_READ("own memory, long, to itself by a file", ALL(LONG),
		  TO(SAME_FILE, .skew = 8, .is_own = true)),
	FAST_READ("own memory, long", ALL(LONG),
		  TO(RESIDENT, .is_own = true)),
	FAST_READ("own memory, short", ALL(200),
		  TO(RESIDENT, .is_own = true)),

	READ_BY(run_signalled, "long, a signal comes between two chunks",
		.prepare = prepare_resident, ALL(LONG),
		TO(RESIDENT, .signal = SIGUSR1), .events = EV(FAST)),
	READ_BY(run_signalled, "long, killed between two chunks",
		.prepare = prepare_resident, .len = LONG, .want = -SIGKILL,
		TO(RESIDENT, .signal = SIGKILL), .events = EV(FAST)),

	MARKS("marked once", ALL(LONG), TO(RESIDENT)),
	MARKS("marked once, a chunk across pages", .offset = 88, ALL(PAGE),
	      TO(RESIDENT, .skew = 16)),
	MARKS("marked once, across pages", .offset = 88, ALL(2 * PAGE),
	      TO(RESIDENT, .skew = 16)),
	MARKS("marked once, to pages that are missing", ALL(LONG),
	      TO(MISSING)),
	MARKS("marked once, to a page that is missing, across pages",
	      .offset = 88, ALL(PAGE), TO(SECOND_MISSING, .skew = PAGE - 8)),
};

static const struct read_case no_access[] = {
	READ("PROT_NONE, short", .prepare = prepare_no_access, .offset = 64,
	     .len = 8, TO(RESIDENT), .events = ANY_EVENTS),
	READ("PROT_NONE, long", .prepare = prepare_no_access, .offset = 64,
	     .len = LONG, TO(RESIDENT), .events = ANY_EVENTS),
};

/* Parts of all kinds of memory, whole pages and across pages. */
static const struct read_case of_kinds[] = {
	READ("pages", .prepare = prepare_kind, .offset = -2 * PAGE,
	     .len = LONG, .want = COMPARE, TO(RESIDENT),
	     .events = ANY_EVENTS),
	READ("across pages", .prepare = prepare_kind,
	     .offset = -2 * PAGE + 88, .len = LONG, .want = COMPARE,
	     TO(RESIDENT, .skew = 16), .events = ANY_EVENTS),
};

/* The result of force by the kernel's command line. */
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
	const char *name, *modes;	/* that allow force */
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
