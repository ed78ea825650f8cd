// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of readers for the target. The target maps and unmaps 4 KiB, or
 * takes page faults, in a loop on one CPU, while the readers read from it in a
 * loop on the other CPU. Lines for bench/harm begin with "@": work, reader,
 * number of readers, windows, and for each mode the rate (median, minimum,
 * maximum), and the mean, 99th percentile and maximum of a step, each divided
 * by that of the preceding window without readers.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "look.h"
#include "series.h"
#include "target.h"
#include "vmapeek.h"
#include "window.h"

#define ROUNDS		5
#define WINDOW_NS	200000000LL
#define MAX_READERS	8

enum mode { STOCK, VMAPEEK, NR_MODES };
enum work { MAP, FAULT, NR_WORKS };

static const char *const work_names[] = { "mmap and munmap", "page faults" };
static void (*const steps[])(char *memory) = { step_map, step_fault };
static const int counts[] = { 0, 1, 2, 4, 8 };
static const struct look kinds[] = {
	{ .how = CMDLINE, .size = PAGE },
	{ .how = MEM, .size = 8 },
	{ .how = READV, .size = 8 },
	{ .file = "maps" },
	{ .file = "smaps_rollup" },
	{ .file = "pagemap" },
};

#define NR_COUNTS	((int)(sizeof(counts) / sizeof(*counts)))
#define NR_KINDS	((int)(sizeof(kinds) / sizeof(*kinds)))

static struct series got[NR_WORKS][NR_KINDS][NR_COUNTS][NR_MODES][NR_FIGURES];
static struct target *page;	/* shared: resident at one address */

static pid_t reader_start(int kind)
{
	pid_t pid = fork(), watched;
	struct looker l;

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid)
		return pid;
	watched = getppid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	use_cpu(1);
	looker_open(&l, &kinds[kind], watched, (unsigned long)page,
		    sizeof(*page));
	for (;;)
		looker_look(&l);
}

static void watched_window(enum work work, int kind, int readers,
			   double *figures)
{
	pid_t pids[MAX_READERS];

	for (int i = 0; i < readers; i++)
		pids[i] = reader_start(kind);
	usleep(30000);
	window(steps[work], WINDOW_NS, figures);
	for (int i = 0; i < readers; i++) {
		if (waitpid(pids[i], NULL, WNOHANG))
			die("a reader ended");
		target_stop(pids[i]);
	}
}

static void measure(enum work work, int kind, int count, enum mode mode)
{
	double alone[NR_FIGURES], figures[NR_FIGURES];

	window(steps[work], WINDOW_NS, alone);
	watched_window(work, kind, counts[count], figures);
	for (int f = 0; f < NR_FIGURES; f++)
		series_add(&got[work][kind][count][mode][f],
			   figures[f] / alone[f]);
}

static void measure_all(enum mode mode)
{
	for (int w = 0; w < NR_WORKS; w++)
		for (int k = 0; k < NR_KINDS; k++)
			for (int c = 0; c < NR_COUNTS; c++)
				measure(w, k, c, mode);
}

static void print_row(int work, int kind, int count)
{
	printf("@%s\t%s\t%d\t%d", work_names[work],
	       look_name(&kinds[kind]), counts[count], ROUNDS);
	for (int m = 0; m < NR_MODES; m++) {
		struct series *s = got[work][kind][count][m];
		double rate = series_median(s);

		printf("\t%.3f\t%.3f\t%.3f", rate, s->value[0],
		       s->value[s->n - 1]);
		printf("\t%.2f\t%.2f\t%.2f", series_median(&s[MEAN]),
		       series_median(&s[P99]), series_median(&s[WORST]));
	}
	putchar('\n');
}

int main(void)
{
	char version[512];

	setvbuf(stdout, NULL, _IOLBF, 0);
	page = target_alloc();
	pattern_fill(page, sizeof(*page));
	use_cpu(0);
	for (int i = 0; i < ROUNDS; i++) {
		printf("round %d of %d\n", i + 1, ROUNDS);
		modules_off();
		measure_all(STOCK);
		modules_on();
		measure_all(VMAPEEK);
	}
	modules_off();
	read_line("/proc/version", version, sizeof(version));
	printf("@# kernel: %s\n", version);
	for (int w = 0; w < NR_WORKS; w++)
		for (int k = 0; k < NR_KINDS; k++)
			for (int c = 0; c < NR_COUNTS; c++)
				print_row(w, k, c);
	return 0;
}
