// SPDX-License-Identifier: GPL-2.0
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "run.h"
#include "util.h"

static char **texts;
static int nr_texts;
static unsigned int limit;

void select_tests(int argc, char **argv)
{
	texts = argv + 1;
	nr_texts = argc - 1;
}

bool is_selected(const char *name)
{
	char pattern[256];

	for (int i = 0; i < nr_texts; i++) {
		snprintf(pattern, sizeof(pattern), "*%s*", texts[i]);
		if (!fnmatch(pattern, name, 0))
			return true;
	}
	return !nr_texts;
}

static void run_limited(void **state)
{
	const struct CMUnitTest *test = *state;
	void *its_state = test->initial_state;

	limit_set(limit, test->name);
	test->test_func(&its_state);
}

static int end_limit(void **state)
{
	(void)state;
	limit_end();
	return 0;
}

int run_selected(const char *group, const struct CMUnitTest *tests, size_t nr,
		 unsigned int seconds)
{
	struct CMUnitTest *wanted = calloc(nr, sizeof(*wanted));
	size_t n = 0;

	if (!wanted)
		die("no memory");
	for (size_t i = 0; i < nr; i++)
		if (is_selected(tests[i].name))
			wanted[n++] = (struct CMUnitTest){
				.name = tests[i].name,
				.test_func = run_limited,
				.teardown_func = end_limit,
				.initial_state = (void *)&tests[i],
			};
	if (!n)
		die("no test has such a name");
	limit = seconds;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests(group, wanted, n, NULL, NULL);
}

void skip_lacking(const char *what)
{
	printf("# this kernel or machine lacks: %s\n", what);
	skip();
}
