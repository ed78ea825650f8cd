/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks that a livepatch transition has not switched yet. */
#ifndef TASKS_H
#define TASKS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#define MAX_TASKS	32

struct task {
	pid_t pid, tid;
	char comm[32];
	char state;		/* as in ps */
	char where[64];		/* the function it sleeps in; "": it runs */
};

struct tasks {
	size_t total;		/* may exceed the number in first */
	struct task first[MAX_TASKS];
	bool unreadable;	/* not root: unknown */
};

/*
 * Reads all tasks of /proc, which takes a while on a large machine. @on: the
 * direction of the transition.
 */
void tasks_not_switched(bool on, struct tasks *tasks);

/* The number of tasks in @first. */
size_t tasks_described(const struct tasks *tasks);

/* One line each. */
void tasks_print(FILE *file, const struct tasks *tasks);
struct json_object *tasks_json(const struct tasks *tasks);

#endif
