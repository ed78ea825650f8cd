/* SPDX-License-Identifier: GPL-2.0 */
/* Tells on stderr, while one waits, what is waited for. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>

#include "livepatch.h"
#include "tasks.h"

struct progress {
	bool quiet, terminal;
	bool line;		/* there is an unfinished one on the terminal */
	double begin, last_line, next_look, last_told;
	bool looked;
	struct tasks tasks;	/* of the last look */
};

void progress_begin(struct progress *p, bool quiet);

/* To be called often; does little most of the time. */
void progress_show(struct progress *p, enum livepatch_state state);

/* Looks at the tasks now. */
void progress_look(struct progress *p, enum livepatch_state state);

/* Before anything else is printed. */
void progress_end(struct progress *p);

/* Since progress_begin() */
double progress_seconds(const struct progress *p);

#endif
