// SPDX-License-Identifier: GPL-2.0
/*
 * Prints the output of status in the OpenMetrics text format, for the textfile
 * collector of node_exporter. That reads the older Prometheus format: the types
 * here exist in both, and the last line is a comment there.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limited.h"
#include "metrics.h"
#include "output.h"
#include "stuck.h"
#include "ticker.h"

static void begin(FILE *out, const char *name, const char *type,
		  const char *help)
{
	fprintf(out, "# HELP vmapeek_%s %s\n# TYPE vmapeek_%s %s\n", name, help,
		name, type);
}

static void gauge(FILE *out, const char *name, const char *help, double value)
{
	begin(out, name, "gauge", help);
	fprintf(out, "vmapeek_%s %.15g\n", name, value);
}

/* The names of counters are those of files: they need no quoting. */
static void counters(FILE *out, const struct counters *c)
{
	begin(out, "reads", "counter",
	      "Remote reads since the module was loaded, by result.");
	for (size_t i = 0; i < c->n; i++)
		if (counter_is_read(c->counter[i].name))
			fprintf(out, "vmapeek_reads_total{result=\"%s\"} %llu\n",
				c->counter[i].name, c->counter[i].value);
	begin(out, "events", "counter",
	      "Other events that the module counts, by kind.");
	for (size_t i = 0; i < c->n; i++)
		if (!counter_is_read(c->counter[i].name))
			fprintf(out, "vmapeek_events_total{event=\"%s\"} %llu\n",
				c->counter[i].name, c->counter[i].value);
}

static void group(FILE *out, const char *name, const char *help,
		  const struct status *s,
		  bool (*is_so)(enum livepatch_state state))
{
	const struct group_status *groups[] = { &s->memory, &s->maps };

	begin(out, name, "gauge", help);
	for (size_t i = 0; i < 2; i++)
		fprintf(out, "vmapeek_%s{group=\"%s\"} %d\n", name,
			groups[i]->lp->group, is_so(groups[i]->state));
}

static bool is_on(enum livepatch_state state)
{
	return state == STATE_ON;
}

static void files(FILE *out, const struct counters *c)
{
	begin(out, "file_reads", "counter",
	      "Reads of maps and its relatives since vmapeek_maps was loaded, by file.");
	for (size_t i = 0; i < c->n; i++)
		fprintf(out, "vmapeek_file_reads_total{file=\"%s\"} %llu\n",
			c->counter[i].name, c->counter[i].value);
}

static void stuck(FILE *out)
{
	double longest = 0;
	size_t n = 0, waiters = 0;
	struct stuck s;

	ticker_begin("looking at all tasks");
	stuck_read(&s);
	ticker_end();
	for (size_t i = 0; i < s.n; i++) {
		const struct stuck_process *p = &s.process[i];

		n += p->pid != 0;
		waiters += p->own + p->others;
		if (p->seconds > longest)
			longest = p->seconds;
	}
	gauge(out, "stuck_processes",
	      "Stuck processes: a task has waited for their mmap lock, or a VMA's lock, for more than a second.",
	      n);
	gauge(out, "stuck_waiting_tasks",
	      "Tasks that wait for a lock of a stuck process.", waiters);
	gauge(out, "stuck_longest_seconds",
	      "Longest wait for a lock of a stuck process.", longest);
	gauge(out, "stuck_took_seconds",
	      "Duration of the search for stuck processes.", s.seconds);
	stuck_free(&s);
	limited_end();
}

static void print(FILE *out, const struct status *s)
{
	begin(out, "info", "gauge", "The version of the command.");
	fprintf(out, "vmapeek_info{version=\"%s\"} 1\n", VERSION);
	gauge(out, "on", "Whether vmapeek is on for every task.",
	      s->memory.state == STATE_ON);
	gauge(out, "loaded", "Whether the module vmapeek is loaded.",
	      s->memory.state != STATE_NOT_LOADED);
	gauge(out, "switching", "Whether vmapeek is being switched on or off.",
	      livepatch_is_switching(s->memory.state));
	gauge(out, "overlaps",
	      "Functions that another livepatch replaces as well.",
	      s->nr_overlaps);
	group(out, "group_on", "Whether a group is on for every task.", s,
	      is_on);
	group(out, "group_switching",
	      "Whether a group is being switched on or off.", s,
	      livepatch_is_switching);
	if (s->memory.counted)
		counters(out, &s->memory.counters);
	if (s->maps.counted)
		files(out, &s->maps.counters);
	stuck(out);
	fputs("# EOF\n", out);
}

/* Replace the file atomically: the collector may read at any time. */
static int write_file(const struct options *opt, const struct status *s)
{
	char *name;
	bool bad;
	FILE *out;

	if (asprintf(&name, "%s.%d.tmp", opt->openmetrics_file, getpid()) < 0)
		err(EXIT_FAILED, "out of memory");
	out = fopen(name, "we");
	if (!out)
		return fail(opt, NULL, EXIT_FAILED, "cannot write %s: %s", name,
			    strerror(errno));
	print(out, s);
	bad = ferror(out) || fchmod(fileno(out), 0644);
	if (fclose(out) || bad || rename(name, opt->openmetrics_file)) {
		int error = errno;

		unlink(name);
		return fail(opt, NULL, EXIT_FAILED, "cannot write %s: %s",
			    opt->openmetrics_file, strerror(error));
	}
	free(name);
	return EXIT_OK;
}

int metrics_print(const struct options *opt, const struct status *s)
{
	if (opt->openmetrics_file)
		return write_file(opt, s);
	print(stdout, s);
	return EXIT_OK;
}
