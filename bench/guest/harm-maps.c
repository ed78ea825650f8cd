// SPDX-License-Identifier: GPL-2.0
/*
 * The cost for the target of readers of its memory or of one /proc/PID file.
 * The target maps and unmaps 4 KiB in a loop on one CPU, while the readers loop
 * on the other CPU. The target is small, has 2 GiB of memory, or has 20000
 * VMAs. The readers are one process (plain); one, or more, each in a cgroup
 * with 1 % of a CPU (throttled); or two with nice 19 beside a task that spins
 * (low priority).
 *
 *	harm-maps ROUNDS READERS	plain, throttled or "low priority"
 *
 * Lines for bench/harm-maps begin with "@": target, file, readers, windows; for
 * each mode the median and the 99th percentile of a step, and the median and
 * the maximum of the longest step of a window; last, the number of reads with
 * vmapeek divided by stock's. The unit of the steps is the median step of the
 * same target just before, without readers.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "look.h"
#include "series.h"
#include "target.h"
#include "vmapeek.h"
#include "window.h"

#define UNIT_NS		200000000LL
#define MAX_READERS	16
#define MAX_ROUNDS	15
#define CGROUPS		"/sys/fs/cgroup"
#define MEMORY_AT	0x200000000000UL

enum mode { STOCK, VMAPEEK, NR_MODES };

/* The target process. */
static const struct shape {
	const char *name;
	size_t size;
	bool split;	/* neighbouring pages differ in protection */
} small = { "small", PAGE, false },
  large = { "2 GiB", 2048 * MIB, false },
  many = { "20000 VMAs", 20000 * PAGE, true };

/* How the readers are scheduled, and the windows of a round. */
static const struct setting {
	const char *name;
	int readers;
	bool throttled, spinner;
	int windows;
	long long ns;
} plain = { "plain", 1, false, false, 2, 500000000 },
  /* 20 periods of the cgroup */
  throttled = { "throttled", 1, true, false, 1, 2000000000 },
  /* that many monitors, each in its own cgroup */
  throttled_4 = { "throttled, 4", 4, true, false, 1, 2000000000 },
  throttled_16 = { "throttled, 16", 16, true, false, 1, 2000000000 },
  low_priority = { "low priority", 2, false, true, 4, 1000000000 };

/* The objects that are read; cmdline and environ as whole files. */
static const struct look cmdline = { .file = "cmdline" },
			 environment = { .file = "environ" },
			 mem = { .how = MEM, .size = 8 },
			 readv = { .how = READV, .size = 8 },
			 maps = { .file = "maps" },
			 smaps = { .file = "smaps" },
			 smaps_rollup = { .file = "smaps_rollup" },
			 pagemap = { .file = "pagemap" };
#define NOBODY	NULL

static const struct row {
	const struct shape *shape;
	const struct look *look;
	const struct setting *setting;
} rows[] = {
	{ &small, NOBODY, &low_priority },
	{ &small, &cmdline, &low_priority },
	{ &small, &environment, &low_priority },
	{ &small, &mem, &low_priority },
	{ &small, &maps, &low_priority },
	{ &small, &smaps_rollup, &low_priority },
	{ &small, NOBODY, &throttled },
	{ &small, &cmdline, &throttled },
	{ &small, &cmdline, &throttled_4 },
	{ &small, &cmdline, &throttled_16 },
	{ &small, &maps, &throttled },
	{ &small, &maps, &throttled_4 },
	{ &small, &maps, &throttled_16 },
	{ &large, NOBODY, &plain },
	{ &large, &maps, &plain },
	{ &large, &smaps, &plain },
	{ &large, &smaps_rollup, &plain },
	{ &large, &pagemap, &plain },
	{ &large, &maps, &throttled },
	{ &large, &smaps, &throttled },
	{ &large, &smaps_rollup, &throttled },
	{ &large, &pagemap, &throttled },
	{ &large, &cmdline, &throttled },
	{ &large, &environment, &throttled },
	{ &large, &mem, &throttled },
	{ &large, &readv, &throttled },
	{ &many, NOBODY, &plain },
	{ &many, &maps, &plain },
	{ &many, &smaps, &plain },
	{ &many, &smaps_rollup, &plain },
	{ &many, &pagemap, &plain },
	{ &many, &maps, &throttled },
	{ &many, &smaps, &throttled },
	{ &many, &smaps_rollup, &throttled },
	{ &many, &pagemap, &throttled },
	{ &many, &cmdline, &throttled },
	{ &many, &environment, &throttled },
	{ &many, &mem, &throttled },
	{ &many, &readv, &throttled },
};

#define NR_ROWS		((int)ARRAY_SIZE(rows))

static struct result {
	struct series steps[NR_FIGURES];	/* MEDIAN to WORST */
	unsigned long reads;
} results[NR_ROWS][NR_MODES];

static const char *wanted;	/* prefix of the settings' names */
static atomic_ulong *reads;	/* of all readers of this window */
static pid_t target;
static int target_fd;		/* takes nanoseconds, answers with figures */

static void make_memory(const struct shape *shape)
{
	char *p = mmap((void *)MEMORY_AT, shape->size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED || !small_pages_only(p, shape->size))
		die("%s: %s", shape->name, strerror(errno));
	for (size_t at = 0; at < shape->size; at += PAGE) {
		p[at] = 1;
		if (shape->split && at / PAGE % 2 &&
		    mprotect(p + at, PAGE, PROT_READ))
			die("mprotect: %s", strerror(errno));
	}
}

