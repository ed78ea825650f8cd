/* SPDX-License-Identifier: GPL-2.0 */
/* What /proc/PID/maps and its relatives show, as far as it can be wrong in itself. */
#ifndef MAPS_TEXT_H
#define MAPS_TEXT_H

#include <stdbool.h>

/* The line of a VMA, in maps and in smaps. */
struct maps_line {
	unsigned long start, end;
	char perms[5];
};

/* Tells such a line from those that smaps has below it. */
bool is_maps_line(const char *line);

/*
 * NULL, or what is wrong with @line behind one whose VMA ends at *@last, which
 * becomes the end of this one. A VMA may begin below that: it was merged since.
 */
const char *maps_line_wrong(const char *line, unsigned long *last,
			    struct maps_line *l);

#endif
