// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "stuck.h"

/* The number of waiters that the line names. */
#define MAX_NAMED	8

static void print_duration(char *out, size_t size, double seconds)
{
	unsigned long s = seconds;

	if (seconds < 0)
		snprintf(out, size, ">%ds", STUCK_SECONDS);
	else if (s < 100)
		snprintf(out, size, "%lus", s);
	else if (s < 3600)
		snprintf(out, size, "%lum%02lus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, size, "%luh%02lum", s / 3600, s / 60 % 60);
	else
		snprintf(out, size, "%lud%02luh", s / 86400, s / 3600 % 24);
}

/* The two innermost functions in which the task sleeps. */
static void print_where(FILE *out, const struct sleeper *t)
{
	if (!t->stack.n)
		return;
	fprintf(out, "%s", t->stack.frame[0].function);
	if (t->stack.n > 1)
		fprintf(out, " < %s", t->stack.frame[1].function);
}

static void print_task(FILE *out, const struct stuck_process *p,
		       const struct sleeper *t)
{
	const char *activity = stack_activity(&t->stack);

	if (t->pid == p->pid)
		fprintf(out, "its thread %d (%s)", t->tid, t->comm);
	else
		fprintf(out, "%s %d", t->comm, t->tid);
	if (*t->looks)
		fprintf(out, " (%s)", t->looks);
	else if (activity)
		fprintf(out, ", in %s", activity);
}

static const char *mode(const struct sleeper *t)
{
	if (t->waits != WAITS_ELSEWHERE || t->holds == HOLDS_MMAP_WRITE)
		return " for writing";
	return " for reading";
}

static void print_holder(FILE *out, const struct stuck_process *p)
{
	const struct sleeper *t = p->holder;

	if (!p->mmap_waited && !t)
		return;
	fputs("    mmap lock    ", out);
	if (!t) {
		fputs("holder unknown: no sleeping task was seen to hold it\n",
		      out);
		return;
	}
	fprintf(out, "%sheld%s by ", p->holder_sure ? "" : "probably ",
		mode(t));
	print_task(out, p, t);
	if (t->waits != WAITS_ELSEWHERE)
		fputs(", waits for the lock of a VMA in ", out);
	else
		fputs(", sleeps in ", out);
	print_where(out, t);
	fputc('\n', out);
}

static void print_vma_holder(FILE *out, const struct stuck_process *p)
{
	const struct sleeper *t = p->vma_holder;

	if (!p->vma_waited)
		return;
	fputs("    VMA's lock   ", out);
	if (!t) {
		fputs("holder unknown: no sleeping task was seen to hold it\n",
		      out);
		return;
	}
	fprintf(out, "%sheld by ", p->vma_holder_sure ? "" : "probably ");
	print_task(out, p, t);
	fputs(", sleeps in ", out);
	print_where(out, t);
	fputc('\n', out);
}

/* These processes may hold the lock while preempted or throttled. */
static void print_openers(FILE *out, const struct stuck_process *p)
{
	if (!p->nr_openers)
		return;
	fputs("    candidates   ", out);
	for (size_t i = 0; i < p->nr_openers; i++) {
		const struct opener *o = &p->openers[i];

		fprintf(out, "%s%s %d has its %s open (state %c)",
			i ? ", " : "", o->comm, o->pid, o->file, o->state);
	}
	fputc('\n', out);
}

static void print_exec(FILE *out, const struct stuck_process *p)
{
	if (!p->exec)
		return;
	fprintf(out, "    exec         it is in exec() and holds its exec_update_lock");
	if (p->exec->of)
		fprintf(out, "; waits for the mmap lock of process %d, whose memory it shares since vfork()",
			p->exec->of);
	fputc('\n', out);
}

static void print_waiters(FILE *out, const struct stuck *s,
			  const struct stuck_process *p)
{
	size_t n = 0;

	fputs("    waiting      ", out);
	for (size_t i = 0; i < s->sleepers.n; i++) {
		const struct sleeper *t = &s->sleepers.task[i];

		if (!stuck_waits_for(t, p) || t == p->holder)
			continue;
		if (n++ >= MAX_NAMED)
			continue;
		fprintf(out, "%s%s %d", n > 1 ? ", " : "", t->comm, t->tid);
		if (*t->looks)
			fprintf(out, " (%s)", t->looks);
		else if (stack_activity(&t->stack))
			fprintf(out, " (%s)", stack_activity(&t->stack));
	}
	if (n > MAX_NAMED)
		fprintf(out, " and %zu more", n - MAX_NAMED);
	fputs(n ? "\n" : "nobody else\n", out);
}

static void print_process(FILE *out, const struct stuck *s,
			  const struct stuck_process *p)
{
	char duration[32], name[48];

	print_duration(duration, sizeof(duration), p->seconds);
	if (p->pid)
		snprintf(name, sizeof(name), "%d %s", p->pid, p->comm);
	else
		snprintf(name, sizeof(name), "not known");
	fprintf(out, "%s%-24s %8s %5zu %7zu  %s%s\n", style_bold(), name,
		duration, p->own, p->others,
		*p->behind.text ? p->behind.text : "unknown", style_none());
	if (p->pid) {
		print_holder(out, p);
		print_vma_holder(out, p);
		print_openers(out, p);
		print_exec(out, p);
	}
	print_waiters(out, s, p);
}

void stuck_print(FILE *out, const struct stuck *s)
{
	if (s->n)
		fprintf(out, "%-24s %8s %5s %7s  %s\n", "PROCESS", "FOR", "OWN",
			"OTHERS", "BEHIND");
	for (size_t i = 0; i < s->n; i++)
		print_process(out, s, &s->process[i]);
	if (!s->n)
		fprintf(out, "no process is stuck: of %zu tasks, none has waited for an mmap lock for more than %d s\n",
			s->sleepers.looked, STUCK_SECONDS);
}

void stuck_warn(FILE *out, const struct stuck *s)
{
	if (s->sleepers.hidden)
		fprintf(out, "vmapeek: not root: /proc does not show the processes of other users (hidepid); run this as root to see them\n");
	else if (s->sleepers.unseen)
		fprintf(out, "vmapeek: not root: %zu tasks in state D could not be examined; run this as root to see what they wait for\n",
			s->sleepers.unseen);
	else if (s->n && !s->sleepers.stacks)
		fprintf(out, "vmapeek: not root: run this as root to see the kernel stacks, which show who holds the locks\n");
}

static void json_seconds(struct json_object *object, double seconds)
{
	if (seconds < 0)
		json_object_object_add(object, "seconds", NULL);
	else
		json_number(object, "seconds", seconds);
}

static const char *waits_for(enum waits waits)
{
	switch (waits) {
	case WAITS_MMAP_READ:
		return "mmap lock, for reading";
	case WAITS_MMAP_WRITE:
		return "mmap lock, for writing";
	case WAITS_VMA:
		return "VMA's lock";
	case WAITS_MMAP_OR_VMA:
		return "mmap lock, for writing, or VMA's lock";
	case WAITS_EXEC:
		return "exec_update_lock";
	case WAITS_ELSEWHERE:
		break;
	}
	return NULL;
}

static struct json_object *task_json(const struct sleeper *t)
{
	struct json_object *object = json_object_new_object();
	struct json_object *stack = json_object_new_array();

	json_count(object, "pid", t->pid);
	json_count(object, "tid", t->tid);
	json_text(object, "comm", t->comm);
	json_seconds(object, t->seconds);
	json_text(object, "waits_for", waits_for(t->waits));
	json_text(object, "reads", *t->looks ? t->looks : NULL);
	json_text(object, "activity", stack_activity(&t->stack));
	for (size_t i = 0; i < t->stack.n; i++)
		json_object_array_add(stack, json_object_new_string(
			t->stack.frame[i].function));
	json_object_object_add(object, "stack", stack);
	return object;
}

static struct json_object *holder_json(const struct sleeper *t, bool sure,
				       const char *lock)
{
	struct json_object *object;

	if (!t)
		return NULL;
	object = task_json(t);
	json_text(object, "holds", lock);
	json_flag(object, "sure", sure);
	return object;
}

static const char *mmap_lock(const struct sleeper *t)
{
	if (!t)
		return NULL;
	return t->waits != WAITS_ELSEWHERE || t->holds == HOLDS_MMAP_WRITE ?
		       "mmap lock, for writing" : "mmap lock, for reading";
}

static struct json_object *openers_json(const struct stuck_process *p)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < p->nr_openers; i++) {
		struct json_object *object = json_object_new_object();
		char state[2] = { p->openers[i].state };

