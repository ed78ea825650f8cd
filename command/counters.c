// SPDX-License-Identifier: GPL-2.0
/*
 * Reads all counters of a module. A newer module may have counters that this
 * program does not know: it treats them as reasons for a fallback.
 */
#include <stdlib.h>
#include <string.h>

#include "../kernel/remote_results.h"
#include "counters.h"
#include "files.h"
#include "output.h"

#define STATS	"/sys/module/%s/stats"
#define FAST	"fast"
#define WRITE	"write"

static const struct {
	const char *name, *meaning;
} meanings[] = {
#define X(constant, name, meaning) { name, meaning },
	REMOTE_READ_RESULTS(X)
	REMOTE_READ_EVENTS(X)
#undef X
};

/* Is this the counter of an event, rather than of results of reads? */
static bool is_event(const char *name)
{
#define X(constant, event, meaning) || !strcmp(name, event)
	return false REMOTE_READ_EVENTS(X);
#undef X
}

const char *counter_meaning(const char *name)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (!strcmp(meanings[i].name, name))
			return meanings[i].meaning;
	return "";
}

bool counter_is_read(const char *name)
{
	return strcmp(name, WRITE) && !is_event(name);
}

static bool counter_is_fallback(const char *name)
{
	return strcmp(name, FAST) && counter_is_read(name);
}

/* The order: fast, fallbacks by frequency, then counters of no reads. */
static int rank(const struct counter *c)
{
	if (counter_is_fallback(c->name))
		return 1;
	return strcmp(c->name, FAST) ? 2 : 0;
}

static int in_order(const void *left, const void *right)
{
	const struct counter *a = left, *b = right;

	if (rank(a) != rank(b))
		return rank(a) - rank(b);
	if (a->value != b->value)
		return a->value < b->value ? 1 : -1;
	return strcmp(a->name, b->name);
}

bool counters_read(const struct livepatch *lp, struct counters *c)
{
	DIR *dir = directory_open(STATS, lp->name);
	const char *name;
	char text[32];

	c->n = 0;
	if (!dir)
		return false;
	while (c->n < MAX_COUNTERS && (name = directory_next(dir))) {
		struct counter *next = &c->counter[c->n];

		if (strlen(name) >= sizeof(next->name) ||
		    !file_line(text, sizeof(text), STATS "/%s", lp->name,
			       name))
			continue;
		strcpy(next->name, name);
		next->value = strtoull(text, NULL, 10);
		c->n++;
	}
	closedir(dir);
	qsort(c->counter, c->n, sizeof(*c->counter), in_order);
	return c->n;
}

unsigned long long counters_value(const struct counters *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->counter[i].name, name))
			return c->counter[i].value;
	return 0;
}

struct counters counters_since(const struct counters *c,
			       const struct counters *start)
{
	struct counters since = *c;

	for (size_t i = 0; i < c->n; i++) {
		struct counter *counter = &since.counter[i];
		unsigned long long before = counters_value(start,
							   counter->name);

		if (before > counter->value)
			return *c;
		counter->value -= before;
	}
	qsort(since.counter, since.n, sizeof(*since.counter), in_order);
	return since;
}

unsigned long long counters_fallbacks(const struct counters *c)
{
	unsigned long long sum = 0;

	for (size_t i = 0; i < c->n; i++)
		if (counter_is_fallback(c->counter[i].name))
			sum += c->counter[i].value;
	return sum;
}

unsigned long long counters_reads(const struct counters *c)
{
	return counters_value(c, FAST) + counters_fallbacks(c);
}

double percent(unsigned long long part, unsigned long long whole)
{
	return whole ? 100.0 * part / whole : 0;
}

struct json_object *counters_json(const struct counters *c)
{
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; i < c->n; i++)
		json_count(object, c->counter[i].name, c->counter[i].value);
	return object;
}
