// SPDX-License-Identifier: GPL-2.0
/*
 * Changes during a stopped read: the reader is stopped at a place where the
 * kernel lets it wait, the target changes the memory, and both resume. The
 * product of methods, places, kinds of memory, deeds and their positions is run
 * with vmapeek off and then on. The reader's result, the results of the
 * target's own calls, its visible memory and the pins must be the same.
 *
 * interference [-l | -s RUNS] [NAME...]: only cells whose name begins with, or
 * matches, one of these. -l lists them. With -s, RUNS of each with vmapeek off
 * are compared instead.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "interference.h"
#include "kinds-make.h"
#include "run.h"
#include "vmapeek.h"

/* Each of them may have waited for its time limit. */
#define MAX_BROKEN	5

/*
 * On a busy machine, background work of the kernel may affect a cell. So if few
 * cells differ, they are repeated. A difference caused by vmapeek occurs each
 * time.
 */
#define MAX_REPEATED	20
#define MAX_RUNS	3

struct job {
	struct cell cell;
	struct report *off, *on;
	bool is_wanted;		/* in the next run */
};

static struct job *jobs;
static size_t nr_jobs;
static int broken_runs;
static bool is_there[32];	/* indexed by place */

static void make_jobs(char **wanted)
{
	const struct cell *cells = cells_make(wanted, &nr_jobs);

	jobs = calloc(nr_jobs, sizeof(*jobs));
	if (!jobs || !nr_jobs)
		die("no cell has such a name");
	for (size_t i = 0; i < nr_jobs; i++)
		jobs[i].cell = cells[i];
}

static bool is_needed(const struct place *place)
{
	for (size_t i = 0; i < nr_jobs; i++)
		if (jobs[i].cell.place == place)
			return true;
	return false;
}

static void start_places(void)
{
	for (size_t i = 0; i < nr_places; i++) {
		const struct place *p = &places[i];

		is_there[i] = !p->start || !is_needed(p) || p->start();
	}
}

static void stop_places(void)
{
	for (size_t i = 0; i < nr_places; i++)
		if (places[i].stop && is_there[i] && is_needed(&places[i]))
			places[i].stop();
}

/*
 * In shared memory, which fork() does not copy, and which is allocated on use.
 */
static void make_reports(void)
{
	struct report *r = mmap(NULL, 2 * nr_jobs * sizeof(*r),
				PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1,
				0);

	if (r == MAP_FAILED)
		die("no memory");
	for (size_t i = 0; i < nr_jobs; i++) {
		jobs[i].off = r++;
		jobs[i].on = r++;
	}
}

static void run_one(const struct cell *c, struct report *r)
{
	r->len = 0;
	r->broken[0] = '\0';
	limit_set(120, c->name);
	if (is_there[c->place - places])
		cell_run(c, r);
	else
		snprintf(r->lacks, sizeof(r->lacks), "%s", c->place->needs);
	limit_end();
	if (r->broken[0])
		printf("# %s: %s\n", c->name, r->broken);
	if (r->broken[0] && ++broken_runs > MAX_BROKEN)
		die("too much is broken, last %s: %s", c->name, r->broken);
}

