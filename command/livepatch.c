// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "files.h"
#include "livepatch.h"
#include "symbols.h"

/*
 * In this order a state that changes meanwhile is one that was true: while a
 * livepatch is being switched, "enabled" only says in which direction.
 */
enum livepatch_state livepatch_state(void)
{
	bool transition = file_is("1", LIVEPATCH "/transition");
	bool enabled = file_is("1", LIVEPATCH "/enabled");

	if (enabled)
		return transition ? STATE_SWITCHING_ON : STATE_ON;
	/* Off, and no longer switching: the directory is about to go. */
	if (file_exists(LIVEPATCH "/enabled"))
		return STATE_SWITCHING_OFF;
	return file_exists("/sys/module/" LIVEPATCH_NAME) ? STATE_OFF :
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

void livepatch_each_other(void (*callback)(const char *name, void *arg),
			  void *arg)
{
	DIR *dir = directory_open(LIVEPATCHES);
	const char *name;

	if (!dir)
		return;
	while ((name = directory_next(dir)))
		if (strcmp(name, LIVEPATCH_NAME))
			callback(name, arg);
	closedir(dir);
}

struct overlaps {
	struct overlap *list;
	size_t n;
};

/* @entry: FUNCTION,N as in sysfs; N tells functions of one name apart. */
static bool is_replaced_by_us(const char *entry)
{
	size_t len = strcspn(entry, ",");

	if (file_exists(LIVEPATCH "/vmlinux"))
		return file_exists(LIVEPATCH "/vmlinux/%s", entry);
	for (size_t i = 0; i < NR_REPLACED_FUNCTIONS; i++)
		if (strlen(replaced_functions[i]) == len &&
		    !strncmp(replaced_functions[i], entry, len))
			return true;
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
		if (!strchr(entry, ',') || !is_replaced_by_us(entry))
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

size_t livepatch_overlaps(struct overlap **list)
{
	struct overlaps o = { 0 };

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

bool livepatch_other_switching(char *name, size_t size)
{
	struct switching s = { .name = name, .size = size };

	livepatch_each_other(look_for_transition, &s);
	return s.found;
}
