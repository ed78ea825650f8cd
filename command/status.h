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

/* What status shows once and watch again and again. */
struct status {
	struct group_status memory, maps;
	struct overlap *overlaps;
	size_t nr_overlaps;
};

void status_read(struct status *s);
void status_free(struct status *s);

/* Adds what every command tells of the state. */
void status_json(const struct status *s, struct json_object *object);

/* One object for each group; @left is of the one that is being switched, or NULL. */
struct json_object *status_groups_json(const struct status *s,
				       const struct tasks *left);

/* One line for each thing that an operator should know; none if all is well. */
void status_warn(const struct status *s, FILE *file);

#endif
