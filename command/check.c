// SPDX-License-Identifier: GPL-2.0
/* The command check: would vmapeek work on this kernel? */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

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

/* vmapeek is on without it, too. */
static bool can_do_without(size_t i)
{
	return checks[i].look == check_maps;
}

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

static void print_as_json(const struct options *opt,
			  const struct check *results, int code)
{
	struct json_object *object = json_begin(opt);
	struct json_object *array = json_object_new_array();

	json_text(object, "would_work", code == EXIT_OK     ? "yes" :
					code == EXIT_UNSURE ? "unknown" :
							      "no");
	for (size_t i = 0; i < NR_CHECKS; i++) {
		const struct check *c = &results[i];
		struct json_object *item = json_object_new_object();

		json_text(item, "name", checks[i].name);
		json_text(item, "answer", answers[c->answer]);
		json_text(item, "detail", c->detail);
		json_text(item, "remedy", *c->remedy ? c->remedy : NULL);
		json_object_array_add(array, item);
	}
	json_object_object_add(object, "checks", array);
	print_json(object);
}

/* No answer is no to what it can do without. */
static bool works_whole(const struct check *results)
{
	for (size_t i = 0; i < NR_CHECKS; i++)
		if (can_do_without(i) &&
		    results[i].answer == ANSWER_NO)
			return false;
	return true;
}

static void print_as_text(const struct check *results, int code)
{
	for (size_t i = 0; i < NR_CHECKS; i++) {
		const struct check *c = &results[i];

		printf("%-18s %s%-8s%s %s\n", checks[i].title,
		       c->answer == ANSWER_NO ? style_bold() : "",
		       answers[c->answer],
		       c->answer == ANSWER_NO ? style_none() : "", c->detail);
		if (*c->remedy)
			printf("%-18s %-8s -> %s\n", "", "", c->remedy);
	}
	if (code == EXIT_OK)
		printf("vmapeek works on this kernel%s: 'vmapeek on' switches it on\n",
		       works_whole(results) ? "" : ", but for vmapeek_maps");
	else if (code == EXIT_FAILED)
		puts("vmapeek would not work here yet: do what follows each 'no'");
	else if (geteuid())
		puts("nothing is in the way so far; run this as root to learn more");
	else
		puts("nothing is known to be in the way: 'vmapeek on' will show");
}

int command_check(const struct options *opt)
{
	struct check results[NR_CHECKS] = { 0 };
	int code = EXIT_OK;

	ticker_begin("looking at this kernel");
	for (size_t i = 0; i < NR_CHECKS; i++) {
		checks[i].look(&results[i]);
		if (can_do_without(i))
			continue;
		if (results[i].answer == ANSWER_NO)
			code = EXIT_FAILED;
		else if (results[i].answer == ANSWER_UNKNOWN &&
			 code == EXIT_OK)
			code = EXIT_UNSURE;
	}
	ticker_end();
	if (opt->json)
		print_as_json(opt, results, code);
	else
		print_as_text(results, code);
	return code;
}
