// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "command.h"
#include "measure.h"

#define AREA		(64UL << 10)
#define BATCHES		15
#define BATCH_SECONDS	0.005

static pid_t target;
static int file;
static char *area;		/* at the same address in the target */
static char buf[AREA];

/*
 * The target fills the memory itself: process_vm_readv() would copy pages that
 * it shares with us since fork().
 */
static void start_target(void)
{
	int ready[2];
	char byte;

	area = mmap(NULL, AREA, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED || pipe(ready))
		err(EXIT_FAILED, "cannot start a process to read from");
	target = child_fork();
	if (!target) {
		close(ready[0]);
		memset(area, 1, AREA);
		if (write(ready[1], "r", 1) != 1)
			_exit(EXIT_FAILED);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		errx(EXIT_FAILED, "the process to read from has ended");
	close(ready[0]);
}

static int open_file(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", target, name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	return file < 0 ? errno : 0;
}

static int open_cmdline(void)
{
	return open_file("cmdline");
}

static int open_environ(void)
{
	return open_file("environ");
}

static int open_mem(void)
{
	return open_file("mem");
}

static void close_file(void)
{
	close(file);
}

static ssize_t read_file(size_t size)
{
	return pread(file, buf, size, 0);
}

static ssize_t read_mem(size_t size)
{
	return pread(file, buf, size, (off_t)area);
}

static int open_nothing(void)
{
	return 0;
}

static void close_nothing(void)
{
}

static ssize_t read_process_vm(size_t size)
{
	struct iovec local = { buf, size }, remote = { area, size };

	return process_vm_readv(target, &local, 1, &remote, 1, 0);
}

static int attach(void)
{
	if (ptrace(PTRACE_SEIZE, target, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, target, NULL, NULL))
		return errno;
	return waitpid(target, NULL, __WALL) == target ? 0 : errno;
}

static void detach(void)
{
	ptrace(PTRACE_DETACH, target, NULL, NULL);
}

/* The system call itself; the library's function returns the word. */
static ssize_t read_peek(size_t size)
{
	return syscall(SYS_ptrace, PTRACE_PEEKDATA, target, area, buf) ?
		       -1 : (ssize_t)size;
}

static ssize_t no_read(size_t size)
{
	(void)size;
	return syscall(SYS_getppid);
}

static const struct way {
	const char *interface;
	size_t size;
	int (*open)(void);
	ssize_t (*read)(size_t size);
	void (*close)(void);
} ways[] = {
	{ "cmdline", 4096, open_cmdline, read_file, close_file },
	{ "environ", 4096, open_environ, read_file, close_file },
	{ "mem", 8, open_mem, read_mem, close_file },
	{ "mem", 4096, open_mem, read_mem, close_file },
	{ "process_vm_readv", 8, open_nothing, read_process_vm, close_nothing },
	{ "process_vm_readv", AREA, open_nothing, read_process_vm,
	  close_nothing },
	{ "PEEKDATA", sizeof(long), attach, read_peek, detach },
	/* The cost of any system call, for comparison. */
	{ "getppid", 0, open_nothing, no_read, close_nothing },
};

#define NR_WAYS	(sizeof(ways) / sizeof(*ways))

_Static_assert(NR_WAYS <= MAX_READ_COSTS, "MAX_READ_COSTS is too small");

/* Return the duration of @calls in seconds, or -1 if one fails. */
static double batch(const struct way *way, unsigned long calls)
{
	double begin = seconds_now();

	for (unsigned long i = 0; i < calls; i++)
		if (way->read(way->size) < 0)
			return -1;
	return seconds_now() - begin;
}

/* Returns 0 or an error number. */
static int measure(const struct way *way, double *ns)
{
	double values[BATCHES], took = 0;
	unsigned long calls = 1;

	/* This also warms up. */
	for (; took < BATCH_SECONDS; calls *= 2) {
		took = batch(way, calls);
		if (took < 0)
			return errno;
	}
	for (size_t i = 0; i < BATCHES; i++) {
		took = batch(way, calls);
		if (took < 0)
			return errno;
		values[i] = took / calls * 1e9;
	}
	*ns = median(values, BATCHES);
	return 0;
}

size_t bench_reads(struct read_cost *costs)
{
	start_target();
	for (size_t i = 0; i < NR_WAYS; i++) {
		const struct way *way = &ways[i];
		struct read_cost *cost = &costs[i];

		cost->interface = way->interface;
		cost->size = way->size;
		cost->error = way->open();
		if (cost->error)
			continue;
		cost->error = measure(way, &cost->ns);
		way->close();
	}
	child_end(target);
	munmap(area, AREA);
	return NR_WAYS;
}
