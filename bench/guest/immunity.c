// SPDX-License-Identifier: GPL-2.0
/*
 * The latency of readers while their target is stuck for a given time, stock
 * and with vmapeek: a kernel thread holds the target's mmap lock, or the target
 * sleeps in a frozen ext4. Lines for bench/immunity begin with "@": the cause,
 * reader, size, time in ms, number of looks, and for each mode median, minimum
 * and maximum, all divided by the sum of that time and the latency of a stock
 * reader of a process that is not stuck.
 *
 *	immunity IMAGE [quick]	IMAGE: an ext4; quick: only 1 s, once, no programs
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frozen.h"
#include "hold.h"
#include "look.h"
#include "series.h"
#include "target.h"
#include "vmapeek.h"

#define ROUNDS	2
#define PID	"PID"

enum mode { STOCK, VMAPEEK, NR_MODES };

/* The cause of the stall. */
enum way { KERNEL_THREAD, PAGE_FAULT, DIRECT_IO, NR_WAYS };

static const char *const way_names[NR_WAYS] = {
	"kernel thread", "page fault", "direct I/O",
};

static const struct watcher {
	const char *program;	/* instead of a look */
	const char *argv[5];	/* with the target's ID in place of PID */
	struct look look;
} watchers[] = {
	{ .look = { .how = CMDLINE, .size = PAGE } },
	{ .look = { .how = ENVIRON, .size = PAGE } },
	{ .look = { .how = MEM, .size = 8 } },
	{ .look = { .how = MEM, .size = PAGE } },
	{ .look = { .how = MEM, .size = 64 * KIB } },
	{ .look = { .how = PEEKDATA, .size = 8 } },
	{ .look = { .how = READV, .size = 8 } },
	{ .look = { .how = READV, .size = MIB } },
	{ .look = { .file = "maps" } },
	{ .look = { .file = "smaps" } },
	{ .look = { .file = "smaps_rollup" } },
	{ .look = { .file = "numa_maps" } },
	{ .look = { .file = "pagemap" } },
	{ .program = "ps -ef", .argv = { "ps", "-ef" } },
	{ .program = "top -b -n1", .argv = { "top", "-b", "-n1", "-c" } },
	{ .program = "pgrep -f", .argv = { "pgrep", "-f", "immunity" } },
	{ .program = "pmap", .argv = { "pmap", PID } },
	{ .program = "eu-stack -1",
	  .argv = { "eu-stack", "-1", "-p", PID } },
};

/* The long stalls only in the first round. */
static const struct hold_length {
	int ms, looks, program_looks;
	int rounds;
	bool frozen;		/* also behind the frozen ext4 */
} holds[] = {
	{ 0, 11, 3, ROUNDS, false },
	{ 1, 7, 2, ROUNDS, false },
	{ 10, 7, 2, ROUNDS, false },
	{ 100, 2, 1, ROUNDS, true },
	{ 1000, 1, 1, 1, true },
	{ 5000, 1, 1, 1, false },
};

#define NR_WATCHERS	((int)(sizeof(watchers) / sizeof(*watchers)))
#define NR_HOLDS	((int)(sizeof(holds) / sizeof(*holds)))

static struct series took[NR_WAYS][NR_WATCHERS][NR_HOLDS][NR_MODES];
static struct target *target;
static pid_t pid;
static bool quick;

/* Ends the stall after the given time, or when the look is over. */
static struct {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t over;
	struct timespec until;
	bool done;
	enum way way;
	int fd;			/* of hold_mmap_lock */
} holder = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void *holder_main(void *unused)
{
	int err = 0;

	pthread_mutex_lock(&holder.mutex);
	while (!holder.done && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&holder.over, &holder.mutex,
					     &holder.until);
	if (holder.way == KERNEL_THREAD)
		close(holder.fd);
	else
		frozen_end();
	pthread_mutex_unlock(&holder.mutex);
	return unused;
}

static void holder_begin(enum way way, int ms)
{
	long long until;

	if (way == KERNEL_THREAD) {
		holder.fd = hold_begin("write", pid);
		hold_wait(holder.fd, "held");
	} else {
		frozen_begin(way == PAGE_FAULT ? FROZEN_VMA : FROZEN_MMAP_LOCK,
			     pid);
	}
	holder.way = way;
	holder.done = false;
	until = now_ns() + ms * 1000000LL;
	holder.until.tv_sec = until / 1000000000;
	holder.until.tv_nsec = until % 1000000000;
	if (pthread_create(&holder.thread, NULL, holder_main, NULL))
		die("no thread");
}

