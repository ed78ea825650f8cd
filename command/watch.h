/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WATCH_H
#define WATCH_H

#include "command.h"

/* Draws in place, cut at the height of the terminal, which would scroll. */
void screen_redraw(char *text);

/*
 * Waits for an interval to end; a terminal is told that it is the @first. False
 * if the user has had enough.
 */
bool watch_interval(const struct options *opt, bool first, bool terminal);

/* watch --by-reader. Returns an exit code. */
int watch_readers(const struct options *opt);

#endif
