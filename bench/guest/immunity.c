// SPDX-License-Identifier: GPL-2.0
/*
 * How long readers take while the mmap lock of what they read is held for a
 * while, stock and with vmapeek. Lines for bench/immunity begin with "@":
 * reader, size, hold in ms, number of looks, and for each mode the median, the
 * least and the most, all divided by what a stock reader needs with the lock
 * free plus the hold.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hold.h"
#include "reader.h"
#include "series.h"
#include "target.h"
#include "vmapeek.h"

#define ROUNDS	2

enum mode { STOCK, VMAPEEK, NR_MODES };

static const struct watcher {
	const char *name;
	enum interface how;
	size_t size;
	const char *argv[5];	/* a program instead of a read */
} watchers[] = {
	{ "cmdline", .how = CMDLINE, .size = PAGE },
	{ "environ", .how = ENVIRON, .size = PAGE },
	{ "mem", .how = MEM, .size = 8 },
	{ "mem", .how = MEM, .size = PAGE },
	{ "mem", .how = MEM, .size = 64 * KIB },
	{ "PEEKDATA", .how = PEEKDATA, .size = 8 },
	{ "process_vm_readv", .how = READV, .size = 8 },
	{ "process_vm_readv", .how = READV, .size = MIB },
	{ "ps -ef", .argv = { "ps", "-ef" } },
	{ "top -b -n1", .argv = { "top", "-b", "-n1", "-c" } },
	{ "pgrep -f", .argv = { "pgrep", "-f", "immunity" } },
};

/* The long ones only in the first round. */
static const struct hold_length {
	int ms, looks, program_looks;
	int rounds;
} holds[] = {
	{ 0, 11, 3, ROUNDS },
	{ 1, 7, 2, ROUNDS },
	{ 10, 7, 2, ROUNDS },
	{ 100, 2, 1, ROUNDS },
	{ 1000, 1, 1, 1 },
	{ 5000, 1, 1, 1 },
};

#define NR_WATCHERS	((int)(sizeof(watchers) / sizeof(*watchers)))
#define NR_HOLDS	((int)(sizeof(holds) / sizeof(*holds)))

static struct series took[NR_WATCHERS][NR_HOLDS][NR_MODES];
static struct target *target;
static pid_t pid;
static char buffer[MIB];

/* Lets the lock go after a while, or when the look is over. */
static struct {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t over;
	struct timespec until;
	bool done;
	int fd;
} holder = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void *holder_main(void *unused)
{
	int err = 0;

	pthread_mutex_lock(&holder.mutex);
	while (!holder.done && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&holder.over, &holder.mutex,
					     &holder.until);
	close(holder.fd);
	pthread_mutex_unlock(&holder.mutex);
	return unused;
}

static void holder_begin(int ms)
{
	long long until;

	holder.fd = hold_begin("write", pid);
	hold_wait(holder.fd, "held");
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
}

static void run(const struct watcher *w)
{
	pid_t child = vfork();
	int status;

	if (!child) {
		dup2(open("/dev/null", O_WRONLY), 1);
		execvp(w->argv[0], (char **)w->argv);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		die("%s failed", w->name);
}

static void look(const struct watcher *w, struct reader *r)
{
	bool file = w->how == CMDLINE || w->how == ENVIRON;
	ssize_t n;

	if (w->argv[0]) {
		run(w);
		return;
	}
	n = reader_read(r, file ? 0 : target->addr, buffer, w->size);
	if (n <= 0 || (!file && n != (ssize_t)w->size))
		die("%s: %zd", w->name, n);
}

static void measure(int watcher, int hold, enum mode mode)
{
	const struct watcher *w = &watchers[watcher];
	struct reader r;
	long long start;
	int err;

	if (!w->argv[0]) {
		err = reader_open(&r, w->how, pid);
		if (err)
			die("%s: %s", w->name, strerror(-err));
	}
	if (holds[hold].ms)
		holder_begin(holds[hold].ms);
	start = now_ns();
	look(w, &r);
	series_add(&took[watcher][hold][mode], (now_ns() - start) / 1e6);
	if (holds[hold].ms)
		holder_end();
	if (!w->argv[0])
		reader_close(&r);
}

static void measure_all(enum mode mode, int round)
{
	for (int h = 0; h < NR_HOLDS; h++)
		for (int w = 0; w < NR_WATCHERS && round < holds[h].rounds; w++)
			for (int i = 0; i < (watchers[w].argv[0] ?
					     holds[h].program_looks :
					     holds[h].looks); i++)
				measure(w, h, mode);
}

static void print_row(int w, int h)
{
	double unit = series_median(&took[w][0][STOCK]) + holds[h].ms;

	printf("@%s\t%zu\t%d\t%d", watchers[w].name, watchers[w].size,
	       holds[h].ms, took[w][h][STOCK].n);
	for (int m = 0; m < NR_MODES; m++) {
		struct series *s = &took[w][h][m];
		double median = series_median(s);

		printf("\t%.6f\t%.6f\t%.6f", median / unit,
		       s->value[0] / unit, s->value[s->n - 1] / unit);
	}
	putchar('\n');
}

int main(void)
{
	pthread_condattr_t attr;
	char version[512];

	setvbuf(stdout, NULL, _IOLBF, 0);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&holder.over, &attr);
	memset(buffer, 1, sizeof(buffer));
	target = target_alloc();
	pid = target_start(prepare, target);
	if (target->broken[0])
		die("%s", target->broken);
	for (int i = 0; i < ROUNDS; i++) {
		printf("round %d of %d\n", i + 1, ROUNDS);
		vmapeek_off();
		measure_all(STOCK, i);
		vmapeek_on();
		measure_all(VMAPEEK, i);
	}
	vmapeek_off();
	read_line("/proc/version", version, sizeof(version));
	printf("@# kernel: %s\n", version);
	for (int w = 0; w < NR_WATCHERS; w++)
		for (int h = 0; h < NR_HOLDS; h++)
			print_row(w, h);
	target_stop(pid);
	return 0;
}
