// SPDX-License-Identifier: GPL-2.0
/*
 * The total number of reads by 1 to 16 readers, all of one process or each of
 * its own, on all CPUs.
 *
 *	scale ROUNDS WINDOW_MS
 *
 * Lines for bench/scale begin with "@": CPUs, reader, size, targets, readers,
 * rounds; for each mode median, minimum and maximum of the reads in a window,
 * divided by those of one reader on the stock kernel in the same round; then
 * the same for vmapeek divided by stock.
 */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "look.h"
#include "series.h"
#include "target.h"
#include "vmapeek.h"

#define MAX_READERS	16
#define MAX_ROUNDS	31

enum mode { STOCK, VMAPEEK, NR_MODES };
enum targets { ONE, MANY, NR_TARGETS };

static const char *const targets_names[] = { "one", "many" };
static const int counts[] = { 1, 2, 4, MAX_READERS };
static const struct look kinds[] = {
	{ .how = CMDLINE, .size = PAGE },
	{ .how = READV, .size = 8 },
	{ .file = "maps" },
	{ .file = "smaps_rollup" },
};

#define NR_COUNTS	((int)(sizeof(counts) / sizeof(*counts)))
#define NR_KINDS	((int)(sizeof(kinds) / sizeof(*kinds)))

static double rate[NR_KINDS][NR_TARGETS][NR_COUNTS][NR_MODES][MAX_ROUNDS];
static struct {
	struct target *target;
	pid_t pid, reader;
} watched[MAX_READERS];

/* A reader's part of the shared memory, on its own cache lines. */
static struct job {
	int wanted;		/* a futex; 0: sleep, otherwise see job() */
	unsigned long reads;
} __attribute__((aligned(128))) *jobs;

static int job(int kind, enum targets targets)
{
	return 1 + kind * NR_TARGETS + targets;
}

static void prepare(struct target *t)
{
	char *p = map(t, PAGE);

	pattern_fill(p, PAGE);
	t->addr = (unsigned long)p;
}

static void work(struct job *mine, struct looker *l)
{
	int wanted = __atomic_load_n(&mine->wanted, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&mine->wanted, __ATOMIC_RELAXED) == wanted) {
		looker_look(l);
		__atomic_store_n(&mine->reads, mine->reads + 1,
				 __ATOMIC_RELAXED);
	}
}

/* Runs the requested job until it is told to sleep. */
static pid_t reader_start(int me)
{
	const int of[] = { [ONE] = 0, [MANY] = me };
	struct looker lookers[NR_KINDS][NR_TARGETS];
	struct job *mine = &jobs[me];
	pid_t pid = fork();
	int wanted, k, t;

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (k = 0; k < NR_KINDS; k++)
		for (t = 0; t < NR_TARGETS; t++)
			looker_open(&lookers[k][t], &kinds[k],
				    watched[of[t]].pid,
				    watched[of[t]].target->addr, PAGE);
	for (;;) {
		wanted = __atomic_load_n(&mine->wanted, __ATOMIC_ACQUIRE);
		if (!wanted) {
			syscall(SYS_futex, &mine->wanted, FUTEX_WAIT, 0, NULL);
			continue;
		}
		k = (wanted - 1) / NR_TARGETS;
		t = (wanted - 1) % NR_TARGETS;
		work(mine, &lookers[k][t]);
	}
}

static unsigned long total(int readers)
{
	unsigned long sum = 0;

	for (int i = 0; i < readers; i++)
		sum += __atomic_load_n(&jobs[i].reads, __ATOMIC_RELAXED);
	return sum;
}

