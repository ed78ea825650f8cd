// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv(): who may read whom, processes that are not quite there,
 * a process that reads itself, and 32-bit programs.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process-cases.h"
#include "readv.h"

#define LOW_ADDR	0x10000000UL
#define LOW_SIZE	(64 * PAGE)
#define SIZE		(16 * PAGE)
#define YAMA		"/proc/sys/kernel/yama/ptrace_scope"

/* A second thread; its number goes into target.size. */
static void *stay(void *arg)
{
	struct target *t = arg;

	t->size = gettid();
	for (;;)
		pause();
	return NULL;
}

static void prepare_thread(struct target *t)
{
	pthread_t thread;

	kinds[ANON].make(t, (char *)TARGET_AT, SIZE);
	if (pthread_create(&thread, NULL, stay, t))
		broken(t, "thread");
	while (!*(volatile unsigned long *)&t->size)
		sched_yield();
}

static bool is_zombie(pid_t pid)
{
	char path[64], line[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return read_line(path, line, sizeof(line)) && strstr(line, ") Z ");
}

/* The first thread has ended: its number has no memory any more. */
static pid_t start_without_leader(struct target *t)
{
	pid_t pid;

	memset(t, 0, sizeof(*t));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prepare_thread(t);
		syscall(SYS_exit, 0);
	}
	while (!is_zombie(pid))
		sched_yield();
	return pid;
}

static void run_leader_gone(const struct read_case *c, struct outcome *o)
{
	struct target *t = target_alloc();
	pid_t pid = start_without_leader(t);

	if (outcome_started(o, t))
		read_into(o, c, pid, TARGET_AT);
	target_stop(pid);
}

static void run_thread_of_leader_gone(const struct read_case *c,
				      struct outcome *o)
{
	struct target *t = target_alloc();
	pid_t pid = start_without_leader(t);

	if (outcome_started(o, t))
		read_into(o, c, t->size, TARGET_AT + c->offset);
	target_stop(pid);
}

static void run_thread(const struct read_case *c, struct outcome *o)
{
	struct target *t = target_alloc();
	pid_t pid = target_start(prepare_thread, t);

	if (outcome_started(o, t))
		read_into(o, c, t->size, TARGET_AT + c->offset);
	target_stop(pid);
}

static void become_nobody_for_now(void)
{
	if (seteuid(NOBODY))
		_exit(111);
}

static void stay_who_i_am(void)
{
}

static void prepare_of_root(struct target *t)
{
	kinds[ANON].make(t, (char *)TARGET_AT, SIZE);
}

static void prepare_of_nobody(struct target *t)
{
	become_nobody();
	kinds[ANON].make(t, (char *)TARGET_AT, SIZE);
}

