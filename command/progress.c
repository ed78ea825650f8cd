// SPDX-License-Identifier: GPL-2.0
#include <unistd.h>

#include "clock.h"
#include "output.h"
#include "progress.h"

/*
 * Seconds. Most transitions take one or two. After 15, the kernel sends fake
 * signals to sleepers; the tasks that are left then may take long.
 */
#define PATIENCE	10
#define LOOK_AGAIN	10
#define TELL_AGAIN	60

/* Reading the states of all tasks may take at most this share of time. */
#define LOOK_SHARE	0.05

#define CLEAR_LINE	"\r\033[K"

void progress_begin(struct progress *p, bool quiet)
{
	*p = (struct progress) {
		.quiet = quiet,
		.terminal = is_screen(STDERR_FILENO),
		.begin = seconds_now(),
	};
}

void progress_of(struct progress *p, const struct livepatch *lp, bool gives_up)
{
	double now = seconds_now();

	p->lp = lp;
	p->gives_up = gives_up;
	p->last_line = now;
	p->last_told = 0;
	p->next_look = now + PATIENCE;
	p->looked = false;
	p->tasks.total = 0;
}

double progress_seconds(const struct progress *p)
{
	return seconds_now() - p->begin;
}

void progress_end(struct progress *p)
{
	if (p->line)
		fputs(CLEAR_LINE, stderr);
	p->line = false;
}

void progress_look(struct progress *p, enum livepatch_state state)
{
	double begin = seconds_now(), pause;

	if (!livepatch_is_switching(state))
		return;
	tasks_not_switched(state == STATE_SWITCHING_ON, &p->tasks);
	p->looked = true;
	pause = (seconds_now() - begin) / LOOK_SHARE;
	p->next_look = begin + (pause > LOOK_AGAIN ? pause : LOOK_AGAIN);
}

static void tell_tasks(struct progress *p)
{
	progress_end(p);
	if (p->tasks.total)
		fprintf(stderr, "vmapeek: tasks that have not switched after %.0f s: %zu; each switches when it returns from the kernel, or ends\n",
			progress_seconds(p), p->tasks.total);
	else
		fprintf(stderr, "vmapeek: the transition is not complete after %.0f s, but every task in /proc has switched: it is about to complete, or waits for idle tasks or for tasks of other containers\n",
			progress_seconds(p));
	tasks_print(stderr, &p->tasks);
	p->last_told = seconds_now();
}

static void tell_line(struct progress *p, enum livepatch_state state)
{
	char other[64];

	fprintf(stderr, CLEAR_LINE "vmapeek: ");
	if (livepatch_is_switching(state))
		fprintf(stderr, "%s is %s", p->lp->name,
			livepatch_state_name(state));
	else if (livepatch_other_switching(p->lp, other, sizeof(other)))
		fprintf(stderr, "waiting for the transition of the livepatch %s",
			other);
	else
		fputs("waiting", stderr);
	fprintf(stderr, ", %.0f s", progress_seconds(p));
	if (p->looked)
		fprintf(stderr, ", tasks left: %zu", p->tasks.total);
	p->line = true;
	p->last_line = seconds_now();
}

bool progress_in_vain(const struct progress *p)
{
	const struct tasks *tasks = &p->tasks;

	if (!p->gives_up || !p->looked || !tasks->total)
		return false;
	for (size_t i = 0; i < tasks_described(tasks); i++)
		if (tasks->first[i].state != 'D')
			return false;
	return true;
}

void progress_show(struct progress *p, enum livepatch_state state)
{
	double now = seconds_now();

	if (now >= p->next_look && livepatch_is_switching(state)) {
		size_t before = p->tasks.total;

		progress_look(p, state);
		if (!p->quiet && !progress_in_vain(p) &&
		    (p->tasks.total != before || !p->last_told ||
		     now - p->last_told >= TELL_AGAIN))
			tell_tasks(p);
	}
	if (!p->quiet && p->terminal && now - p->last_line >= 1)
		tell_line(p, state);
}
