/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel shows of vmapeek and of other livepatches. */
#ifndef LIVEPATCH_H
#define LIVEPATCH_H

#include <stdbool.h>
#include <stddef.h>

#define LIVEPATCH_NAME	"vmapeek"
#define LIVEPATCHES	"/sys/kernel/livepatch"
#define LIVEPATCH	LIVEPATCHES "/" LIVEPATCH_NAME

enum livepatch_state {
	STATE_NOT_LOADED,
	STATE_OFF,		/* loaded; its livepatch is gone for good */
	STATE_SWITCHING_ON,
	STATE_ON,
	STATE_SWITCHING_OFF,
};

enum livepatch_state livepatch_state(void);

/* As shown to people and in JSON. */
const char *livepatch_state_name(enum livepatch_state state);

/* A function that vmapeek replaces, and another livepatch, too. */
struct overlap {
	char livepatch[64];
	char function[128];
};

/* Returns how many; the caller frees @list. */
size_t livepatch_overlaps(struct overlap **list);

/* Another livepatch that is being switched; the kernel does one at a time. */
bool livepatch_other_switching(char *name, size_t size);

/* Calls back for each livepatch but ours. */
void livepatch_each_other(void (*callback)(const char *name, void *arg),
			  void *arg);

#endif
