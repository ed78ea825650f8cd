// SPDX-License-Identifier: GPL-2.0
/* The command stuck: stuck processes, the holders, and what these wait for. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "limited.h"
#include "output.h"
#include "stuck.h"
#include "ticker.h"
#include "watch.h"

bool stuck_waits_for(const struct sleeper *t, const struct stuck_process *p)
{
	return t->waits != WAITS_ELSEWHERE && t->of == p->pid;
}

static struct stuck_process *process_for(struct stuck *s, pid_t pid)
{
	struct stuck_process *p;

	for (size_t i = 0; i < s->n; i++)
		if (s->process[i].pid == pid)
			return &s->process[i];
	s->process = reallocarray(s->process, s->n + 1, sizeof(*s->process));
	if (!s->process)
		err(EXIT_FAILED, "out of memory");
	p = &s->process[s->n++];
	*p = (struct stuck_process) { .pid = pid, .seconds = -1 };
	if (pid)
		process_comm(pid, p->comm, sizeof(p->comm));
	return p;
}

static void add_waiter(struct stuck *s, const struct sleeper *t)
{
	struct stuck_process *p = process_for(s, t->of);

	if (t->pid == t->of)
		p->own++;
	else
		p->others++;
	if (t->waits == WAITS_EXEC)
		p->exec_waited = true;
	else if (t->waits == WAITS_VMA)
		p->vma_waited = true;
	else
		p->mmap_waited = true;
	if (t->seconds > p->seconds)
		p->seconds = t->seconds;
}

/* Of several holders, prefer a sure one, then the longest sleeper. */
static bool is_better(const struct sleeper *t, const struct sleeper *than)
{
	if (!than || t->sure != than->sure)
		return !than || t->sure;
	return t->seconds > than->seconds;
}

static const struct sleeper *holding(const struct stuck *s, pid_t pid,
				     enum holds holds)
{
	const struct sleeper *found = NULL;

	for (size_t i = 0; i < s->sleepers.n; i++) {
		const struct sleeper *t = &s->sleepers.task[i];

		if (t->of == pid && t->waits == WAITS_ELSEWHERE &&
		    t->holds == holds && is_better(t, found))
			found = t;
	}
	return found;
}

/* A task that waits for a VMA's lock holds the mmap lock for writing. */
static const struct sleeper *changing(const struct stuck *s, pid_t pid,
				      enum waits waits)
{
	for (size_t i = 0; i < s->sleepers.n; i++) {
		const struct sleeper *t = &s->sleepers.task[i];

		if (t->of == pid && t->waits == waits)
			return t;
	}
	return NULL;
}

static void set_holder(struct stuck_process *p, const struct sleeper *t,
		       bool sure)
{
	if (p->holder || !t)
		return;
	p->holder = t;
	p->holder_sure = sure;
}

static void find_holders(const struct stuck *s, struct stuck_process *p)
{
	const struct sleeper *t;

	p->holder = p->vma_holder = NULL;
	set_holder(p, changing(s, p->pid, WAITS_VMA), true);
	set_holder(p, holding(s, p->pid, HOLDS_MMAP_WRITE), true);
	t = holding(s, p->pid, HOLDS_MMAP_READ);
	set_holder(p, t, t && t->sure);
	t = changing(s, p->pid, WAITS_MMAP_OR_VMA);
	if (t && !p->holder) {
		p->vma_waited = true;
		set_holder(p, t, false);
	}
	if (p->vma_waited) {
		t = holding(s, p->pid, HOLDS_VMA);
		if (!t)
			t = holding(s, p->pid, HOLDS_FAULT);
		p->vma_holder = t;
		p->vma_holder_sure = t && t->sure;
	} else {
		set_holder(p, holding(s, p->pid, HOLDS_FAULT), false);
	}
	for (size_t i = 0; i < s->sleepers.n; i++)
		if (s->sleepers.task[i].in_exec &&
		    s->sleepers.task[i].pid == p->pid)
			p->exec = &s->sleepers.task[i];
}

static bool lacks_holder(const struct stuck_process *p)
{
	if (!p->pid)
		return false;
	return (p->mmap_waited && !p->holder) ||
	       (p->vma_waited && !p->vma_holder);
}

static void find_all(struct stuck *s)
{
	s->n = 0;
	for (size_t i = 0; i < s->sleepers.n; i++)
		if (s->sleepers.task[i].waits != WAITS_ELSEWHERE)
			add_waiter(s, &s->sleepers.task[i]);
	for (size_t i = 0; i < s->n; i++)
		find_holders(s, &s->process[i]);
}

static bool any_lacks_holder(const struct stuck *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (lacks_holder(&s->process[i]))
			return true;
	return false;
}

