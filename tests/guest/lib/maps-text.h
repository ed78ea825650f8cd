/* SPDX-License-Identifier: GPL-2.0 */
/* Checks of the text of /proc/PID/maps and its relatives for consistency. */
#ifndef MAPS_TEXT_H
#define MAPS_TEXT_H

#include <stdbool.h>

/* The line of a VMA, in maps and in smaps. */
struct maps_line {
	unsigned long start, end;
	char perms[5];
};

/* Is this the line of a VMA, unlike the lines below it in smaps? */
bool is_maps_line(const char *line);

/*
 * Returns NULL or the error in @line. The previous VMA ends at *@last, which
 * becomes the end of this one. A VMA may begin below *@last, if it has merged
 * meanwhile.
 */
const char *maps_line_wrong(const char *line, unsigned long *last,
			    struct maps_line *l);

#endif
