/* SPDX-License-Identifier: GPL-2.0 */
#ifndef STATUS_H
#define STATUS_H

#include <json-c/json.h>
#include <stdio.h>

#include "counters.h"
#include "livepatch.h"
#include "tasks.h"

/* A group of functions that are switched together. */
struct group_status {
	const struct livepatch *lp;
	enum livepatch_state state;
	bool counted;			/* else there are no counters */
	struct counters counters;
};

/* The content of status, which watch repeats. */
struct status {
	struct group_status memory, maps;
	struct overlap *overlaps;
	size_t nr_overlaps;
};

void status_read(struct status *s);
void status_free(struct status *s);

/* Adds the members of the state that all commands have. */
void status_json(const struct status *s, struct json_object *object);

/* One object per group; @left: the tasks of the one in transition, or NULL. */
struct json_object *status_groups_json(const struct status *s,
				       const struct tasks *left);

/* Prints one line for each problem that an operator should know. */
void status_warn(const struct status *s, FILE *file);

#endif
