/* SPDX-License-Identifier: GPL-2.0 */
/* The states of our livepatches and of others, from sysfs. */
#ifndef LIVEPATCH_H
#define LIVEPATCH_H

#include <stdbool.h>
#include <stddef.h>

#define LIVEPATCHES	"/sys/kernel/livepatch"

struct needed_symbol;

/* Functions that are replaced together: one module, one livepatch. */
struct livepatch {
	const char *group;
	const char *name;
	const struct needed_symbol *replaced, *linked;
	size_t nr_replaced, nr_linked;
};

/* Reads of memory; maps and its relatives. */
extern const struct livepatch livepatch_memory, livepatch_maps;

enum livepatch_state {
	STATE_NOT_LOADED,
	STATE_OFF,		/* module loaded, livepatch removed */
	STATE_SWITCHING_ON,
	STATE_ON,
	STATE_SWITCHING_OFF,
};

enum livepatch_state livepatch_state(const struct livepatch *lp);

/* The name for output, also in JSON. */
const char *livepatch_state_name(enum livepatch_state state);

bool livepatch_is_switching(enum livepatch_state state);

/* A function that another livepatch replaces as well. */
struct overlap {
	char livepatch[64];
	char function[128];
};

/* Returns the number of overlaps of @lp; the caller frees @list. */
size_t livepatch_overlaps(const struct livepatch *lp, struct overlap **list);

/*
 * A livepatch other than @lp that is being switched; the kernel does one at a
 * time.
 */
bool livepatch_other_switching(const struct livepatch *lp, char *name,
			       size_t size);

/* Calls back for each livepatch that is not ours. */
void livepatch_each_other(void (*callback)(const char *name, void *arg),
			  void *arg);

#endif
