/* SPDX-License-Identifier: GPL-2.0 */
/* The counters that each module shows in /sys/module/NAME/stats. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "livepatch.h"

#define MAX_COUNTERS	64

struct counter {
	char name[48];
	unsigned long long value;
};

/* In the order in which they are shown. */
struct counters {
	size_t n;
	struct counter counter[MAX_COUNTERS];
};

/* False if there are none: the module is not loaded. */
bool counters_read(const struct livepatch *lp, struct counters *c);

/* 0 if there is no such counter. */
unsigned long long counters_value(const struct counters *c, const char *name);

/*
 * The difference to @start. If a counter went backwards, the module was loaded
 * again: the counts since then.
 */
struct counters counters_since(const struct counters *c,
			       const struct counters *start);

/* Sums. Attempts to write are no reads. */
unsigned long long counters_reads(const struct counters *c);
unsigned long long counters_fallbacks(const struct counters *c);

/* Does this counter count results of reads? */
bool counter_is_read(const char *name);

/* A short description; "" for an unknown counter. */
const char *counter_meaning(const char *name);

/* In percent; 0 if there is no whole. */
double percent(unsigned long long part, unsigned long long whole);

/* All of them, with their names as keys. */
struct json_object *counters_json(const struct counters *c);

#endif
