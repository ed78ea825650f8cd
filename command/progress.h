/* SPDX-License-Identifier: GPL-2.0 */
/* Tells on stderr, while one waits, what is waited for. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>

#include "livepatch.h"
#include "tasks.h"

struct progress {
	const struct livepatch *lp;	/* that is being switched */
	bool quiet, terminal, gives_up;
	bool line;		/* there is an unfinished one on the terminal */
	double begin, last_line, next_look, last_told;
	bool looked;
	struct tasks tasks;	/* of the last look */
};

void progress_begin(struct progress *p, bool quiet);

/*
 * Whose switch is waited for from now on; to be called before the others. @gives_up:
 * the caller asks progress_in_vain().
 */
void progress_of(struct progress *p, const struct livepatch *lp, bool gives_up);

/* To be called often; does little most of the time. */
void progress_show(struct progress *p, enum livepatch_state state);

/*
 * Do all tasks that are left sleep where no signal wakes them, as of the last look
 * that progress_show() made?
 */
bool progress_in_vain(const struct progress *p);

/* Looks at the tasks now. */
void progress_look(struct progress *p, enum livepatch_state state);

/* Before anything else is printed. */
void progress_end(struct progress *p);

/* Since progress_begin() */
double progress_seconds(const struct progress *p);

#endif