static void prepare_not_dumpable(struct target *t)
{
	prepare_of_nobody(t);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Who reads: a process of its own, which becomes somebody. */
struct as {
	void (*become)(void);
	const char *yama;	/* what must be set, if set */
};

struct answer {
	long ret;
	unsigned char bytes[SIZE];
};

static struct answer *answer_alloc(void)
{
	struct answer *a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (a == MAP_FAILED)
		die("no memory");
	return a;
}

static void read_as(struct outcome *o, const struct as *as, pid_t pid,
		    size_t len)
{
	struct answer *a = answer_alloc();
	struct counters start = counters_read();
	pid_t reader;
	int status;

	fflush(stdout);
	reader = fork();
	if (!reader) {
		as->become();
		a->ret = remote_read(READV, pid, TARGET_AT, a->bytes, len);
		_exit(0);
	}
	waitpid(reader, &status, 0);
	errno = 0;
	if (status)
		outcome_broken(o, "the reader cannot become nobody");
	o->ret = a->ret;
	o->events = counters_since(&start);
	memcpy(o->bytes, a->bytes, len);
	munmap(a, sizeof(*a));
}

static void run_as(const struct read_case *c, struct outcome *o)
{
	const struct as *as = c->arg;
	struct target *t = target_alloc();
	pid_t pid = target_start(c->prepare, t);
	char before[16] = "";

	if (as->yama && !read_line(YAMA, before, sizeof(before)))
		outcome_lacks(o, "Yama");
	else if (outcome_started(o, t)) {
		if (as->yama)
			write_line(YAMA, as->yama);
		read_as(o, as, pid, c->len);
		if (as->yama)
			write_line(YAMA, before);
	}
	target_stop(pid);
}

/* Of a process that is number 2 where the reader looks. */
static int read_in_namespace(void *arg)
{
	struct answer *a = arg;
	struct target *t = target_alloc();
	pid_t pid = target_start(prepare_of_root, t);

	a->ret = pid == 2 ? remote_read(READV, pid, TARGET_AT, a->bytes, 100) :
			    -EDOM;
	_exit(0);
}

static void run_namespace(const struct read_case *c, struct outcome *o)
{
	static char stack[64 * KIB] __attribute__((aligned(16)));
	struct answer *a = answer_alloc();
	struct counters start = counters_read();
	pid_t pid;

	fflush(stdout);
	pid = clone(read_in_namespace, stack + sizeof(stack),
		    CLONE_NEWPID | SIGCHLD, a);
	if (pid < 0)
		outcome_lacks(o, "PID namespaces");
	else
		waitpid(pid, NULL, 0);
	o->ret = a->ret;
	o->events = counters_since(&start);
	memcpy(o->bytes, a->bytes, c->len);
	munmap(a, sizeof(*a));
}

/*
 * A process that reads itself, into what it reads: the target does it, and what
 * it finds afterwards is read from there. With the kernel's own function, all
 * is found before the first byte is copied.
 */
#define SELF_PAGES	70
#define SELF_SIZE	(SELF_PAGES * PAGE)

struct self {
	enum kind kind;
	long from, to;		/* distances from TARGET_AT */
	long check;		/* where what is compared begins */
	size_t size;
};

static const struct self *self;

static void read_itself(struct target *t, pid_t pid)
{
	t->size = remote_read(READV, pid, TARGET_AT + self->from,
			      (void *)(TARGET_AT + self->to), self->size);
}

static void prepare_self(struct target *t)
{
	size_t align = kinds[self->kind].align;

	kinds[self->kind].make(t, (char *)TARGET_AT,
			       (SELF_SIZE + align - 1) & ~(align - 1));
	read_itself(t, getpid());
}

/* By a child that shares the memory, as with vfork(). */
static int read_parent(void *arg)
{
	read_itself(arg, getppid());
	_exit(0);
}

static void prepare_self_by_child(struct target *t)
{
	static char stack[64 * KIB] __attribute__((aligned(16)));
	size_t align = kinds[self->kind].align;
	pid_t pid;

	kinds[self->kind].make(t, (char *)TARGET_AT,
			       (SELF_SIZE + align - 1) & ~(align - 1));
	pid = clone(read_parent, stack + sizeof(stack), CLONE_VM | SIGCHLD, t);
	if (waitpid(pid, NULL, 0) != pid)
		broken(t, "clone");
}

static void *read_in_thread(void *arg)
{
	read_itself(arg, gettid());
	return NULL;
}

static void prepare_self_by_thread(struct target *t)
{
	size_t align = kinds[self->kind].align;
	pthread_t thread;

	kinds[self->kind].make(t, (char *)TARGET_AT,
			       (SELF_SIZE + align - 1) & ~(align - 1));
	if (pthread_create(&thread, NULL, read_in_thread, t) ||
	    pthread_join(thread, NULL))
		broken(t, "thread");
}

static void run_self(const struct read_case *c, struct outcome *o)
{
	struct target *t = target_alloc();
	struct counters start = counters_read();
	pid_t pid;

	self = c->arg;
	pid = target_start(c->prepare, t);
	if (outcome_started(o, t)) {
		o->ret = t->size;
		o->events = counters_since(&start);
		remote_read(MEM, pid, TARGET_AT + self->check, o->bytes,
			    SELF_SIZE);
	}
	target_stop(pid);
}

/* Arguments for the helper, with its kind of memory at LOW_ADDR. */
struct reader32 {
	enum kind kind;
	const char *args;
};

static enum kind low_kind;

static void prepare_low(struct target *t)
{
	size_t align = kinds[low_kind].align;

	kinds[low_kind].make(t, (char *)LOW_ADDR, align > LOW_SIZE ?
			     align : LOW_SIZE);
}

static void run_reader32(const struct read_case *c, struct outcome *o)
{
	const struct reader32 *r = c->arg;
	struct target *t = target_alloc();
	char args[192];
	pid_t pid;

	low_kind = r->kind;
	pid = target_start(prepare_low, t);
	if (outcome_started(o, t)) {
		snprintf(args, sizeof(args), "readv %d %s", pid, r->args);
		read32(o, args);
	}
	target_stop(pid);
}

/* A 64-bit program may make 32-bit system calls as well; flags are 0. */
static long readv_int80(pid_t pid, const void *local, long nr_local,
			const void *remote, long nr_remote)
{
	register long di asm("rdi") = nr_remote;
	long ret;

	/* Not to be pushed onto what the compiler keeps below the stack. */
	asm volatile("lea -128(%%rsp), %%rsp\n\t"
		     "push %%rbp\n\t"
		     "xor %%ebp, %%ebp\n\t"
		     "int $0x80\n\t"
		     "pop %%rbp\n\t"
		     "lea 128(%%rsp), %%rsp"
		     : "=a" (ret)
		     : "a" (347), "b" ((long)pid), "c" (local), "d" (nr_local),
		       "S" (remote), "r" (di)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
	return ret;
}

static void run_int80(const struct read_case *c, struct outcome *o)
{
	struct target *t = target_alloc();
	uint32_t *low = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	const uint32_t iov[] = {
		/* Here, 100 and 8 bytes; there, 8 and 50 bytes. */
		(uintptr_t)low + PAGE, 100, (uintptr_t)low + PAGE + 200, 8,
		LOW_ADDR + PAGE - 4, 8, LOW_ADDR + 3 * PAGE, 50,
	};
	struct counters start;
	pid_t pid;

	if (low == MAP_FAILED)
		die("no low memory");
	memcpy(low, iov, sizeof(iov));
	low_kind = ANON;
	pid = target_start(prepare_low, t);
	start = counters_read();
	o->ret = readv_int80(pid, low, c->offset, low + 4, 2);
	o->events = counters_since(&start);
	memcpy(o->bytes, (char *)low + PAGE, PAGE);
	target_stop(pid);
	munmap(low, 2 * PAGE);
}

#define CASE(_name, _run, _len, _want, _content, _events)		\
	{ .name = _name, .run = _run, .how = READV, .len = _len, .want = _want, \
	  .content = _content, .events = _events }
#define AS_CASE(_name, _become, _yama, _prepare, _want, _events)	\
	{ .name = _name, .run = run_as, .prepare = _prepare, .len = 100, \
	  .want = _want, .content = (_want) > 0 ? PATTERN : ANYTHING,	\
	  .events = _events, .arg = &(const struct as){ _become, _yama } }
#define SELF_CASE_BY(_name, _prepare, _kind, _from, _to, _check, _content) \
	{ .name = _name, .run = run_self, .prepare = _prepare,		\
	  .want = SELF_SIZE - 2 * PAGE, .content = _content,		\
	  .events = EV(SELF),						\
	  .arg = &(const struct self){ _kind, _from, _to, _check,	\
				       SELF_SIZE - 2 * PAGE } }
#define SELF_CASE(_name, _kind, _from, _to, _check, _content)		\
	SELF_CASE_BY("itself, " _name, prepare_self, _kind, _from, _to, \
		     _check, _content)
#define CASE32(_name, _kind, _args, _want, _content, _events)		\
	{ .name = "32-bit reader, " _name, .run = run_reader32,		\
	  .want = _want, .content = _content, .events = _events,	\
	  .arg = &(const struct reader32){ _kind, _args } }

static const struct read_case cases[] = {
	CASE("zombie", run_zombie, 8, -ESRCH, ANYTHING, NO_EVENTS),
	CASE("kernel thread", run_kthread, 8, -ESRCH, ANYTHING, NO_EVENTS),
	CASE("no such process", run_gone, 8, -ESRCH, ANYTHING, NO_EVENTS),
	CASE("by the number of a thread", run_thread, 100, 100, PATTERN,
	     EV(FAST)),
	CASE("the first thread has ended", run_leader_gone, 100, -ESRCH,
	     ANYTHING, NO_EVENTS),
	CASE("the first thread has ended, by the other's number",
	     run_thread_of_leader_gone, 100, 100, PATTERN, EV(FAST)),
	CASE("in a PID namespace", run_namespace, 100, 100, PATTERN,
	     EV(FAST)),

	AS_CASE("root reads nobody's", stay_who_i_am, NULL, prepare_of_nobody,
		100, EV(FAST)),
	AS_CASE("nobody reads root's", become_nobody, NULL, prepare_of_root,
		-EPERM, NO_EVENTS),
	AS_CASE("nobody reads nobody's", become_nobody, NULL,
		prepare_of_nobody, 100, EV(FAST)),
	AS_CASE("nobody reads what is not dumpable", become_nobody, NULL,
		prepare_not_dumpable, -EPERM, NO_EVENTS),
	AS_CASE("root, for now nobody, reads root's", become_nobody_for_now,
		NULL, prepare_of_root, 100, EV(FAST)),
	AS_CASE("root, for now nobody, reads nobody's", become_nobody_for_now,
		NULL, prepare_of_nobody, COMPARE, ANY_EVENTS),
	/* Yama reads both command lines for the kernel log. */
	AS_CASE("nobody reads nobody's, Yama forbids it", become_nobody, "1",
		prepare_of_nobody, -EPERM, ANY_EVENTS),

	{ .name = "itself, up to where nothing is mapped", .run = run_self,
	  .prepare = prepare_self, .want = 35 * PAGE, .content = PATTERN,
	  .events = EV(SELF),
	  .arg = &(const struct self){ ANON, 0, 35 * PAGE, 35 * PAGE,
				       SELF_SIZE } },
	SELF_CASE("a page up, anonymous", ANON, 0, PAGE, 0, ANYTHING),
	SELF_CASE("a page down, anonymous", ANON, PAGE, 0, 0, ANYTHING),
	SELF_CASE("not by pages, anonymous", ANON, 10, 5000, 0, ANYTHING),
	SELF_CASE("a page up, file", FILE_PRIVATE, 0, PAGE, PAGE, PATTERN),
	SELF_CASE("a page up, untouched file", FILE_UNTOUCHED, 0, PAGE, PAGE,
		  PATTERN),
	SELF_CASE("not by pages, file", FILE_PRIVATE, 0, 5000, 5000, PATTERN),
	SELF_CASE("a page up, shared file", FILE_SHARED, 0, PAGE, 0, ANYTHING),
	SELF_CASE("a page up, zero page", ZERO_PAGE, 0, PAGE, 0, ANYTHING),
	SELF_CASE("a page up, every third page", SPARSE, 0, PAGE, 0, ANYTHING),
	SELF_CASE("a page up, shared with a child", FORKED, 0, PAGE, 0,
		  ANYTHING),
	SELF_CASE("a page up, KSM", MERGED, 0, PAGE, 0, ANYTHING),
	SELF_CASE("a page up, huge page", HUGE, 0, PAGE, 0, ANYTHING),
	SELF_CASE("a page up, huge zero page", HUGE_ZERO, 0, PAGE, 0,
		  ANYTHING),
	SELF_CASE_BY("itself, by a thread's number", prepare_self_by_thread,
		     FILE_PRIVATE, 0, PAGE, PAGE, PATTERN),
	SELF_CASE_BY("a child that shares the memory, a page up",
		     prepare_self_by_child, FILE_PRIVATE, 0, PAGE, PAGE,
		     PATTERN),

	CASE("32-bit target", run_target32, sizeof(TEXT32), sizeof(TEXT32),
	     ANYTHING, EV(FAST)),
	CASE32("one segment", ANON, "10000000 20000", 20000, PATTERN,
	       EV(FAST)),
	CASE32("many segments", ANON,
	       "10000ffc 8 10000000 0 10003000 12345 10000001 1 10001fff 2",
	       12356, ANYTHING, EV(FAST)),
	CASE32("every third page", SPARSE, "10000000 50000", 50000, ANYTHING,
	       EV(NOT_PRESENT)),
	CASE32("shared with a child", FORKED, "10000005 50000", 50000,
	       ANYTHING, EV(UNSHARE)),
	CASE32("huge page", HUGE, "10000005 1000000", 1000000, ANYTHING,
	       EV(FAST)),
	CASE32("a hole further on", ANON, "1003f000 10000", 4096, ANYTHING,
	       EV(FAST)),
	CASE32("nothing there", ANON, "20000000 10", -EFAULT, ANYTHING,
	       EV(FAST)),
	CASE32("a kernel's address", ANON, "f0000000 10", -EFAULT, ANYTHING,
	       EV(FAST)),
	CASE32("beyond the last address", ANON, "fffffff0 100", -EFAULT,
	       ANYTHING, EV(FAST)),
	CASE32("a negative length", ANON, "10000000 8 10000000 2147483648",
	       -EINVAL, ANYTHING, NO_EVENTS),
	CASE32("a very large length", ANON, "10000000 2147483647", COMPARE,
	       ANYTHING, ANY_EVENTS),
	{ .name = "a 32-bit system call of a 64-bit program", .run = run_int80,
	  .offset = 2, .want = 58, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "a 32-bit system call, too many segments", .run = run_int80,
	  .offset = 1025, .want = -EINVAL, .content = ANYTHING,
	  .events = NO_EVENTS },
};

int main(void)
{
	return run_cases(cases, ARRAY_SIZE(cases));
}
