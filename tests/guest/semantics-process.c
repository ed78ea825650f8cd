// SPDX-License-Identifier: GPL-2.0
/* Processes that are exiting, of another user, or 32-bit. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process-cases.h"
#include "run.h"

#define SETUID_COPY	"/tmp/setuid-copy"
#define LOW_ADDR	0x10000000UL

static void run_self(const struct read_case *c, struct outcome *o)
{
	static unsigned char own[64];

	for (size_t i = 0; i < sizeof(own); i++)
		own[i] = pattern(i);
	read_into(o, c, getpid(), (unsigned long)own);
}

static void copy_setuid(void)
{
	char buf[65536];
	int from = open("/proc/self/exe", O_RDONLY);
	int to = open(SETUID_COPY, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t n;

	if (from < 0 || to < 0)
		die("cannot copy myself: %s", strerror(errno));
	while ((n = read(from, buf, sizeof(buf))) > 0) {
		if (write(to, buf, n) != n)
			die("cannot copy myself: %s", strerror(errno));
	}
	close(from);
	close(to);
	if (chmod(SETUID_COPY, 04755))
		die("cannot make a setuid program: %s", strerror(errno));
}

/* Runs as nobody; executes the setuid program on request by @go. */
static pid_t start_setuid(int *go, int *ready)
{
	int start[2], started[2];
	char byte, fd[16];
	pid_t pid;

	if (pipe(start) || pipe(started))
		die("pipe: %s", strerror(errno));
	snprintf(fd, sizeof(fd), "%d", started[1]);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		become_nobody();
		close(start[1]);
		if (read(start[0], &byte, 1) == 1)
			execl(SETUID_COPY, SETUID_COPY, fd, NULL);
		_exit(1);
	}
	close(start[0]);
	close(started[1]);
	*go = start[1];
	*ready = started[0];
	return pid;
}

/* The result of a reader of user nobody: from @fd, or as the case requires. */
static void read_as_nobody(const struct read_case *c, pid_t pid, int fd,
			   struct outcome *o)
{
	struct counters start = counters_read();
	int result[2];
	long ret = -EPIPE;
	pid_t reader;

	if (pipe(result))
		die("pipe: %s", strerror(errno));
	reader = fork();
	if (!reader) {
		become_nobody();
		if (fd >= 0) {
			ret = pread(fd, o->bytes, c->len, LOW_ADDR);
			if (ret < 0)
				ret = -errno;
		} else {
			ret = remote_read(c->how, pid, 0, o->bytes, c->len);
		}
		_exit(write(result[1], &ret, sizeof(ret)) != sizeof(ret));
	}
	close(result[1]);
	if (read(result[0], &ret, sizeof(ret)) != sizeof(ret))
		outcome_broken(o, "no answer from the reader");
	close(result[0]);
	waitpid(reader, NULL, 0);
	o->ret = ret;
	o->events = counters_since(&start);
}

static void run_setuid(const struct read_case *c, struct outcome *o)
{
	int go, ready;
	pid_t pid = start_setuid(&go, &ready);
	char byte;

	if (write(go, "g", 1) != 1 || read(ready, &byte, 1) != 1)
		outcome_broken(o, "the setuid program did not start");
	else
		read_as_nobody(c, pid, -1, o);
	close(go);
	close(ready);
	target_stop(pid);
}

/* The file was opened while that was allowed. */
static void run_setuid_kept_fd(const struct read_case *c, struct outcome *o)
{
	int go, ready, fd;
	pid_t pid = start_setuid(&go, &ready);
	char path[64], byte;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || write(go, "g", 1) != 1 || read(ready, &byte, 1) != 1)
		outcome_broken(o, "the setuid program did not start");
	else
		read_as_nobody(c, pid, fd, o);
	close(fd);
	close(go);
	close(ready);
	target_stop(pid);
}

static void prepare_low(struct target *t)
{
	void *p = map_at(t, LOW_ADDR, 2 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);

	pattern_fill(p, 2 * PAGE);
	t->addr = LOW_ADDR;
	t->size = PAGE;
}

static void prepare_high(struct target *t)
{
	void *p = map(t, 2 * PAGE);

	pattern_fill(p, 2 * PAGE);
	t->addr = (unsigned long)p;
}

