// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv(): permissions, exiting processes, a process that reads
 * itself, and 32-bit programs.
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
#include "run.h"

#define LOW_ADDR	0x10000000UL
#define LOW_SIZE	(64 * PAGE)
#define SIZE		(16 * PAGE)
#define YAMA		"/proc/sys/kernel/yama/ptrace_scope"

/* A second thread, whose ID is stored in target.size. */
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

/* The first thread has exited: its ID has no memory any more. */
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

/* The reader: its own process, with other credentials. */
struct as {
	void (*become)(void);
	const char *yama;	/* required setting of Yama, if set */
};

struct answer {
	long ret;
	unsigned char bytes[SIZE];
};

static struct answer *answer_alloc(void)
{
	return shared_alloc(sizeof(struct answer));
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

/* Reads a process whose ID is 2 in the reader's namespace. */
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
 * A process that reads itself, into the memory that it reads. The target reads,
 * and afterwards its memory is compared. The kernel's own function pins all
 * pages before it copies the first byte.
 */
#define SELF_PAGES	70
#define SELF_SIZE	(SELF_PAGES * PAGE)

struct self {
	enum kind kind;
	long from, to;		/* offsets from TARGET_AT */
	long check;		/* start of the compared memory */
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

/* Read by a child that shares the memory, as with vfork(). */
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

/* A 64-bit program may make 32-bit system calls, too; flags are 0. */
static long readv_int80(pid_t pid, const void *local, long nr_local,
			const void *remote, long nr_remote)
{
	register long di asm("rdi") = nr_remote;
	long ret;

	/* The push must not overwrite the red zone below the stack pointer. */
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
		/* Locally 100 and 8 bytes, remotely 8 and 50 bytes. */
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

#define AS(...)								\
	.run = run_as, .arg = &(const struct as){ __VA_ARGS__ }
#define SELF_READ(...)							\
	.run = run_self, .want = SELF_SIZE - 2 * PAGE,			\
	.events = EV(SELF), .arg = &(const struct self){		\
		.size = SELF_SIZE - 2 * PAGE, __VA_ARGS__ }
#define READER32(_kind, _args)						\
	.run = run_reader32, .arg = &(const struct reader32){ _kind, _args }

static const struct read_case cases[] = {
	{ .name = "zombie", .run = run_zombie, .how = READV,
	  .offset = TARGET_AT, .len = 8, .want = -ESRCH, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "kernel thread", .run = run_kthread, .how = READV,
	  .offset = TARGET_AT, .len = 8, .want = -ESRCH, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "no such process", .run = run_gone, .how = READV,
	  .offset = TARGET_AT, .len = 8, .want = -ESRCH, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "by the number of a thread", .run = run_thread, .how = READV,
	  .len = 100, .want = 100, .events = EV(FAST) },
	{ .name = "the first thread has ended", .run = run_leader_gone,
	  .how = READV, .len = 100, .want = -ESRCH, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "the first thread has ended, by the other's number",
	  .run = run_thread_of_leader_gone, .how = READV, .len = 100,
	  .want = 100, .events = EV(FAST) },
	{ .name = "in a PID namespace", .run = run_namespace, .len = 100,
	  .want = 100, .events = EV(FAST) },

	{ .name = "root reads nobody's", AS(.become = stay_who_i_am),
	  .prepare = prepare_of_nobody, .len = 100, .want = 100,
	  .events = EV(FAST) },
	{ .name = "nobody reads root's", AS(.become = become_nobody),
	  .prepare = prepare_of_root, .len = 100, .want = -EPERM,
	  .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "nobody reads nobody's", AS(.become = become_nobody),
	  .prepare = prepare_of_nobody, .len = 100, .want = 100,
	  .events = EV(FAST) },
	{ .name = "nobody reads what is not dumpable",
	  AS(.become = become_nobody), .prepare = prepare_not_dumpable,
	  .len = 100, .want = -EPERM, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "root, for now nobody, reads root's",
	  AS(.become = become_nobody_for_now), .prepare = prepare_of_root,
	  .len = 100, .want = 100, .events = EV(FAST) },
	{ .name = "root, for now nobody, reads nobody's",
	  AS(.become = become_nobody_for_now), .prepare = prepare_of_nobody,
	  .len = 100, .want = COMPARE, .content = ANYTHING,
	  .events = ANY_EVENTS },
	/* Yama reads both command lines for the kernel log. */
	{ .name = "nobody reads nobody's, Yama forbids it",
	  AS(.become = become_nobody, .yama = "1"),
	  .prepare = prepare_of_nobody, .len = 100, .want = -EPERM,
	  .content = ANYTHING, .events = ANY_EVENTS },

	{ .name = "itself, up to where nothing is mapped", .run = run_self,
	  .prepare = prepare_self, .want = 35 * PAGE, .content = PATTERN,
	  .events = EV(SELF),
	  .arg = &(const struct self){ .kind = ANON, .to = 35 * PAGE,
				       .check = 35 * PAGE,
				       .size = SELF_SIZE } },
	{ .name = "itself, a page up, anonymous", .prepare = prepare_self,
	  SELF_READ(.kind = ANON, .to = PAGE), .content = ANYTHING },
	{ .name = "itself, a page down, anonymous", .prepare = prepare_self,
	  SELF_READ(.kind = ANON, .from = PAGE), .content = ANYTHING },
	{ .name = "itself, not by pages, anonymous", .prepare = prepare_self,
	  SELF_READ(.kind = ANON, .from = 10, .to = 5000),
	  .content = ANYTHING },
	{ .name = "itself, a page up, file", .prepare = prepare_self,
	  SELF_READ(.kind = FILE_PRIVATE, .to = PAGE, .check = PAGE) },
	{ .name = "itself, a page up, untouched file", .prepare = prepare_self,
	  SELF_READ(.kind = FILE_UNTOUCHED, .to = PAGE, .check = PAGE) },
	{ .name = "itself, not by pages, file", .prepare = prepare_self,
	  SELF_READ(.kind = FILE_PRIVATE, .to = 5000, .check = 5000) },
	{ .name = "itself, a page up, shared file", .prepare = prepare_self,
	  SELF_READ(.kind = FILE_SHARED, .to = PAGE), .content = ANYTHING },
	{ .name = "itself, a page up, zero page", .prepare = prepare_self,
	  SELF_READ(.kind = ZERO_PAGE, .to = PAGE), .content = ANYTHING },
	{ .name = "itself, a page up, every third page",
	  .prepare = prepare_self, SELF_READ(.kind = SPARSE, .to = PAGE),
	  .content = ANYTHING },
	{ .name = "itself, a page up, shared with a child",
	  .prepare = prepare_self, SELF_READ(.kind = FORKED, .to = PAGE),
	  .content = ANYTHING },
	{ .name = "itself, a page up, KSM", .prepare = prepare_self,
	  SELF_READ(.kind = MERGED, .to = PAGE), .content = ANYTHING },
	{ .name = "itself, a page up, huge page", .prepare = prepare_self,
	  SELF_READ(.kind = HUGE, .to = PAGE), .content = ANYTHING },
	{ .name = "itself, a page up, huge zero page", .prepare = prepare_self,
	  SELF_READ(.kind = HUGE_ZERO, .to = PAGE), .content = ANYTHING },
	{ .name = "itself, by a thread's number",
	  .prepare = prepare_self_by_thread,
	  SELF_READ(.kind = FILE_PRIVATE, .to = PAGE, .check = PAGE) },
	{ .name = "a child that shares the memory, a page up",
	  .prepare = prepare_self_by_child,
	  SELF_READ(.kind = FILE_PRIVATE, .to = PAGE, .check = PAGE) },

	{ .name = "32-bit target", .run = run_target32, .how = READV,
	  .len = sizeof(TEXT32), .want = sizeof(TEXT32), .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "32-bit reader, one segment",
	  READER32(ANON, "10000000 20000"), .want = 20000, .events = EV(FAST) },
	{ .name = "32-bit reader, many segments",
	  READER32(ANON,
		   "10000ffc 8 10000000 0 10003000 12345 10000001 1 10001fff 2"),
	  .want = 12356, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "32-bit reader, every third page",
	  READER32(SPARSE, "10000000 50000"), .want = 50000,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "32-bit reader, shared with a child",
	  READER32(FORKED, "10000005 50000"), .want = 50000,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "32-bit reader, huge page",
	  READER32(HUGE, "10000005 1000000"), .want = 1000000,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "32-bit reader, a hole further on",
	  READER32(ANON, "1003f000 10000"), .want = 4096, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "32-bit reader, nothing there", READER32(ANON, "20000000 10"),
	  .want = -EFAULT, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "32-bit reader, a kernel's address",
	  READER32(ANON, "f0000000 10"), .want = -EFAULT, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "32-bit reader, beyond the last address",
	  READER32(ANON, "fffffff0 100"), .want = -EFAULT, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "32-bit reader, a negative length",
	  READER32(ANON, "10000000 8 10000000 2147483648"), .want = -EINVAL,
	  .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "32-bit reader, a very large length",
	  READER32(ANON, "10000000 2147483647"), .want = COMPARE,
	  .content = ANYTHING, .events = ANY_EVENTS },
	{ .name = "a 32-bit system call of a 64-bit program", .run = run_int80,
	  .offset = 2, .want = 58, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "a 32-bit system call, too many segments", .run = run_int80,
	  .offset = 1025, .want = -EINVAL, .content = ANYTHING,
	  .events = NO_EVENTS },
};

int main(int argc, char **argv)
{
	select_tests(argc, argv);
	return run_cases(cases, ARRAY_SIZE(cases));
}
