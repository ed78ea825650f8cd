// SPDX-License-Identifier: GPL-2.0
/*
 * The combinations that are no cells, with the reasons. If only one kernel
 * lacks a feature, that is not decided here: the cell is skipped visibly.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interference.h"
#include "vmapeek.h"

static struct cell *cells;
static size_t nr_cells;
static char **wanted;
static const char *left_out[32];
static size_t nr_left_out;

static bool is_deed(const struct cell *c, const char *name)
{
	return !strcmp(c->deed->name, name);
}

static const char *deed_is_senseless(const struct cell *c)
{
	if (!(c->deed->backing & c->memory->backing))
		return "the deed is for other memory";
	if (c->deed->whole_mm && c->where != AT)
		return "the deed is the same wherever it is done";
	if (c->memory->whole && c->deed->small)
		return "the deed is for small pages";
	if (is_deed(c, "uffd-move") && (c->memory->huge || c->memory->forked))
		return "UFFDIO_MOVE retries until the page can be split";
	return NULL;
}

static const char *memory_is_senseless(const struct cell *c)
{
	const struct place *p = c->place;

	if (c->memory->slow != p->by_file)
		return "a file that does not answer is a place of its own";
	if (c->memory->huge && (p->lead || p->in_target))
		return "a huge page has no room there, or no page is missing";
	if (is_deed(c, "collapse") && p->lead)
		return "a huge page has no room there, or no page is missing";
	if (p->in_target && !p->by_file && c->memory->backing != PRIVATE_ANON &&
	    (!p->by_uffd || c->memory->backing != SHARED_FILE))
		return "no page of such memory can be made missing";
	if (p->in_target && c->memory->forked)
		return "no page of such memory can be made missing";
	return NULL;
}

static const char *method_is_senseless(const struct cell *c)
{
	const struct method *i = c->method;
	const struct place *p = c->place;

	if (i->anon_only && c->memory->backing != PRIVATE_ANON)
		return "environ is never read from a file";
	if ((p->lead || p->second) && i->locked)
		return "only process_vm_readv() has segments and chunks";
	if (i->locked && p->in_target && p->by_uffd)
		return "only process_vm_readv() lets a userfaultfd be asked";
	if (i->locked && p->in_target && c->deed->locks)
		return "the deed needs the mmap lock that the reader holds";
	if (p->by_lock && !c->deed->lockless)
		return "the deed needs the mmap lock that somebody holds";
	if (i->traced && (c->deed->is_end || !p->in_target))
		return "a traced target does not end, and is read at once";
	return NULL;
}

/* The deed would wait for the page, and the page for the deed: a deadlock. */
static const char *deed_would_wait(const struct cell *c)
{
	const struct place *p = c->place;

	/* FUSE drops all pages of a file when its size changes. */
	if (p->by_file && (is_deed(c, "truncate") ||
			   (is_deed(c, "punch") && c->where == AT)))
		return "the deed waits for the page that the reader waits for";
	/* The time of the write, and so the reader's result, is uncertain. */
	if (!strcmp(p->name, "target-swap") && is_deed(c, "pageout"))
		return "the deed writes to the swap device that is held";
	if (!strcmp(p->name, "target-swap") && (is_deed(c, "collapse") ||
			(is_deed(c, "uffd-move") && c->where == AT)))
		return "the deed waits for the page that the reader waits for";
	return NULL;
}

static bool is_plain(const struct cell *c)
{
	return c->memory->backing == PRIVATE_ANON && !c->memory->forked &&
	       !c->memory->huge;
}

/* Leaves cells out, to limit the duration of the test. */
static const char *cell_is_like_another(const struct cell *c)
{
	static const char text[] = "much like a cell of another place";
	const struct place *p = c->place;

	if ((p->lead || p->second) && !is_plain(c))
		return text;
	/* No lock is held during that copy, and the read continues later. */
	if (c->method->locked && !p->in_target &&
	    (strcmp(c->method->name, "mem") || c->where == BEFORE ||
	     (!is_plain(c) && c->memory->backing != SHARED_FILE)))
		return text;
	if (c->method->locked && p->by_file && c->memory->backing == COPIED)
		return text;
	if (c->memory->whole && c->where == BEHIND)
		return text;
	return NULL;
}

static const char *cell_is_senseless(const struct cell *c)
{
	const char *reason = method_is_senseless(c);

	if (!reason)
		reason = memory_is_senseless(c);
	if (!reason)
		reason = deed_is_senseless(c);
	if (!reason)
		reason = deed_would_wait(c);
	if (!reason)
		reason = cell_is_like_another(c);
	return reason;
}

static bool is_wanted(const char *name)
{
	if (!*wanted)
		return true;
	for (char **w = wanted; *w; w++)
		if (!strncmp(name, *w, strlen(*w)) || !fnmatch(*w, name, 0))
			return true;
	return false;
}

/* The reasons for excluded cells, each of them once. */
static void leave_out(const char *reason)
{
	size_t i = 0;

	while (i < nr_left_out && left_out[i] != reason)
		i++;
	if (i == ARRAY_SIZE(left_out))
		die("too many reasons");
	if (i == nr_left_out)
		left_out[nr_left_out++] = reason;
}

static void add_cell(const struct cell *cell)
{
	static const char *const names[NR_WHERE] = { "before", "at", "behind" };
	const char *reason;
	struct cell c = *cell;

	reason = cell_is_senseless(&c);
	snprintf(c.name, sizeof(c.name), "%s/%s/%s/%s%s%s", c.method->name,
		 c.place->name, c.memory->name, c.deed->name,
		 c.deed->whole_mm ? "" : "/",
		 c.deed->whole_mm ? "" : names[c.where]);
	if (!is_wanted(c.name))
		return;
	if (reason) {
		leave_out(reason);
		return;
	}
	cells = realloc(cells, (nr_cells + 1) * sizeof(*cells));
	if (!cells)
		die("no memory");
	cells[nr_cells++] = c;
}

static void add_cells(const struct method *method,
		      const struct place *place)
{
	for (size_t m = 0; m < nr_memories; m++)
		for (size_t d = 0; d < nr_deeds; d++)
			for (int w = 0; w < NR_WHERE; w++)
				add_cell(&(struct cell){
					.method = method,
					.place = place,
					.memory = &memories[m],
					.deed = &deeds[d],
					.where = w });
}

const struct cell *cells_make(char **names, size_t *nr)
{
	wanted = names;
	for (size_t p = 0; p < nr_places; p++)
		for (size_t i = 0; i < nr_methods; i++)
			add_cells(&methods[i], &places[p]);
	for (size_t i = 0; i < nr_left_out; i++)
		printf("# left out: %s\n", left_out[i]);
	*nr = nr_cells;
	return cells;
}
