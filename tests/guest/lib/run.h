/* SPDX-License-Identifier: GPL-2.0 */
/* Selection and time limits of the tests of a program. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stddef.h>

struct CMUnitTest;

/*
 * Takes main()'s arguments: selects tests whose name contains one of them, with
 * the wildcards * and ?; all tests without arguments.
 */
void select_tests(int argc, char **argv);
bool is_selected(const char *name);

/*
 * Runs the selected tests, as a group that reports in TAP. A test that takes
 * more than @seconds ends the program, which prints its name. Returns main()'s
 * value.
 */
int run_selected(const char *group, const struct CMUnitTest *tests, size_t nr,
		 unsigned int seconds);

/* Skips the current test, and prints what this kernel or machine lacks. */
void skip_lacking(const char *what);

#endif
