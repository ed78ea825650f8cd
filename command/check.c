// SPDX-License-Identifier: GPL-2.0
/* The command check: would vmapeek work on this kernel, or on another one? */
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "build.h"
#include "check.h"
#include "output.h"
#include "ticker.h"

static const struct {
	const char *name, *title;
	void (*look)(struct check *c);
} checks[] = {
	{ "kernel", "kernel version", check_kernel },
	{ "configuration", "configuration", check_configuration },
	{ "livepatching", "livepatching", check_livepatching },
	{ "symbols", "symbols", check_symbols },
	{ "module", "module", check_module },
	{ "loading", "loading modules", check_loading },
	{ "livepatches", "other livepatches", check_others },
	{ "maps", "vmapeek_maps", check_maps },
};

#define NR_CHECKS	(sizeof(checks) / sizeof(*checks))

static const char *const answers[] = {
	[ANSWER_YES] = "yes",
	[ANSWER_NO] = "no",
	[ANSWER_UNKNOWN] = "unknown",
};

void found(struct check *c, enum answer answer, const char *format, ...)
{
	va_list args;

	c->answer = answer;
	va_start(args, format);
	vsnprintf(c->detail, sizeof(c->detail), format, args);
	va_end(args);
}

void advise(struct check *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->remedy, sizeof(c->remedy), format, args);
	va_end(args);
}

struct check *report_add(struct report *r, const char *name, const char *title,
			 bool optional)
{
	struct point *points = reallocarray(r->points, r->n + 1, sizeof(*points));

	if (!points)
		err(EXIT_FAILED, "out of memory");
	r->points = points;
	points[r->n] = (struct point){ .name = name, .title = title, .optional = optional };
	return &points[r->n++].check;
}

static void print_as_json(const struct options *opt, const struct report *r,
			  int code)
{
	struct json_object *object = json_begin(opt);
	struct json_object *array = json_object_new_array();

	if (opt->build)
		json_text(object, "build", opt->build);
	json_text(object, "would_work", code == EXIT_OK     ? "yes" :
					code == EXIT_UNSURE ? "unknown" :
							      "no");
	for (size_t i = 0; i < r->n; i++) {
		const struct point *p = &r->points[i];
		struct json_object *item = json_object_new_object();

		json_text(item, "name", p->name);
		json_text(item, "answer", answers[p->check.answer]);
		json_text(item, "detail", p->check.detail);
		json_text(item, "remedy", *p->check.remedy ? p->check.remedy : NULL);
		json_object_array_add(array, item);
	}
	json_object_object_add(object, "checks", array);
	print_json(object);
}

/* True if no optional requirement has the answer no. */
static bool works_whole(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->points[i].optional &&
		    r->points[i].check.answer == ANSWER_NO)
			return false;
	return true;
}

static void print_points(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct check *c = &r->points[i].check;

		printf("%-18s %s%-8s%s %s\n", r->points[i].title,
		       c->answer == ANSWER_NO ? style_bold() : "",
		       answers[c->answer],
		       c->answer == ANSWER_NO ? style_none() : "", c->detail);
		if (*c->remedy)
			printf("%-18s %-8s -> %s\n", "", "", c->remedy);
	}
}

static void print_end(const struct report *r, int code)
{
	if (code == EXIT_OK)
		printf("vmapeek works on this kernel%s: %s\n",
		       works_whole(r) ? "" : ", but for vmapeek_maps",
		       livepatch_state(&livepatch_memory) == STATE_ON ?
			       "it is on" : "'vmapeek on' switches it on");
	else if (code == EXIT_FAILED)
		puts("vmapeek does not work here yet: follow the advice below each 'no'");
	else if (geteuid())
		puts("no obstacle found so far; run this as root to check the rest");
	else
		puts("no obstacle found, but something is unknown: try 'vmapeek on'");
}

static void print_end_of_build(const struct report *r, int code)
{
	if (code == EXIT_OK)
		printf("no obstacle found: vmapeek should build for that kernel and load there%s\n",
		       works_whole(r) ? "" : ", but for vmapeek_maps");
	else if (code == EXIT_FAILED)
		puts("vmapeek would not build for that kernel, or not load there: follow the advice below each 'no'");
	else
		puts("no obstacle found, but something is unknown: build the modules, and try that kernel");
}

static void check_running(struct report *r)
{
	for (size_t i = 0; i < NR_CHECKS; i++)
		checks[i].look(report_add(r, checks[i].name, checks[i].title,
					  checks[i].look == check_maps));
}

static int exit_code(const struct report *r)
{
	int code = EXIT_OK;

	for (size_t i = 0; i < r->n; i++) {
		const struct point *p = &r->points[i];

		if (p->optional || p->check.answer == ANSWER_YES)
			continue;
		if (p->check.answer == ANSWER_NO)
			return EXIT_FAILED;
		code = EXIT_UNSURE;
	}
	return code;
}

int command_check(const struct options *opt)
{
	struct report report = { 0 };
	int code;

	if (opt->build && !build_open(opt->build))
		return fail(opt, NULL, EXIT_FAILED,
			    "there is no directory %s: install the headers of that kernel, or name another one",
			    opt->build);
	ticker_begin(opt->build ? "looking at that kernel" : "looking at this kernel");
	if (opt->build)
		check_build(&report);
	else
		check_running(&report);
	ticker_end();

	code = exit_code(&report);
	if (opt->json) {
		print_as_json(opt, &report, code);
	} else {
		print_points(&report);
		(opt->build ? print_end_of_build : print_end)(&report, code);
	}
	free(report.points);
	return code;
}