		json_count(object, "pid", p->openers[i].pid);
		json_text(object, "comm", p->openers[i].comm);
		json_text(object, "state", state);
		json_text(object, "file", p->openers[i].file);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *process_json(const struct stuck *s,
					const struct stuck_process *p)
{
	struct json_object *object = json_object_new_object();
	struct json_object *waiting = json_object_new_array();

	if (p->pid)
		json_count(object, "pid", p->pid);
	else
		json_object_object_add(object, "pid", NULL);
	json_text(object, "comm", p->pid ? p->comm : NULL);
	json_seconds(object, p->seconds);
	json_count(object, "own_waiting", p->own);
	json_count(object, "others_waiting", p->others);
	json_object_object_add(object, "holder",
			       holder_json(p->holder, p->holder_sure,
					   mmap_lock(p->holder)));
	json_object_object_add(object, "vma_holder",
			       holder_json(p->vma_holder, p->vma_holder_sure,
					   "VMA's lock"));
	json_flag(object, "in_exec", p->exec);
	if (p->exec && p->exec->of)
		json_count(object, "memory_of", p->exec->of);
	else
		json_object_object_add(object, "memory_of", NULL);
	json_text(object, "behind", p->behind.kind);
	json_text(object, "behind_text", *p->behind.text ? p->behind.text :
							   NULL);
	for (size_t i = 0; i < s->sleepers.n; i++)
		if (stuck_waits_for(&s->sleepers.task[i], p))
			json_object_array_add(waiting, task_json(
				&s->sleepers.task[i]));
	json_object_object_add(object, "waiting", waiting);
	json_object_object_add(object, "candidates", openers_json(p));
	return object;
}

void stuck_print_json(const struct options *opt, const struct stuck *s)
{
	struct json_object *object = json_begin(opt);
	struct json_object *array = json_object_new_array();

	json_number(object, "seconds", s->seconds);
	json_count(object, "tasks", s->sleepers.looked);
	if (s->sleepers.hidden)
		json_object_object_add(object, "not_seen", NULL);
	else
		json_count(object, "not_seen", s->sleepers.unseen);
	for (size_t i = 0; i < s->n; i++)
		json_object_array_add(array, process_json(s, &s->process[i]));
	json_object_object_add(object, "stuck", array);
	print_json(object);
}
