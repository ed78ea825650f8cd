/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WATCH_H
#define WATCH_H

#include <stdio.h>

#include "command.h"

/*
 * What is printed to this file is drawn in place by screen_end(), cut at the
 * height of the terminal, which would scroll.
 */
FILE *screen_begin(void);
void screen_end(FILE *screen);

/*
 * Waits for the end of an interval; prints a notice on a terminal if it is the
 * @first. False after Ctrl-C or the last interval.
 */
bool watch_interval(const struct options *opt, bool first, bool terminal);

/* watch --by-reader. Returns an exit code. */
int watch_readers(const struct options *opt);

#endif
