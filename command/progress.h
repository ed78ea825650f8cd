/* SPDX-License-Identifier: GPL-2.0 */
/* Reports on stderr which tasks delay a transition. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>

#include "livepatch.h"
#include "tasks.h"

struct progress {
	const struct livepatch *lp;	/* in transition */
	bool quiet, terminal, gives_up;
	bool line;		/* there is an unfinished one on the terminal */
	double begin, last_line, next_look, last_told;
	bool looked;
	struct tasks tasks;	/* as last read */
};

void progress_begin(struct progress *p, bool quiet);

/*
 * Sets the livepatch in transition; call this before the functions below.
 * @gives_up: the caller uses progress_in_vain().
 */
void progress_of(struct progress *p, const struct livepatch *lp, bool gives_up);

/* Call this often; most calls do nothing. */
void progress_show(struct progress *p, enum livepatch_state state);

/*
 * Did all remaining tasks sleep uninterruptibly when progress_show() last read
 * them?
 */
bool progress_in_vain(const struct progress *p);

/* Reads the tasks now. */
void progress_look(struct progress *p, enum livepatch_state state);

/* Ends the line on the terminal; call this before other output. */
void progress_end(struct progress *p);

/* The time since progress_begin(). */
double progress_seconds(const struct progress *p);

#endif
