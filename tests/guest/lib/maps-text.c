// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "maps-text.h"
#include "target.h"

bool is_maps_line(const char *line)
{
	return strspn(line, "0123456789abcdef") >= 5;
}

const char *maps_line_wrong(const char *line, unsigned long *last,
			    struct maps_line *l)
{
	if (sscanf(line, "%lx-%lx %4s", &l->start, &l->end, l->perms) != 3)
		return "no line of maps";
	if (l->start >= l->end || l->start % PAGE || l->end % PAGE)
		return "such addresses no VMA has";
	if (l->end <= *last)
		return "addresses go back";
	*last = l->end;
	return NULL;
}
