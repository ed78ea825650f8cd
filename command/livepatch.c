// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "files.h"
#include "kernel.h"
#include "livepatch.h"
#include "symbols.h"

#define NR(array)	(sizeof(array) / sizeof((array)[0]))

const struct livepatch livepatch_memory = {
	.group = "memory",
	.name = "vmapeek",
	.replaced = vmapeek_replaced,
	.nr_replaced = NR(vmapeek_replaced),
	.linked = vmapeek_linked,
	.nr_linked = NR(vmapeek_linked),
};

const struct livepatch livepatch_maps = {
	.group = "maps",
	.name = "vmapeek_maps",
	.replaced = vmapeek_maps_replaced,
	.nr_replaced = NR(vmapeek_maps_replaced),
	.linked = vmapeek_maps_linked,
	.nr_linked = NR(vmapeek_maps_linked),
};

/*
 * This order of reads returns a state that was true at some moment. During a
 * transition, "enabled" is its direction.
 */
enum livepatch_state livepatch_state(const struct livepatch *lp)
{
	bool transition = file_is("1", LIVEPATCHES "/%s/transition", lp->name);
	bool enabled = file_is("1", LIVEPATCHES "/%s/enabled", lp->name);

	if (enabled)
		return transition ? STATE_SWITCHING_ON : STATE_ON;
	/* Off, and the transition is complete: the directory will vanish. */
	if (file_exists(LIVEPATCHES "/%s/enabled", lp->name))
		return STATE_SWITCHING_OFF;
	return file_exists("/sys/module/%s", lp->name) ? STATE_OFF :
							 STATE_NOT_LOADED;
}

const char *livepatch_state_name(enum livepatch_state state)
{
	switch (state) {
	case STATE_NOT_LOADED:
		return "not loaded";
	case STATE_OFF:
		return "off";
	case STATE_SWITCHING_ON:
		return "being switched on";
	case STATE_ON:
		return "on";
	case STATE_SWITCHING_OFF:
		return "being switched off";
	}
	return "unknown";
}

bool livepatch_is_switching(enum livepatch_state state)
{
	return state == STATE_SWITCHING_ON || state == STATE_SWITCHING_OFF;
}

/* Calls back for each livepatch but @a and @b. */
static void each_but(const struct livepatch *a, const struct livepatch *b,
		     void (*callback)(const char *name, void *arg), void *arg)
{
	DIR *dir = directory_open(LIVEPATCHES);
	const char *name;

	if (!dir)
		return;
	while ((name = directory_next(dir)))
		if (strcmp(name, a->name) && strcmp(name, b->name))
			callback(name, arg);
	closedir(dir);
}

void livepatch_each_other(void (*callback)(const char *name, void *arg),
			  void *arg)
{
	each_but(&livepatch_memory, &livepatch_maps, callback, arg);
}

struct overlaps {
	const struct livepatch *lp;
	struct overlap *list;
	size_t n;
};

/* @entry: FUNCTION,N as in sysfs; N tells functions of one name apart. */
static bool is_replaced_by(const struct livepatch *lp, const char *entry)
{
	size_t len = strcspn(entry, ",");

	if (file_exists(LIVEPATCHES "/%s/vmlinux", lp->name))
		return file_exists(LIVEPATCHES "/%s/vmlinux/%s", lp->name,
				   entry);
	for (size_t i = 0; i < lp->nr_replaced; i++) {
		const struct needed_symbol *symbol = &lp->replaced[i];

		if (strlen(symbol->name) == len &&
		    !strncmp(symbol->name, entry, len))
			return kernel_is_of_series(symbol->series);
	}
	return false;
}

static void add_overlaps(const char *name, void *arg)
{
	struct overlaps *o = arg;
	DIR *dir = directory_open(LIVEPATCHES "/%s/vmlinux", name);
	const char *entry;

	if (!dir)
		return;
	while ((entry = directory_next(dir))) {
		/* Functions have a comma, attributes do not. */
		if (!strchr(entry, ',') || !is_replaced_by(o->lp, entry))
			continue;
		o->list = reallocarray(o->list, o->n + 1, sizeof(*o->list));
		if (!o->list)
			err(EXIT_FAILED, "out of memory");
		snprintf(o->list[o->n].livepatch,
			 sizeof(o->list->livepatch), "%s", name);
		snprintf(o->list[o->n].function, sizeof(o->list->function),
			 "%.*s", (int)strcspn(entry, ","), entry);
		o->n++;
	}
	closedir(dir);
}

size_t livepatch_overlaps(const struct livepatch *lp, struct overlap **list)
{
	struct overlaps o = { .lp = lp };

	livepatch_each_other(add_overlaps, &o);
	*list = o.list;
	return o.n;
}

struct switching {
	char *name;
	size_t size;
	bool found;
};

static void look_for_transition(const char *name, void *arg)
{
	struct switching *s = arg;

	if (!file_is("1", LIVEPATCHES "/%s/transition", name))
		return;
	s->found = true;
	snprintf(s->name, s->size, "%s", name);
}

bool livepatch_other_switching(const struct livepatch *lp, char *name,
			       size_t size)
{
	struct switching s = { .name = name, .size = size };

	each_but(lp, lp, look_for_transition, &s);
	return s.found;
}