static void target_main(const struct shape *shape, int fd)
{
	double figures[NR_FIGURES];
	long long ns;

	use_cpu(0);
	make_memory(shape);
	while (read(fd, &ns, sizeof(ns)) == sizeof(ns)) {
		window(step_map, ns, figures);
		if (write(fd, figures, sizeof(figures)) != sizeof(figures))
			break;
	}
	_exit(1);
}

static pid_t fork_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void target_begin(const struct shape *shape)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds))
		die("socketpair: %s", strerror(errno));
	target = fork_child();
	if (!target) {
		close(fds[0]);
		target_main(shape, fds[1]);
	}
	close(fds[1]);
	target_fd = fds[0];
}

static void target_end(void)
{
	close(target_fd);
	target_stop(target);
}

/* The first call waits until the target has made its memory. */
static void target_window(long long ns, double *figures)
{
	const ssize_t size = NR_FIGURES * sizeof(*figures);

	if (write(target_fd, &ns, sizeof(ns)) != sizeof(ns) ||
	    read(target_fd, figures, size) != size)
		die("the target has ended");
}

/* A new cgroup for each reader: an old one may have used up its quota. */
static void cgroup_join(int number)
{
	char path[64], file[80];

	snprintf(path, sizeof(path), CGROUPS "/monitor%d", number);
	rmdir(path);
	if (mkdir(path, 0755))
		die("%s: %s", path, strerror(errno));
	snprintf(file, sizeof(file), "%s/cpu.max", path);
	write_line(file, "1000 100000");
	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	write_line(file, "0");
}

static pid_t reader_start(const struct row *row, int number)
{
	pid_t pid = fork_child();
	struct looker l;

	if (pid)
		return pid;
	looker_open(&l, row->look, target, MEMORY_AT, row->shape->size);
	l.calls = reads;
	if (row->setting->throttled)
		cgroup_join(number);
	if (row->setting->spinner)
		setpriority(PRIO_PROCESS, 0, 19);
	for (;;)
		looker_look(&l);
}

/* Unthrottle it first: it finishes its system call before it dies. */
static void reader_stop(const struct row *row, pid_t pid)
{
	char text[16];

	if (waitpid(pid, NULL, WNOHANG))
		die("a reader of %s ended", look_name(row->look));
	snprintf(text, sizeof(text), "%d", pid);
	if (row->setting->throttled)
		write_line(CGROUPS "/cgroup.procs", text);
	target_stop(pid);
}

static void measure_window(const struct row *row, struct result *result)
{
	double alone[NR_FIGURES], figures[NR_FIGURES];
	int readers = row->look ? row->setting->readers : 0;
	pid_t pids[MAX_READERS], spinner = 0;

	target_window(UNIT_NS, alone);
	if (row->setting->spinner)
		spinner = keep_cpu_busy();
	*reads = 0;
	for (int i = 0; i < readers; i++)
		pids[i] = reader_start(row, i);
	/* The first read of a throttled reader may have used up its quota. */
	if (!row->setting->throttled)
		usleep(100000);
	target_window(row->setting->ns, figures);
	result->reads += *reads;
	for (int f = MEDIAN; f < NR_FIGURES; f++)
		series_add(&result->steps[f], figures[f] / alone[MEDIAN]);

	if (spinner)
		target_stop(spinner);
	for (int i = 0; i < readers; i++)
		reader_stop(row, pids[i]);
}

static void measure(int row, enum mode mode)
{
	if (mode == VMAPEEK)
		modules_on();
	else
		modules_off();
	for (int i = 0; i < rows[row].setting->windows; i++)
		measure_window(&rows[row], &results[row][mode]);
}

static void print_row(const struct row *row, struct result *result)
{
	printf("@%s\t%s\t%s\t%d", row->shape->name,
	       row->look ? look_name(row->look) : "nobody", row->setting->name, result->steps[WORST].n);
	for (int m = 0; m < NR_MODES; m++) {
		struct series *s = result[m].steps;
		double longest = series_median(&s[WORST]);

		printf("\t%.2f\t%.2f\t%.1f\t%.1f", series_median(&s[MEDIAN]),
		       series_median(&s[P99]), longest,
		       s[WORST].value[s[WORST].n - 1]);
	}
	if (result[STOCK].reads)
		printf("\t%.2f\n", result[VMAPEEK].reads /
					   (double)result[STOCK].reads);
	else
		puts("\t-");
}

static bool is_wanted(const struct row *row)
{
	return !strncmp(wanted, row->setting->name, strlen(wanted));
}

/* Each row in both modes, one after the other, @mode first. */
static void measure_round(enum mode mode)
{
	const struct shape *shape = NULL;

	for (int i = 0; i < NR_ROWS; i++) {
		if (!is_wanted(&rows[i]))
			continue;
		if (rows[i].shape != shape) {
			if (shape)
				target_end();
			shape = rows[i].shape;
			target_begin(shape);
		}
		measure(i, mode);
		mode = !mode;
		measure(i, mode);
	}
	if (shape)
		target_end();
}

int main(int argc, char **argv)
{
	int rounds = argc == 3 ? atoi(argv[1]) : 0;
	char version[512];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (rounds < 1 || rounds > MAX_ROUNDS)
		die("usage: harm-maps ROUNDS READERS, at most %d rounds",
		    MAX_ROUNDS);
	wanted = argv[2];
	reads = shared_alloc(sizeof(*reads));
	use_cpu(1);
	for (int i = 0; i < rounds; i++) {
		printf("round %d of %d\n", i + 1, rounds);
		measure_round(i % 2);
	}
	modules_off();
	read_line("/proc/version", version, sizeof(version));
	printf("@# kernel: %s\n", version);
	for (int i = 0; i < NR_ROWS; i++)
		if (is_wanted(&rows[i]))
			print_row(&rows[i], results[i]);
	return 0;
}
