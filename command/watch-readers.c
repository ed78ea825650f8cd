// SPDX-License-Identifier: GPL-2.0
/* The command watch --by-reader: who reads whom, which way, for how long. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "output.h"
#include "readers.h"
#include "sleepers.h"
#include "watch.h"

static double mean(const struct reader *r)
{
	return r->reads ? (double)r->nsec / r->reads : 0;
}

/* Sort by total time, then by the longest read. */
static int by_time(const void *a, const void *b)
{
	const struct reader *r = a, *s = b;

	if (r->nsec != s->nsec)
		return r->nsec < s->nsec ? 1 : -1;
	return (r->max_nsec < s->max_nsec) - (r->max_nsec > s->max_nsec);
}

static void print_time(FILE *out, double nsec)
{
	if (nsec < 1e4)
		fprintf(out, " %7.0f ns", nsec);
	else if (nsec < 1e7)
		fprintf(out, " %7.0f us", nsec / 1e3);
	else if (nsec < 1e10)
		fprintf(out, " %7.0f ms", nsec / 1e6);
	else
		fprintf(out, " %7.0f s ", nsec / 1e9);
}

static void print_table(FILE *out, const struct readers *r, double seconds,
			bool terminal)
{
	char clock[16], comm[32];
	time_t now = time(NULL);
	size_t shown = 0;

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
	fprintf(out, "%s   every %.1f s%s\n", clock, seconds,
		terminal ? ", Ctrl-C ends" : "");
	fprintf(out, "%-16s %-24s %-14s %9s %10s %10s\n", "READER", "READS",
		"WAY", "PER S", "MEAN", "LONGEST");
	for (size_t i = 0; i < r->n; i++) {
		const struct reader *reader = &r->reader[i];
		char target[48];

		/* On a terminal, also show readers of earlier intervals. */
		if (!reader->reads && !terminal)
			continue;
		process_comm(reader->target, comm, sizeof(comm));
		snprintf(target, sizeof(target), "%d %s", reader->target, comm);
		fprintf(out, "%-16s %-24s %-14s %9.1f", reader->comm, target,
			reader->reason, reader->reads / seconds);
		print_time(out, mean(reader));
		print_time(out, reader->max_nsec);
		fputc('\n', out);
		shown++;
	}
	if (!shown)
		fputs("no remote reads\n", out);
	if (r->dropped)
		fprintf(out, "%llu events were not counted: the kernel's table was full\n",
			r->dropped);
	if (!terminal)
		fputc('\n', out);
}

static void print_as_json(const struct options *opt, const struct readers *r,
			  double seconds)
{
	struct json_object *object = json_begin(opt);
	struct json_object *array = json_object_new_array();
	char comm[32];

	json_count(object, "time", time(NULL));
	json_number(object, "seconds", seconds);
	for (size_t i = 0; i < r->n; i++) {
		const struct reader *reader = &r->reader[i];
		struct json_object *one = json_object_new_object();

		process_comm(reader->target, comm, sizeof(comm));
		json_text(one, "reader", reader->comm);
		json_count(one, "pid", reader->target);
		json_text(one, "comm", comm);
		json_text(one, "reason", reader->reason);
		json_count(one, "reads", reader->reads);
		json_number(one, "reads_per_second", reader->reads / seconds);
		json_number(one, "mean_ns", mean(reader));
		json_count(one, "longest_ns", reader->max_nsec);
		json_object_array_add(array, one);
	}
	json_object_object_add(object, "readers", array);
	json_count(object, "dropped", r->dropped);
	print_json(object);
}

static void redraw(const struct readers *r, double seconds)
{
	FILE *screen = screen_begin();

	print_table(screen, r, seconds, true);
	screen_end(screen);
}

/* Catch the signals that end the command: it removes its instance. */
static void catch_all(void)
{
	signal(SIGPIPE, SIG_IGN);
	catch_interrupts();
	catch_hangup();
}

static int exit_code(int error)
{
	switch (error) {
	case EPERM:
		return EXIT_NO_PERMISSION;
	case ENODEV:
		return EXIT_OFF;
	default:
		return EXIT_FAILED;
	}
}

int watch_readers(const struct options *opt)
{
	bool terminal = is_screen(STDOUT_FILENO) && !opt->json;
	struct readers readers = { 0 };
	int error, code = EXIT_OK;
	char why[256];
	double begin;

	catch_all();
	error = readers_begin(why, sizeof(why));
	if (error)
		return fail(opt, NULL, exit_code(error), "%s", why);
	begin = seconds_now();
	for (unsigned long i = 0; !opt->count || i < opt->count; i++) {
		double end;

		if (!watch_interval(opt, !i, terminal))
			break;
		end = seconds_now();
		if (!readers_read(&readers)) {
			code = fail(opt, NULL, EXIT_FAILED,
				    "the tracing instance is gone: if the module was unloaded, run 'vmapeek on' first");
			break;
		}
		qsort(readers.reader, readers.n, sizeof(*readers.reader),
		      by_time);
		if (opt->json)
			print_as_json(opt, &readers, end - begin);
		else if (terminal)
			redraw(&readers, end - begin);
		else
			print_table(stdout, &readers, end - begin, false);
		/* A closed pipe, with SIGPIPE ignored */
		if (fflush(stdout) || ferror(stdout))
			break;
		begin = end;
	}
	readers_end();
	readers_free(&readers);
	return code;
}
