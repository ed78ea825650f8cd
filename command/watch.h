/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WATCH_H
#define WATCH_H

#include "command.h"

/* Draws in place, cut at the height of the terminal, which would scroll. */
void screen_redraw(char *text);

/* watch --by-reader. Returns an exit code. */
int watch_readers(const struct options *opt);

#endif
