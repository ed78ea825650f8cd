// SPDX-License-Identifier: GPL-2.0
/* The command watch: the counters of status as rates, repeatedly. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "output.h"
#include "status.h"
#include "ticker.h"
#include "watch.h"

#define CLEAR_SCREEN	"\033[H\033[J"

/* One interval: its counts, and the state at its end. */
struct sample {
	const struct status *now;
	struct counters since;
	double seconds;
};

static double rate(const struct sample *s, unsigned long long count)
{
	return count / s->seconds;
}

static struct json_object *rates_json(const struct sample *s)
{
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; i < s->since.n; i++)
		json_number(object, s->since.counter[i].name,
			    rate(s, s->since.counter[i].value));
	return object;
}

static void print_as_json(const struct options *opt, const struct sample *s)
{
	struct json_object *object = json_begin(opt);
	bool counted = s->now->memory.counted;

	json_count(object, "time", time(NULL));
	json_number(object, "seconds", s->seconds);
	status_json(s->now, object);
	json_object_object_add(object, "counters", counted ?
			       counters_json(&s->now->memory.counters) : NULL);
	json_object_object_add(object, "per_second",
			       counted ? rates_json(s) : NULL);
	print_json(object);
}

static void time_of_day(char *text, size_t size)
{
	time_t now = time(NULL);

	strftime(text, size, "%H:%M:%S", localtime(&now));
}

/* For logs: one line per interval. */
static void print_line(const struct sample *s)
{
	unsigned long long reads = counters_reads(&s->since);
	char clock[16];

	time_of_day(clock, sizeof(clock));
	printf("%s %s", clock, livepatch_state_name(s->now->memory.state));
	if (s->now->memory.counted)
		printf(" reads/s=%.1f", rate(s, reads));
	for (size_t i = 0; i < s->since.n; i++)
		if (s->since.counter[i].value)
			printf(" %s/s=%.1f", s->since.counter[i].name,
			       rate(s, s->since.counter[i].value));
	putchar('\n');
}

/* In a log, print such a line once. */
static bool is_news(const struct sample *s)
{
	static bool was_loaded = true;
	bool loaded = s->now->memory.state != STATE_NOT_LOADED, news;

	news = loaded || was_loaded;
	was_loaded = loaded;
	return news;
}

static void print_table(FILE *out, const struct sample *s)
{
	unsigned long long reads = counters_reads(&s->since);
	char clock[16];

	time_of_day(clock, sizeof(clock));
	fprintf(out, "vmapeek is %s   %s   every %.1f s, Ctrl-C ends\n\n",
		livepatch_state_name(s->now->memory.state), clock, s->seconds);
	if (s->now->memory.counted)
		fprintf(out, "%-14s %12s %10s %9s\n", "", "per second",
			"share", "all");
	/* Sort by the total counts, so that lines seldom move. */
	for (size_t i = 0; i < s->now->memory.counters.n; i++) {
		const struct counter *c = &s->now->memory.counters.counter[i];
		unsigned long long n = counters_value(&s->since, c->name);

		if (!c->value && strcmp(c->name, "fast"))
			continue;
		fprintf(out, "%-14s %12.1f ", c->name, rate(s, n));
		if (reads && counter_is_read(c->name))
			fprintf(out, "%8.1f %%", percent(n, reads));
		else
			fprintf(out, "%10s", "-");
		fprintf(out, " %9llu\n", c->value);
	}
	fputc('\n', out);
	if (s->now->memory.state == STATE_NOT_LOADED)
		fputs("vmapeek: 'vmapeek on' loads it; watch then continues\n",
		      out);
	status_warn(s->now, out);
}

static char *screen_text;

FILE *screen_begin(void)
{
	static size_t size;
	FILE *screen = open_memstream(&screen_text, &size);

	if (!screen)
		err(EXIT_FAILED, "out of memory");
	return screen;
}

void screen_end(FILE *screen)
{
	struct winsize size = { 0 };

	fclose(screen);
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row > 1) {
		char *at = screen_text;

		for (int row = 1; at && row < size.ws_row; row++) {
			at = strchr(at, '\n');
			at = at ? at + 1 : NULL;
		}
		if (at)
			*at = '\0';
	}
	printf(CLEAR_SCREEN "%s", screen_text);
	free(screen_text);
}

static void redraw(const struct sample *s)
{
	FILE *screen = screen_begin();

	print_table(screen, s);
	screen_end(screen);
}

bool watch_interval(const struct options *opt, bool first, bool terminal)
{
	bool interrupted;

	if (first && terminal)
		ticker_begin("waiting for the first interval");
	interrupted = pause_seconds(opt->interval);
	ticker_end();
	return !interrupted;
}

int command_watch(const struct options *opt)
{
	bool terminal = is_screen(STDOUT_FILENO) && !opt->json;
	struct counters start;
	struct status now;
	double begin;

	if (opt->by_reader)
		return watch_readers(opt);

	if (livepatch_state(&livepatch_memory) == STATE_NOT_LOADED)
		return fail(opt, NULL, EXIT_OFF,
			    "vmapeek is not loaded: run 'vmapeek on' first");

	/* Ctrl-C is the usual end: success. */
	catch_interrupts();

	counters_read(&livepatch_memory, &start);
	begin = seconds_now();
	for (unsigned long i = 0; !opt->count || i < opt->count; i++) {
		struct sample s = { .now = &now };
		double end;

		if (!watch_interval(opt, !i, terminal))
			break;
		status_read(&now);
		end = seconds_now();
		s.since = counters_since(&now.memory.counters, &start);
		s.seconds = end - begin;
		if (opt->json)
			print_as_json(opt, &s);
		else if (terminal)
			redraw(&s);
		else if (is_news(&s))
			print_line(&s);
		if (!i && !terminal)
			status_warn(&now, stderr);
		if (fflush(stdout))
			break;
		start = now.memory.counters;
		begin = end;
		status_free(&now);
	}
	return EXIT_OK;
}