static void holder_end(void)
{
	pthread_mutex_lock(&holder.mutex);
	holder.done = true;
	pthread_cond_signal(&holder.over);
	pthread_mutex_unlock(&holder.mutex);
	pthread_join(holder.thread, NULL);
}

static void prepare(struct target *t)
{
	char *p = map(t, MIB);

	pattern_fill(p, MIB);
	t->addr = (unsigned long)p;
	frozen_prepare(t);
}

static void run(const struct watcher *w)
{
	const char *argv[ARRAY_SIZE(w->argv) + 1] = { NULL };
	char number[16];
	pid_t child;
	int status;

	snprintf(number, sizeof(number), "%d", pid);
	for (size_t i = 0; i < ARRAY_SIZE(w->argv) && w->argv[i]; i++)
		argv[i] = strcmp(w->argv[i], PID) ? w->argv[i] : number;
	child = vfork();
	if (!child) {
		dup2(open("/dev/null", O_WRONLY), 1);
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		die("%s failed", w->program);
}

/* A new target for each look, because its stall behind ext4 does not repeat. */
static void measure(enum way way, int watcher, int hold, enum mode mode)
{
	const struct watcher *w = &watchers[watcher];
	struct looker l;
	long long start;

	pid = target_start(prepare, target);
	if (target->broken[0])
		die("%s", target->broken);
	if (!w->program)
		looker_open(&l, &w->look, pid, target->addr, MIB);
	if (holds[hold].ms)
		holder_begin(way, holds[hold].ms);
	start = now_ns();
	if (w->program)
		run(w);
	else
		looker_look(&l);
	series_add(&took[way][watcher][hold][mode], (now_ns() - start) / 1e6);
	if (holds[hold].ms)
		holder_end();
	if (!w->program)
		looker_close(&l);
	target_stop(pid);
}

static bool is_measured(enum way way, int watcher, int hold)
{
	if (quick && (watchers[watcher].program ||
		      (holds[hold].ms && holds[hold].ms != 1000)))
		return false;
	return way == KERNEL_THREAD || holds[hold].frozen;
}

static void measure_all(enum way way, enum mode mode, int round)
{
	for (int h = 0; h < NR_HOLDS; h++)
		for (int w = 0; w < NR_WATCHERS && round < holds[h].rounds; w++)
			for (int i = 0; is_measured(way, w, h) &&
					i < (watchers[w].program ?
					     holds[h].program_looks :
					     holds[h].looks); i++)
				measure(way, w, h, mode);
}

static void print_row(enum way way, int w, int h)
{
	double unit = series_median(&took[KERNEL_THREAD][w][0][STOCK]) +
		      holds[h].ms;
	const struct watcher *watcher = &watchers[w];

	printf("@%s\t%s\t%zu\t%d\t%d", way_names[way],
	       watcher->program ?: look_name(&watcher->look),
	       watcher->look.size, holds[h].ms, took[way][w][h][STOCK].n);
	for (int m = 0; m < NR_MODES; m++) {
		struct series *s = &took[way][w][h][m];
		double median = series_median(s);

		printf("\t%.6f\t%.6f\t%.6f", median / unit,
		       s->value[0] / unit, s->value[s->n - 1] / unit);
	}
	putchar('\n');
}

static void print_all(void)
{
	for (int way = 0; way < NR_WAYS; way++)
		for (int w = 0; w < NR_WATCHERS; w++)
			for (int h = 0; h < NR_HOLDS; h++)
				if (is_measured(way, w, h))
					print_row(way, w, h);
}

int main(int argc, char **argv)
{
	pthread_condattr_t attr;
	char version[512];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || argc > 3)
		die("usage: immunity IMAGE [quick]");
	quick = argc == 3;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&holder.over, &attr);
	frozen_make(argv[1]);
	target = target_alloc();
	for (int i = 0; i < (quick ? 1 : ROUNDS); i++) {
		for (int mode = 0; mode < NR_MODES; mode++) {
			printf("round %d, %s\n", i + 1,
			       mode == STOCK ? "stock" : "with vmapeek");
			if (mode == STOCK)
				modules_off();
			else
				modules_on();
			for (int way = 0; way < NR_WAYS; way++)
				measure_all(way, mode, i);
		}
	}
	modules_off();
	read_line("/proc/version", version, sizeof(version));
	printf("@# kernel: %s\n", version);
	print_all();
	return 0;
}
