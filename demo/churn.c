// SPDX-License-Identifier: GPL-2.0
/*
 * Map, touch and unmap 4 KiB in a loop while other processes read our cmdline
 * in a loop, and measure how long a map takes.
 *
 *	churn SECONDS READERS CGROUP	the readers are in that cgroup
 *
 * Prints, separated by tabs: maps per second, 99th percentile and maximum of
 * the duration of a map in microseconds, reads per second.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC	1000000000LL

/* Durations by the microsecond; the last bucket counts all longer ones. */
static unsigned int buckets[100000];

static struct shared {
	unsigned long reads;
	bool stop;
} *shared;

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* Target and readers have separate CPUs: measure the lock only. */
static void use_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(2, "no CPU %d; this needs two", cpu);
}

static bool watch_on(void)
{
	return !__atomic_load_n(&shared->stop, __ATOMIC_RELAXED);
}

static void watch_count(void)
{
	__atomic_add_fetch(&shared->reads, 1, __ATOMIC_RELAXED);
}

/* Keep the file open, so that the reader spends its time on reads. */
static void watch_cmdline(int argc, char **argv)
{
	char path[32], expected[256], seen[256];
	ssize_t len = 0;
	int fd;

	for (int i = 0; i < argc; i++)
		len += 1 + snprintf(expected + len, sizeof(expected) - len,
				    "%s", argv[i]);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", getppid());

	fd = open(path, O_RDONLY);
	if (fd < 0)
		err(2, "%s", path);

	for (; watch_on(); watch_count())
		if (pread(fd, seen, sizeof(seen), 0) != len ||
		    memcmp(seen, expected, len))
			errx(2, "%s: wrong content", path);
}

static void map_unmap(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		err(2, "mmap");
	*page = 1;
	if (munmap(page, 4096))
		err(2, "munmap");
}

/* Map and unmap for @duration ns, and fill the buckets; returns the rounds. */
static unsigned long churn(long long duration, long long *worst)
{
	long long start = now_ns(), before = start, after, took;
	const int last = sizeof(buckets) / sizeof(*buckets) - 1;
	unsigned long rounds = 0;

	*worst = 0;
	do {
		map_unmap();
		after = now_ns();
		took = after - before;
		before = after;
		buckets[took / 1000 < last ? took / 1000 : last]++;
		if (took > *worst)
			*worst = took;
		rounds++;
	} while (after - start < duration);
	return rounds;
}

static unsigned int percentile(unsigned int percent, unsigned long rounds)
{
	unsigned long sum = 0;
	unsigned int us = 0;

	for (;; us++) {
		sum += buckets[us];
		if (sum * 100 >= rounds * percent)
			return us;
	}
}

static void join(const char *cgroup)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		err(2, "%s", path);
	close(fd);
}

static void start_reader(const char *cgroup, int argc, char **argv)
{
	pid_t pid = fork();

	if (pid < 0)
		err(2, "fork");
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	use_cpu(1);
	join(cgroup);
	watch_cmdline(argc, argv);
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned long rounds, reads;
	int seconds, readers, status;
	long long worst;

	if (argc != 4 || atoi(argv[1]) < 1)
		errx(2, "usage: churn SECONDS READERS CGROUP");
	seconds = atoi(argv[1]);
	readers = atoi(argv[2]);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(2, "mmap");

	for (int i = 0; i < readers; i++)
		start_reader(argv[3], argc, argv);
	while (readers && !__atomic_load_n(&shared->reads, __ATOMIC_RELAXED))
		if (waitpid(-1, &status, WNOHANG) > 0)
			errx(2, "a reader failed");
	use_cpu(0);

	/* Warm up: the emulator translates code at its first execution. */
	churn(NSEC_PER_SEC / 4, &worst);
	memset(buckets, 0, sizeof(buckets));
	reads = __atomic_load_n(&shared->reads, __ATOMIC_RELAXED);
	rounds = churn(seconds * NSEC_PER_SEC, &worst);
	reads = __atomic_load_n(&shared->reads, __ATOMIC_RELAXED) - reads;

	__atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
	while (readers--)
		if (wait(&status) < 0 || status)
			errx(2, "a reader failed");
	printf("%lu\t%u\t%lld\t%lu\n", rounds / seconds,
	       percentile(99, rounds), worst / 1000, reads / seconds);
	return 0;
}