static void run_reader32(const struct read_case *c, struct outcome *o)
{
	struct target *t = target_alloc();
	pid_t pid = target_start(c->prepare, t);
	char args[128];

	if (c->how == PEEKDATA)
		snprintf(args, sizeof(args), "peek %d %lx", pid, t->addr);
	else
		snprintf(args, sizeof(args), "read /proc/%d/%s %lx %zu", pid,
			 c->how == MEM ? "mem" : "cmdline",
			 c->how == MEM ? t->addr : 0, c->len);
	read32(o, args);
	target_stop(pid);
}


static const struct read_case cases[] = {
	{ .name = "self", .run = run_self, .how = MEM, .len = 64, .want = 64,
	  .content = PATTERN, .events = EV(FAST) },
	{ .name = "zombie, cmdline", .run = run_zombie, .how = CMDLINE,
	  .len = 100, .want = 0, .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "zombie, environ", .run = run_zombie, .how = ENVIRON,
	  .len = 100, .want = COMPARE, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "zombie, mem", .run = run_zombie, .how = MEM, .len = 100,
	  .want = COMPARE, .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "zombie, PEEKDATA", .run = run_zombie, .how = PEEKDATA,
	  .len = 8, .want = COMPARE, .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "kernel thread, cmdline", .run = run_kthread, .how = CMDLINE,
	  .len = 100, .want = 0, .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "kernel thread, environ", .run = run_kthread, .how = ENVIRON,
	  .len = 100, .want = COMPARE, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "kernel thread, mem", .run = run_kthread, .how = MEM,
	  .len = 100, .want = COMPARE, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "kernel thread, PEEKDATA", .run = run_kthread,
	  .how = PEEKDATA, .len = 8, .want = COMPARE, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "no such process, cmdline", .run = run_gone, .how = CMDLINE,
	  .len = 100, .want = -ENOENT, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "no such process, PEEKDATA", .run = run_gone, .how = PEEKDATA,
	  .len = 8, .want = -ESRCH, .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "after a setuid exec, cmdline", .run = run_setuid,
	  .how = CMDLINE, .len = 100, .want = COMPARE, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "after a setuid exec, environ", .run = run_setuid,
	  .how = ENVIRON, .len = 100, .want = -EACCES, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "after a setuid exec, mem", .run = run_setuid, .how = MEM,
	  .len = 100, .want = -EACCES, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "after a setuid exec, PEEKDATA", .run = run_setuid,
	  .how = PEEKDATA, .len = 8, .want = -EPERM, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "after a setuid exec, mem opened before",
	  .run = run_setuid_kept_fd, .how = MEM, .len = 100, .want = 0,
	  .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "32-bit target, mem", .run = run_target32, .how = MEM,
	  .len = sizeof(TEXT32), .want = sizeof(TEXT32), .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "32-bit target, mem, traced", .run = run_target32,
	  .how = MEM_TRACED, .len = sizeof(TEXT32), .want = sizeof(TEXT32),
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "32-bit target, PEEKDATA", .run = run_target32,
	  .how = PEEKDATA, .len = 8, .want = 8, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "32-bit target, cmdline", .run = run_target32, .how = CMDLINE,
	  .len = 100, .want = sizeof(HELPER32 "\0target"), .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "32-bit reader, mem", .run = run_reader32,
	  .prepare = prepare_high, .how = MEM, .len = 5000, .want = 5000,
	  .content = PATTERN, .events = EV(FAST) },
	{ .name = "32-bit reader, PEEKDATA", .run = run_reader32,
	  .prepare = prepare_low, .how = PEEKDATA, .len = 4, .want = 4,
	  .content = PATTERN, .events = EV(FAST) },
	{ .name = "32-bit reader, cmdline", .run = run_reader32,
	  .prepare = prepare_low, .how = CMDLINE, .len = 100,
	  .want = COMPARE, .content = ANYTHING, .events = EV(FAST) },
};

int main(int argc, char **argv)
{
	/* Executed again as the setuid program. */
	if (!strcmp(argv[0], SETUID_COPY)) {
		if (write(atoi(argv[1]), "r", 1) != 1)
			return 1;
		for (;;)
			pause();
	}
	select_tests(argc, argv);
	copy_setuid();
	return run_cases(cases, ARRAY_SIZE(cases));
}
