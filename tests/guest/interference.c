// SPDX-License-Identifier: GPL-2.0
/*
 * What happens while a reader stands still: it is stopped at a place where the
 * kernel lets it wait, the target changes what is read, and both go on. The
 * product of interfaces, places, kinds of memory, deeds and their position is
 * run with vmapeek off and then on. The answer, what the target's own calls
 * returned, and what can be seen of its memory and of pins must be the same.
 *
 * interference [-s RUNS] [NAME...]: only cells whose name begins with, or
 * matches, one of these. With -s, RUNS with vmapeek off are compared instead.
 */
#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <cmocka.h>

#include "interference.h"
#include "limit.h"
#include "vmapeek.h"

/* Each may have taken its time to hang. */
#define MAX_BROKEN	5

struct job {
	struct cell cell;
	struct report *off, *on;
};

static struct job *jobs;
static size_t nr_jobs;
static char **wanted;
static int broken_runs;

static bool is_wanted(const char *name)
{
	if (!*wanted)
		return true;
	for (char **w = wanted; *w; w++)
		if (!strncmp(name, *w, strlen(*w)) || !fnmatch(*w, name, 0))
			return true;
	return false;
}

static bool makes_sense(const struct cell *c)
{
	const struct place *p = c->place;

	if (!(c->deed->backing & c->memory->backing))
		return false;
	/* Nothing but where the deed is done would be different. */
	if (c->deed->whole_mm && c->where != AT)
		return false;
	if (c->memory->whole && c->deed->small)
		return false;
	/* A huge page cannot be made behind others, nor miss a small one. */
	if (c->memory->huge && (p->lead || p->in_target))
		return false;
	/*
	 * UFFDIO_MOVE tries to split the huge page until nobody has it pinned,
	 * and the reader waits for the end of the deed.
	 */
	if (!strcmp(c->deed->name, "uffd-move") && c->memory->huge)
		return false;
	/* There is no room for a huge page. */
	if (!strcmp(c->deed->name, "collapse") && p->lead)
		return false;
	/* The page cannot be missing from what a file or a fork has. */
	if (p->in_target && c->memory->backing != PRIVATE_ANON &&
	    c->memory->backing != SHARED_FILE)
		return false;
	return true;
}

static void add_cell(const struct cell *cell)
{
	static const char *const names[NR_WHERE] = { "before", "at", "behind" };
	struct cell c = *cell;

	if (!makes_sense(&c))
		return;
	snprintf(c.name, sizeof(c.name), "%s/%s/%s/%s%s%s", c.interface,
		 c.place->name, c.memory->name, c.deed->name,
		 c.deed->whole_mm ? "" : "/",
		 c.deed->whole_mm ? "" : names[c.where]);
	if (!is_wanted(c.name))
		return;
	jobs = realloc(jobs, (nr_jobs + 1) * sizeof(*jobs));
	if (!jobs)
		die("no memory");
	jobs[nr_jobs++] = (struct job){ .cell = c };
}

static void add_cells(const char *interface, const struct place *place)
{
	for (size_t m = 0; m < nr_memories; m++)
		for (size_t d = 0; d < nr_deeds; d++)
			for (int w = 0; w < NR_WHERE; w++)
				add_cell(&(struct cell){
					.interface = interface,
					.place = place,
					.memory = &memories[m],
					.deed = &deeds[d],
					.where = w });
}

static void add_all(void)
{
	for (size_t p = 0; p < nr_places; p++) {
		add_cells("readv", &places[p]);
		if (!strcmp(places[p].name, "own-buffer"))
			add_cells("mem", &places[p]);
	}
}

static struct report *run_one(const struct cell *c)
{
	struct report *r = calloc(1, sizeof(*r)), *fit;

	if (!r)
		die("no memory");
	limit_set(120, c->name);
	cell_run(c, r);
	limit_set(0, "");
	if (r->broken[0])
		printf("# %s: %s\n", c->name, r->broken);
	if (r->broken[0] && ++broken_runs > MAX_BROKEN)
		die("too much is broken, last %s: %s", c->name, r->broken);
	fit = realloc(r, offsetof(struct report, text) + r->len + 1);
	return fit ?: r;
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

/* For whoever compares one kernel with another. */
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
		printf("# this kernel or machine lacks: %s\n", job->off->lacks);
		skip();
	}
	if (!strcmp(job->off->text, job->on->text))
		return;
	reports_print(job->off, job->on);
	fail_msg("differs; repeat it: KERNEL=%s tests/interference.t %s",
		 kernel_series(), job->cell.name);
}

static int run_all(void)
{
	struct CMUnitTest *tests = calloc(nr_jobs, sizeof(*tests));

	if (!tests)
		die("no memory");
	for (size_t i = 0; i < nr_jobs; i++) {
		tests[i].name = jobs[i].cell.name;
		tests[i].test_func = check;
		tests[i].initial_state = &jobs[i];
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("off and on", tests, nr_jobs, NULL,
				       NULL);
}

static void compare_off_and_on(void)
{
	vmapeek_off();
	for (size_t i = 0; i < nr_jobs && mainline() == MODULE; i++)
		jobs[i].off = run_one(&jobs[i].cell);
	vmapeek_on();
	for (size_t i = 0; i < nr_jobs; i++) {
		jobs[i].on = run_one(&jobs[i].cell);
		/* Nothing can be switched: the other kernel is compared. */
		if (mainline() != MODULE)
			jobs[i].off = jobs[i].on;
	}
	vmapeek_off();
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], SLEEP))
		for (;;)
			pause();
	wanted = argv + 1;
	scene = mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (scene == MAP_FAILED)
		die("no memory");
	/* Huge pages for those only who ask for them. */
	write_line("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	add_all();
	if (!nr_jobs)
		die("no cell has such a name");
	compare_off_and_on();
	return run_all();
}
