// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "output.h"
#include "stack.h"
#include "tasks.h"

#define TASK	"/proc/%d/task/%d"

/* Tasks to list have another patch_state than the goal; -1: no transition. */
#define UNPATCHED	"0"
#define PATCHED		"1"

static char task_state(pid_t pid, pid_t tid)
{
	char line[256], *end;

	if (!file_line(line, sizeof(line), TASK "/stat", pid, tid))
		return '?';
	/* A name may have brackets and blanks in it. */
	end = strrchr(line, ')');
	return end && end[1] == ' ' && isalpha(end[2]) ? end[2] : '?';
}

/*
 * wchan omits the functions of the lock itself, and so names the function that
 * takes it. Where it does not, or there is no wchan, the stack tells.
 */
static void task_where(pid_t pid, pid_t tid, char *where, size_t size)
{
	static struct stack stack;
	char line[256], text[4096];
	FILE *file;

	if (file_line(line, sizeof(line), TASK "/wchan", pid, tid) &&
	    strcmp(line, "0")) {
		snprintf(where, size, "%s", line);
		if (!stack_is_rt_lock(line))
			return;
	}
	file = file_open(TASK "/stack", pid, tid);
	if (!file)
		return;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	stack_parse(&stack, text);
	if (stack.n)
		snprintf(where, size, "%s", stack.frame[0].function);
}

static void task_describe(struct task *t, pid_t pid, pid_t tid)
{
	memset(t, 0, sizeof(*t));
	t->pid = pid;
	t->tid = tid;
	if (!file_line(t->comm, sizeof(t->comm), TASK "/comm", pid, tid))
		strcpy(t->comm, "?");
	t->state = task_state(pid, tid);
	task_where(pid, tid, t->where, sizeof(t->where));
	make_printable(t->comm);
	make_printable(t->where);
}

static void look_at_task(pid_t pid, pid_t tid, const char *state,
			 struct tasks *tasks)
{
	char text[8];

	if (!file_line(text, sizeof(text), TASK "/patch_state", pid, tid)) {
		if (errno == EACCES || errno == EPERM)
			tasks->unreadable = true;
		return;
	}
	if (strcmp(text, state))
		return;
	if (tasks->total < MAX_TASKS)
		task_describe(&tasks->first[tasks->total], pid, tid);
	tasks->total++;
}

static void look_at_process(pid_t pid, const char *state, struct tasks *tasks)
{
	DIR *dir = directory_open("/proc/%d/task", pid);
	const char *name;

	if (!dir)
		return;
	while ((name = directory_next(dir)))
		look_at_task(pid, atoi(name), state, tasks);
	closedir(dir);
}

void tasks_not_switched(bool on, struct tasks *tasks)
{
	DIR *dir = directory_open("/proc");
	const char *name;

	tasks->total = 0;
	tasks->unreadable = false;
	if (!dir)
		return;
	while ((name = directory_next(dir)))
		if (isdigit(*name))
			look_at_process(atoi(name), on ? UNPATCHED : PATCHED,
					tasks);
	closedir(dir);
}

size_t tasks_described(const struct tasks *tasks)
{
	return tasks->total < MAX_TASKS ? tasks->total : MAX_TASKS;
}

void tasks_print(FILE *file, const struct tasks *tasks)
{
	for (size_t i = 0; i < tasks_described(tasks); i++) {
		const struct task *t = &tasks->first[i];

		fprintf(file, "  %s, process %d", t->comm, t->pid);
		if (t->tid != t->pid)
			fprintf(file, ", thread %d", t->tid);
		if (*t->where)
			fprintf(file, ", waits in %s", t->where);
		fprintf(file, " (state %c)\n", t->state);
	}
	if (tasks->total > MAX_TASKS)
		fprintf(file, "  and %zu more\n", tasks->total - MAX_TASKS);
}

struct json_object *tasks_json(const struct tasks *tasks)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < tasks_described(tasks); i++) {
		const struct task *t = &tasks->first[i];
		struct json_object *object = json_object_new_object();
		char state[2] = { t->state };

		json_count(object, "pid", t->pid);
		json_count(object, "tid", t->tid);
		json_text(object, "comm", t->comm);
		json_text(object, "state", state);
		json_text(object, "waits_in", *t->where ? t->where : NULL);
		json_object_array_add(array, object);
	}
	return array;
}
