// SPDX-License-Identifier: GPL-2.0
/*
 * A page that disappears after the reader has faulted it in, and before the
 * reader looks it up: the module pause_fault stops the reader there, and the
 * target discards the page. The reader must fault again each time, and then
 * returns the new content. The bytes and the number of faults must be the same
 * with vmapeek off and on.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cases.h"
#include "kinds-make.h"
#include "run.h"

#define PAUSE		"/sys/module/pause_fault/parameters/"
#define SIZE		(4 * PAGE)
/* Offset from TARGET_AT where nothing is mapped. */
#define NOWHERE		(1UL << 40)
/* vmapeek takes this many faults, and leaves the next to the kernel. */
#define FAULT_TRIES	8

struct refault {
	enum kind kind;
	enum interface how;
	int times;		/* that the page disappears */
};

static const struct refault *wanted;

/* A thread of the target. The paused reader busy-waits on the other CPU. */
static void *give_up(void *arg)
{
	struct target *t = arg;
	int fd = open(PAUSE "paused", O_RDWR | O_CLOEXEC);
	char state;

	use_cpu(1);
	must(t, fd >= 0, PAUSE "paused");
	while (pread(fd, &state, 1, 0) == 1) {
		__atomic_store_n(&t->size, SIZE, __ATOMIC_RELEASE);
		if (state != 'Y') {
			sched_yield();
			continue;
		}
		if (madvise((void *)TARGET_AT, SIZE, MADV_DONTNEED) ||
		    pwrite(fd, "N", 1, 0) != 1)
			_exit(1);
	}
	_exit(1);
}

static void prepare(struct target *t)
{
	pthread_t thread;

	if (access(PAUSE "pid", F_OK))
		lacks(t, "the module pause_fault");
	t->addr = TARGET_AT;
	if (wanted->how == ENVIRON || wanted->how == CMDLINE)
		must(t, show_memory(wanted->how == ENVIRON, TARGET_AT,
				    TARGET_AT + SIZE), "PR_SET_MM");
	kinds[wanted->kind].make(t, (char *)TARGET_AT, SIZE);
	must(t, !pthread_create(&thread, NULL, give_up, t), "thread");
	/* The thread polls for the pause from now on. */
	while (!__atomic_load_n(&t->size, __ATOMIC_ACQUIRE))
		sched_yield();
}

static long faults_of_mine(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

static void pause_set(const char *name, int value)
{
	char path[64], text[16];

	snprintf(path, sizeof(path), PAUSE "%s", name);
	snprintf(text, sizeof(text), "%d", value);
	write_line(path, text);
}

static int pauses_left(void)
{
	char text[16] = "";

	read_line(PAUSE "times", text, sizeof(text));
	return atoi(text);
}

/*
 * Returns the page faults of this process; at the second call, only those of
 * the read.
 */
static long read_paused(const struct read_case *c, struct outcome *o,
			struct reader *r, unsigned long offset, int times)
{
	bool by_offset = wanted->how == ENVIRON || wanted->how == CMDLINE;
	struct counters before;
	long faults;

	memset(o->bytes, POISON, c->len);
	pause_set("times", times);
	before = counters_read();
	faults = faults_of_mine();
	o->ret = reader_read(r, (by_offset ? 0 : TARGET_AT) + offset, o->bytes,
			     c->len);
	faults = faults_of_mine() - faults;
	o->events = counters_since(&before);
	if (pauses_left())
		outcome_broken(o, "the page did not go as often as wanted");
	return faults;
}

static void run_refault(const struct read_case *c, struct outcome *o)
{
	static struct target *t;
	struct reader r;
	pid_t pid;

	if (!t)
		t = target_alloc();
	wanted = c->arg;
	use_cpu(0);
	pid = target_start(prepare, t);
	if (outcome_started(o, t)) {
		if (reader_open(&r, wanted->how, pid))
			die("cannot read");
		pause_set("pid", getpid());
		read_paused(c, o, &r, NOWHERE, 0);
		o->extra = read_paused(c, o, &r, c->offset, wanted->times);
		pause_set("times", 0);
		reader_close(&r);
	}
	target_stop(pid);
}

#define GONE(_name, _kind, _how, _times)				\
	{ .name = _name ", by " #_how ", " #_times, .run = run_refault,	\
	  .offset = PAGE + 64, .len = 8, .want = 8, .content = ANYTHING,	\
	  .events = (_times) < FAULT_TRIES ? EV(FAST) : ANY_EVENTS,	\
	  .arg = &(const struct refault){ _kind, _how, _times } }

/* cmdline and environ read anonymous memory only. */
#define OF_FILE(name, kind, times)					\
	GONE(name, kind, MEM, times),					\
	GONE(name, kind, PEEKDATA, times),				\
	GONE(name, kind, READV, times)

#define OF_ANON(name, kind, times)					\
	OF_FILE(name, kind, times),					\
	GONE(name, kind, ENVIRON, times),				\
	GONE(name, kind, CMDLINE, times)

static const struct read_case cases[] = {
	OF_ANON("swapped out", SWAPPED, 1),
	OF_ANON("sparse", SPARSE, 1),
	OF_ANON("sparse", SPARSE, 3),
	OF_ANON("sparse", SPARSE, 12),
	OF_FILE("file", FILE_UNTOUCHED, 1),
	OF_FILE("file", FILE_UNTOUCHED, 12),
	GONE("shared after fork", FORKED, READV, 1),
	GONE("shared after fork", FORKED, READV, 12),
};

int main(int argc, char **argv)
{
	select_tests(argc, argv);
	write_line("/proc/sys/vm/page-cluster", "0");
	return run_cases(cases, ARRAY_SIZE(cases));
}