static const char *kernel_series(void)
{
	static char series[32];
	struct utsname name;
	unsigned int major, minor;

	if (uname(&name) ||
	    sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return "6.12";
	snprintf(series, sizeof(series), "%u.%u", major, minor);
	return series;
}

static bool is_same(const struct job *job)
{
	return !strcmp(job->off->text, job->on->text);
}

/* For a comparison of two kernels. */
static void print_outcome(const struct job *job)
{
	const char *line = job->on->text;

	for (int n; *line; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		printf("# outcome\t%s\t%.*s\n", job->cell.name, n, line);
	}
}

static void check(void **state)
{
	const struct job *job = *state;

	if (job->off->broken[0] || job->on->broken[0])
		fail_msg("off: %s; on: %s", job->off->broken, job->on->broken);
	if (mainline() != MODULE)
		print_outcome(job);
	if (job->off->lacks[0]) {
		assert_string_equal(job->off->lacks, job->on->lacks);
		skip_lacking(job->off->lacks);
	}
	if (is_same(job))
		return;
	reports_print(job->off, job->on);
	fail_msg("differs; repeat it: KERNEL=%s tests/interference.t %s",
		 kernel_series(), job->cell.name);
}

static void run_wanted(bool on)
{
	time_t start = time(NULL);
	size_t nr = 0;

	if (on)
		vmapeek_on();
	else
		vmapeek_off();
	for (size_t i = 0; i < nr_jobs; i++) {
		if (!jobs[i].is_wanted)
			continue;
		run_one(&jobs[i].cell, on ? jobs[i].on : jobs[i].off);
		nr++;
	}
	printf("# %zu cells with vmapeek %s took %ld s\n", nr,
	       on ? "on" : "off", time(NULL) - start);
	vmapeek_off();
}

static void want_all(void)
{
	for (size_t i = 0; i < nr_jobs; i++)
		jobs[i].is_wanted = true;
}

/* Select the cells that differ, if they are few. Returns their number. */
static size_t want_different(void)
{
	size_t nr = 0;

	for (size_t i = 0; i < nr_jobs; i++) {
		struct job *job = &jobs[i];

		job->is_wanted = job->off->broken[0] || job->on->broken[0] ||
				 !is_same(job);
		nr += job->is_wanted;
	}
	return nr <= MAX_REPEATED ? nr : 0;
}

static void name_wanted(void)
{
	for (size_t i = 0; i < nr_jobs; i++) {
		if (!jobs[i].is_wanted)
			continue;
		printf("# %s differs, and is run again\n", jobs[i].cell.name);
		reports_print(jobs[i].off, jobs[i].on);
	}
}

/* Compares each run with the first one, and keeps the first that differs. */
static void compare_off_and_off(long runs)
{
	want_all();
	run_wanted(false);
	for (size_t i = 0; i < nr_jobs; i++)
		for (long run = 1; run < runs; run++) {
			run_one(&jobs[i].cell, jobs[i].on);
			if (!is_same(&jobs[i]))
				break;
		}
}

static void compare_off_and_on(void)
{
	want_all();
	if (mainline() != MODULE) {
		/*
		 * Nothing to switch: the caller compares the output of two
		 * kernels.
		 */
		run_wanted(true);
		for (size_t i = 0; i < nr_jobs; i++)
			jobs[i].off = jobs[i].on;
		return;
	}
	run_wanted(false);
	run_wanted(true);
	for (int run = 1; run < MAX_RUNS && want_different(); run++) {
		name_wanted();
		run_wanted(false);
		run_wanted(true);
	}
}

static int report_all(void)
{
	struct CMUnitTest *tests = calloc(nr_jobs, sizeof(*tests));

	if (!tests)
		die("no memory");
	for (size_t i = 0; i < nr_jobs; i++) {
		tests[i].name = jobs[i].cell.name;
		tests[i].test_func = check;
		tests[i].initial_state = &jobs[i];
	}
	return run_selected("off and on", tests, nr_jobs, 120);
}

int main(int argc, char **argv)
{
	long runs = 0;

	if (argc > 1 && !strcmp(argv[1], SLEEP))
		for (;;)
			pause();
	if (argc > 1 && !strcmp(argv[1], "-l")) {
		make_jobs(argv + 2);
		for (size_t i = 0; i < nr_jobs; i++)
			puts(jobs[i].cell.name);
		return 0;
	}
	if (argc > 2 && !strcmp(argv[1], "-s")) {
		runs = atol(argv[2]);
		argv += 2;
	}
	scene = shared_alloc(sizeof(*scene));
	/* Do not log each time that caches are dropped. */
	write_line("/proc/sys/vm/drop_caches", "4");
	/* No writeback: a written page stays dirty. */
	write_line("/proc/sys/vm/dirty_writeback_centisecs", "0");
	/* Huge pages only by madvise(). */
	thp_enable("madvise");
	make_jobs(argv + 1);
	make_reports();
	start_places();
	if (runs > 1)
		compare_off_and_off(runs);
	else
		compare_off_and_on();
	stop_places();
	return report_all();
}
