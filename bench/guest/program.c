// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of a monitor for a real program: redis with its own benchmark, while
 * a monitor reads all processes as agents do, stock and with vmapeek.
 *
 *	program ROUNDS REQUESTS
 *
 * Lines for bench/program begin with "@": test, monitor, rounds, and for each
 * mode median, minimum and maximum of the rate, divided by the preceding rate
 * without a monitor; then the same for vmapeek divided by stock; then the
 * monitor's reads, vmapeek divided by stock.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "series.h"
#include "vmapeek.h"

#define MAX_ROUNDS	31
#define SOCKET		"/tmp/redis"

enum mode { STOCK, VMAPEEK, NR_MODES };

/* Tests of the benchmark whose requests write much, or little, memory. */
static const struct test {
	const char *name, *size, *clients;
	int part;	/* runs 1/part of the requests */
} tests[] = {
	{ "set", "64", "16", 1 },
	{ "set", "1048576", "2", 40 },
};

/* Without a pause, and like an agent that reads every 50 ms. */
static const struct monitor {
	const char *name;
	int pause_ms;
} monitors[] = { { "no pause", 0 }, { "each 50 ms", 50 } };

#define NR_TESTS	((int)(sizeof(tests) / sizeof(*tests)))
#define NR_MONITORS	((int)(sizeof(monitors) / sizeof(*monitors)))

static double rate[NR_TESTS][NR_MONITORS][NR_MODES][MAX_ROUNDS];
static double looks[NR_TESTS][NR_MONITORS][NR_MODES][MAX_ROUNDS];
static volatile unsigned long *nr_looks;

static void finish(pid_t pid, const char *name)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		die("%s failed", name);
}

static pid_t server_start(void)
{
	static const char *const argv[] = {
		"redis-server", "--port", "0", "--unixsocket", SOCKET,
		"--save", "", "--appendonly", "no", "--ignore-warnings",
		"ARM64-COW-BUG", NULL
	};
	pid_t pid = command_start(0, argv);

	for (int i = 0; access(SOCKET, F_OK); i++) {
		if (i == 600 || waitpid(pid, NULL, WNOHANG))
			die("redis-server does not start");
		usleep(50000);
	}
	return pid;
}

static void read_file(const char *pid, const char *name)
{
	char path[300], buffer[4096];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return;
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	close(fd);
}

/* Read all processes once; some exit meanwhile. */
static void look(void)
{
	static const char *const names[] = {
		"stat", "status", "cmdline", "environ"
	};
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		die("no /proc");
	while ((entry = readdir(dir)))
		for (int i = 0; isdigit(entry->d_name[0]) && i < 4; i++)
			read_file(entry->d_name, names[i]);
	closedir(dir);
}

static pid_t monitor_start(const struct monitor *monitor)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	use_cpu(1);
	for (;; ++*nr_looks) {
		look();
		usleep(monitor->pause_ms * 1000);
	}
}

/* Requests per nanosecond. */
static double run(const struct test *test, int requests)
{
	char number[16];
	const char *const argv[] = {
		"redis-benchmark", "-s", SOCKET, "-q", "-t", test->name, "-d",
		test->size, "-c", test->clients, "-n", number, NULL
	};
	long long begin;

	requests /= test->part;
	snprintf(number, sizeof(number), "%d", requests);
	begin = now_ns();
	finish(command_start(1, argv), argv[0]);
	return requests / (double)(now_ns() - begin);
}

static void measure(int t, int m, enum mode mode, int round, int requests)
{
	double alone = run(&tests[t], requests);
	pid_t pid = monitor_start(&monitors[m]);
	unsigned long before;
	long long begin;

	usleep(20000);
	before = *nr_looks;
	begin = now_ns();
	rate[t][m][mode][round] = run(&tests[t], requests) / alone;
	looks[t][m][mode][round] = (*nr_looks - before) /
				   (double)(now_ns() - begin);
	if (waitpid(pid, NULL, WNOHANG))
		die("the monitor ended");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void measure_all(enum mode mode, int round, int requests)
{
	for (int t = 0; t < NR_TESTS; t++)
		for (int m = 0; m < NR_MONITORS; m++)
			measure(t, m, mode, round, requests);
}

static void print_series(struct series *s)
{
	double median = series_median(s);

	printf("\t%.3f\t%.3f\t%.3f", median, s->value[0], s->value[s->n - 1]);
}

static void print_ratio(const double (*of)[MAX_ROUNDS], int rounds)
{
	struct series s = { 0 };

	for (int i = 0; i < rounds; i++)
		series_add(&s, of[VMAPEEK][i] / of[STOCK][i]);
	print_series(&s);
}

static void print_row(int t, int m, int rounds)
{
	printf("@%s %s B\t%s\t%d", tests[t].name, tests[t].size,
	       monitors[m].name, rounds);
	for (int mode = 0; mode < NR_MODES; mode++) {
		struct series s = { 0 };

		for (int i = 0; i < rounds; i++)
			series_add(&s, rate[t][m][mode][i]);
		print_series(&s);
	}
	print_ratio(rate[t][m], rounds);
	print_ratio(looks[t][m], rounds);
	putchar('\n');
}

int main(int argc, char **argv)
{
	int rounds = argc == 3 ? atoi(argv[1]) : 0;
	int requests = argc == 3 ? atoi(argv[2]) : 0;
	char version[512];
	pid_t server;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (rounds < 1 || rounds > MAX_ROUNDS || requests < 40)
		die("usage: program ROUNDS REQUESTS, at most %d rounds",
		    MAX_ROUNDS);
	nr_looks = shared_alloc(sizeof(*nr_looks));
	server = server_start();
	/* A first run, for the work that happens only once. */
	for (int t = 0; t < NR_TESTS; t++)
		run(&tests[t], requests);
	for (int i = 0; i < rounds; i++) {
		printf("round %d of %d\n", i + 1, rounds);
		vmapeek_off();
		measure_all(STOCK, i, requests);
		vmapeek_on();
		measure_all(VMAPEEK, i, requests);
	}
	vmapeek_off();
	read_line("/proc/version", version, sizeof(version));
	printf("@# kernel: %s\n", version);
	for (int t = 0; t < NR_TESTS; t++)
		for (int m = 0; m < NR_MONITORS; m++)
			print_row(t, m, rounds);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return 0;
}