/* Wait for the first read of each reader. */
static void readers_begin(int wanted, int readers)
{
	unsigned long before[MAX_READERS];

	for (int i = 0; i < readers; i++) {
		before[i] = jobs[i].reads;
		__atomic_store_n(&jobs[i].wanted, wanted, __ATOMIC_RELEASE);
		syscall(SYS_futex, &jobs[i].wanted, FUTEX_WAKE, 1);
	}
	for (int i = 0; i < readers; i++) {
		while (__atomic_load_n(&jobs[i].reads, __ATOMIC_RELAXED) ==
		       before[i]) {
			if (waitpid(watched[i].reader, NULL, WNOHANG))
				die("a reader ended");
			usleep(1000);
		}
	}
}

/* Reads per nanosecond, of all. */
static double window(int wanted, int readers, int ms)
{
	unsigned long before;
	long long start;
	double result;

	readers_begin(wanted, readers);
	before = total(readers);
	start = now_ns();
	usleep(ms * 1000);
	result = (total(readers) - before) / (double)(now_ns() - start);
	for (int i = 0; i < readers; i++)
		__atomic_store_n(&jobs[i].wanted, 0, __ATOMIC_RELEASE);
	return result;
}

static void measure_all(enum mode mode, int round, int ms)
{
	for (int k = 0; k < NR_KINDS; k++)
		for (int t = 0; t < NR_TARGETS; t++)
			for (int c = 0; c < NR_COUNTS; c++)
				rate[k][t][c][mode][round] =
					window(job(k, t), counts[c], ms);
}

static void print_series(struct series *s)
{
	double median = series_median(s);

	printf("\t%.3f\t%.3f\t%.3f", median, s->value[0], s->value[s->n - 1]);
}

static void print_row(int kind, int targets, int count, int rounds)
{
	struct series of_mode[NR_MODES] = { 0 }, ratio = { 0 };
	double (*row)[MAX_ROUNDS] = rate[kind][targets][count];

	printf("@%ld\t%s\t%zu\t%s\t%d\t%d", sysconf(_SC_NPROCESSORS_ONLN),
	       look_name(&kinds[kind]), kinds[kind].size,
	       targets_names[targets], counts[count], rounds);
	for (int i = 0; i < rounds; i++) {
		for (int m = 0; m < NR_MODES; m++)
			series_add(&of_mode[m], row[m][i] /
						rate[kind][ONE][0][STOCK][i]);
		series_add(&ratio, row[VMAPEEK][i] / row[STOCK][i]);
	}
	for (int m = 0; m < NR_MODES; m++)
		print_series(&of_mode[m]);
	print_series(&ratio);
	putchar('\n');
}

int main(int argc, char **argv)
{
	int rounds = argc == 3 ? atoi(argv[1]) : 0;
	int ms = argc == 3 ? atoi(argv[2]) : 0;
	char version[512];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (rounds < 1 || rounds > MAX_ROUNDS || ms < 1 || ms > 10000)
		die("usage: scale ROUNDS WINDOW_MS, at most %d rounds",
		    MAX_ROUNDS);
	jobs = shared_alloc(MAX_READERS * sizeof(*jobs));
	for (int i = 0; i < MAX_READERS; i++) {
		watched[i].target = target_alloc();
		watched[i].pid = target_start(prepare, watched[i].target);
		if (watched[i].target->broken[0])
			die("%s", watched[i].target->broken);
	}
	for (int i = 0; i < MAX_READERS; i++)
		watched[i].reader = reader_start(i);
	for (int i = 0; i < rounds; i++) {
		modules_off();
		measure_all(STOCK, i, ms);
		modules_on();
		measure_all(VMAPEEK, i, ms);
	}
	modules_off();
	read_line("/proc/version", version, sizeof(version));
	printf("@# kernel: %s\n", version);
	for (int k = 0; k < NR_KINDS; k++)
		for (int t = 0; t < NR_TARGETS; t++)
			for (int c = 0; c < NR_COUNTS; c++)
				print_row(k, t, c, rounds);
	for (int i = 0; i < MAX_READERS; i++) {
		target_stop(watched[i].reader);
		target_stop(watched[i].pid);
	}
	return 0;
}
