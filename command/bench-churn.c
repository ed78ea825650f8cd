// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "command.h"
#include "measure.h"

#define PAIRS		7	/* of windows, alone and watched */
#define WINDOW		0.15	/* seconds */
#define IDLE		0.001
#define PAGE		4096

/*
 * Shared by the thread that maps, its reader and the main process. Each count
 * has a cache line of its own.
 */
static struct shared {
	atomic_ulong maps __attribute__((aligned(128)));
	atomic_ulong reads __attribute__((aligned(128)));
	atomic_bool watch __attribute__((aligned(128)));
	atomic_int error;
} *shared;

static void churn(void)
{
	for (;;) {
		char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED) {
			shared->error = errno;
			_exit(EXIT_FAILED);
		}
		*page = 1;
		munmap(page, PAGE);
		shared->maps++;
	}
}

static void watch(pid_t pid)
{
	char path[64], buf[PAGE];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (;;) {
		if (!shared->watch) {
			pause_seconds(IDLE);
			continue;
		}
		if (pread(fd, buf, sizeof(buf), 0) <= 0) {
			shared->error = errno ? errno : EIO;
			_exit(EXIT_FAILED);
		}
		shared->reads++;
	}
}

/* Return the rates per second in one window. */
static void window(bool watched, double *maps, double *reads)
{
	unsigned long maps_before, reads_before;
	double begin, seconds;

	shared->watch = watched;
	/* Wait until mapper and reader have started or stopped. */
	pause_seconds(10 * IDLE);
	begin = seconds_now();
	maps_before = shared->maps;
	reads_before = shared->reads;
	pause_seconds(WINDOW);
	seconds = seconds_now() - begin;
	*maps = (shared->maps - maps_before) / seconds;
	*reads = (shared->reads - reads_before) / seconds;
}

static int cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

/* Alternate alone and watched, so that other load affects both. */
void bench_churn(struct churn_cost *cost)
{
	double alone[PAIRS], watched[PAIRS], reads[PAIRS], none;
	pid_t mapper, reader;

	*cost = (struct churn_cost) { 0 };
	/* On one CPU, mapper and reader would take turns. */
	if (cpus() < 2) {
		cost->error = ENODEV;
		return;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(EXIT_FAILED, "out of memory");

	mapper = child_fork();
	if (!mapper)
		churn();
	reader = child_fork();
	if (!reader)
		watch(mapper);
	for (size_t i = 0; i < PAIRS && !shared->error; i++) {
		window(false, &alone[i], &none);
		window(true, &watched[i], &reads[i]);
	}
	child_end(reader);
	child_end(mapper);

	cost->error = shared->error;
	if (!cost->error) {
		cost->alone = median(alone, PAIRS);
		cost->watched = median(watched, PAIRS);
		cost->reads = median(reads, PAIRS);
	}
	munmap(shared, sizeof(*shared));
}