/* A holder that runs or is throttled is in no stack of a sleeping task. */
static void find_openers(struct stuck *s, struct stuck_process *p)
{
	struct opener *o = p->openers;
	size_t n = openers_of(p->pid, o);

	p->nr_openers = 0;
	for (size_t i = 0; i < n; i++) {
		bool waits = false;

		for (size_t j = 0; j < s->sleepers.n; j++)
			if (s->sleepers.task[j].pid == o[i].pid &&
			    stuck_waits_for(&s->sleepers.task[j], p))
				waits = true;
		if (!waits)
			o[p->nr_openers++] = o[i];
	}
}

static void find_reasons(struct stuck *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct stuck_process *p = &s->process[i];
		const struct sleeper *last = p->vma_holder ?: p->holder;

		p->behind.kind = "unknown";
		if (p->exec && p->exec->of) {
			p->behind.kind = "process";
			snprintf(p->behind.text, sizeof(p->behind.text),
				 "process %d", p->exec->of);
		}
		/* A holder that itself waits for such a lock is no cause. */
		if (last && last->waits == WAITS_ELSEWHERE)
			behind_find(&p->behind, last, p->pid);
		if (lacks_holder(p))
			find_openers(s, p);
	}
}

/* Did this task wait for the same lock in the previous pass? */
static bool did_wait(const struct sleepers *before, const struct sleeper *t)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct sleeper *b = &before->task[i];

		if (b->tid == t->tid && b->waits == t->waits && b->of == t->of)
			return true;
	}
	return false;
}

static bool is_young(const struct sleeper *t)
{
	return t->waits != WAITS_ELSEWHERE && t->seconds < STUCK_SECONDS;
}

/* Short waits are common: report only those that last. */
static void drop_young(struct sleepers *now, const struct sleepers *before)
{
	for (size_t i = 0; i < now->n; i++) {
		struct sleeper *t = &now->task[i];

		/* The scheduler's clock differs slightly from the pause's. */
		if (is_young(t) &&
		    ((t->seconds >= 0 && t->seconds < STUCK_SECONDS * 0.9) ||
		     !did_wait(before, t)))
			t->waits = WAITS_ELSEWHERE;
	}
}

static void read_sleepers(struct sleepers *s)
{
	struct sleepers before;
	bool young = false;

	sleepers_read(s);
	for (size_t i = 0; i < s->n; i++)
		young = young || is_young(&s->task[i]);
	if (!young)
		return;
	before = *s;
	sleep_seconds(STUCK_SECONDS);
	sleepers_read(s);
	drop_young(s, &before);
	sleepers_free(&before);
}

static int by_seconds(const void *a, const void *b)
{
	const struct stuck_process *p = a, *q = b;

	if (!p->pid != !q->pid)
		return !p->pid - !q->pid;
	return (p->seconds < q->seconds) - (p->seconds > q->seconds);
}

void stuck_read(struct stuck *s)
{
	double begin = seconds_now();

	*s = (struct stuck) { 0 };
	read_sleepers(&s->sleepers);
	find_all(s);
	if (any_lacks_holder(s) && s->sleepers.stacks) {
		sleepers_read_interruptible(&s->sleepers);
		find_all(s);
	}
	find_reasons(s);
	qsort(s->process, s->n, sizeof(*s->process), by_seconds);
	s->seconds = seconds_now() - begin;
}

void stuck_free(struct stuck *s)
{
	sleepers_free(&s->sleepers);
	free(s->process);
}

static void redraw(const struct stuck *s)
{
	FILE *screen = screen_begin();

	stuck_print(screen, s);
	fputc('\n', screen);
	stuck_warn(screen, s);
	screen_end(screen);
}

static int exit_code(const struct stuck *s)
{
	if (s->n)
		return EXIT_STUCK;
	return s->sleepers.unseen || s->sleepers.hidden ? EXIT_UNSURE : EXIT_OK;
}

/* A pass may take seconds; Ctrl-C ends it at once. */
static void look(struct stuck *s, bool tells, int code)
{
	if (tells)
		ticker_begin("looking at all tasks");
	end_at_interrupts(code);
	stuck_read(s);
	catch_interrupts();
	ticker_end();
}

int command_stuck(const struct options *opt)
{
	bool terminal = opt->watch && is_screen(STDOUT_FILENO) && !opt->json;
	int code = EXIT_INTERRUPTED;

	catch_interrupts();
	for (unsigned long i = 0;; i++) {
		struct stuck s;

		look(&s, !terminal || !i, code);
		if (!s.sleepers.looked) {
			code = fail(opt, NULL, EXIT_FAILED,
				    "there are no tasks in /proc: run 'mount -t proc proc /proc'");
			break;
		}
		if (opt->json)
			stuck_print_json(opt, &s);
		else if (terminal)
			redraw(&s);
		else
			stuck_print(stdout, &s);
		code = exit_code(&s);
		if (fflush(stdout))
			break;
		if (!i && !terminal)
			stuck_warn(stderr, &s);
		stuck_free(&s);
		if (!opt->watch ||
		    (opt->count && i + 1 >= opt->count) ||
		    pause_seconds(opt->interval))
			break;
	}
	limited_end();
	return code;
}
