/* SPDX-License-Identifier: GPL-2.0 */
/* The tests of a program: which of them run, how long they may take. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stddef.h>

struct CMUnitTest;

/*
 * Takes main()'s arguments: only tests whose name has one of them in it, where
 * * and ? stand for other characters; all tests if there is none.
 */
void select_tests(int argc, char **argv);
bool is_selected(const char *name);

/*
 * Runs those that are selected, as a group that reports in TAP. A test that
 * takes more than @seconds ends the program, and is named. Returns main()'s
 * value.
 */
int run_selected(const char *group, const struct CMUnitTest *tests, size_t nr,
		 unsigned int seconds);

/* Skips the test that runs, and says what this kernel or machine lacks. */
void skip_lacking(const char *what);

#endif
