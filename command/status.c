// SPDX-License-Identifier: GPL-2.0
/* The command status: the state of vmapeek, and its counters. */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "metrics.h"
#include "output.h"
#include "status.h"
#include "tasks.h"
#include "ticker.h"

static void read_group(const struct livepatch *lp, struct group_status *g)
{
	g->lp = lp;
	g->state = livepatch_state(lp);
	g->counted = counters_read(lp, &g->counters);
}

/* Ignore the functions of a module that is not loaded. */
static void read_overlaps(struct status *s)
{
	struct overlap *maps = NULL;
	size_t n = 0;

	s->nr_overlaps = livepatch_overlaps(&livepatch_memory, &s->overlaps);
	if (s->maps.state != STATE_NOT_LOADED)
		n = livepatch_overlaps(&livepatch_maps, &maps);
	if (n) {
		s->overlaps = reallocarray(s->overlaps, s->nr_overlaps + n,
					   sizeof(*maps));
		if (!s->overlaps)
			err(EXIT_FAILED, "out of memory");
		memcpy(s->overlaps + s->nr_overlaps, maps, n * sizeof(*maps));
		s->nr_overlaps += n;
	}
	free(maps);
}

void status_read(struct status *s)
{
	read_group(&livepatch_memory, &s->memory);
	read_group(&livepatch_maps, &s->maps);
	read_overlaps(s);
}

void status_free(struct status *s)
{
	free(s->overlaps);
}

static struct json_object *overlaps_json(const struct status *s)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < s->nr_overlaps; i++) {
		struct json_object *object = json_object_new_object();

		json_text(object, "livepatch", s->overlaps[i].livepatch);
		json_text(object, "function", s->overlaps[i].function);
		json_object_array_add(array, object);
	}
	return array;
}

void status_json(const struct status *s, struct json_object *object)
{
	json_text(object, "state", livepatch_state_name(s->memory.state));
	json_object_object_add(object, "overlaps", overlaps_json(s));
}

static struct json_object *group_json(const struct group_status *g,
				      const struct tasks *left)
{
	bool switching = livepatch_is_switching(g->state);
	struct json_object *object = json_object_new_object();

	json_text(object, "group", g->lp->group);
	json_text(object, "module", g->lp->name);
	json_text(object, "state", livepatch_state_name(g->state));
	json_object_object_add(object, "not_switched",
			       switching && left && !left->unreadable ?
				       tasks_json(left) : NULL);
	json_object_object_add(object, "counters", g->counted ?
			       counters_json(&g->counters) : NULL);
	return object;
}

struct json_object *status_groups_json(const struct status *s,
				       const struct tasks *left)
{
	struct json_object *array = json_object_new_array();

	json_object_array_add(array, group_json(&s->memory, left));
	json_object_array_add(array, group_json(&s->maps, left));
	return array;
}

/*
 * If several livepatches replace a function, the one loaded last is in effect.
 * Kernels before 6.13 do not show the order.
 */
void status_warn(const struct status *s, FILE *file)
{
	const struct group_status *groups[] = { &s->memory, &s->maps };

	for (size_t i = 0; i < 2; i++)
		if (groups[i]->state == STATE_OFF)
			fprintf(file, "vmapeek: the module %s is loaded, but its livepatch is gone: run 'vmapeek on' to load it anew, or 'vmapeek off' to unload it\n",
				groups[i]->lp->name);
	for (size_t i = 0; i < s->nr_overlaps; i++)
		fprintf(file, "vmapeek: the livepatch %s replaces %s as well; of the two, only the one that was loaded last is in effect\n",
			s->overlaps[i].livepatch, s->overlaps[i].function);
}

static struct json_object *kernel_json(void)
{
	struct json_object *object = json_object_new_object();

	json_text(object, "release", kernel_release());
	json_flag(object, "supported", kernel_is_supported());
	return object;
}

/* The livepatch in transition, if any: the kernel has one at a time. */
static const struct group_status *switching_group(const struct status *s)
{
	if (livepatch_is_switching(s->memory.state))
		return &s->memory;
	if (livepatch_is_switching(s->maps.state))
		return &s->maps;
	return NULL;
}

static void print_as_json(const struct options *opt, const struct status *s,
			  const struct tasks *left)
{
	struct json_object *object = json_begin(opt), *counters = NULL;
	const struct group_status *g = &s->memory;
	bool switching = livepatch_is_switching(g->state);

	status_json(s, object);
	json_object_object_add(object, "kernel", kernel_json());
	json_flag(object, "loaded", g->state != STATE_NOT_LOADED);
	json_flag(object, "transition", switching);
	json_object_object_add(object, "not_switched",
			       switching && !left->unreadable ?
				       tasks_json(left) : NULL);
	if (g->counted) {
		json_count(object, "reads", counters_reads(&g->counters));
		json_count(object, "fast",
			   counters_value(&g->counters, "fast"));
		json_count(object, "fallbacks",
			   counters_fallbacks(&g->counters));
		counters = counters_json(&g->counters);
	}
	json_object_object_add(object, "counters", counters);
	json_object_object_add(object, "groups", status_groups_json(s, left));
	print_json(object);
}

static void print_counters(const struct counters *c)
{
	unsigned long long reads = counters_reads(c);

	printf("reads since it was loaded: %llu\n", reads);
	for (size_t i = 0; i < c->n; i++) {
		const struct counter *counter = &c->counter[i];

		/* Always show fast, even if it is 0. */
		if (!counter->value && strcmp(counter->name, "fast"))
			continue;
		if (!counter_is_read(counter->name))
			printf("  %-14s %12llu          %s\n", counter->name,
			       counter->value,
			       counter_meaning(counter->name));
		else
			printf("  %-14s %12llu  %5.1f %%  %s\n",
			       counter->name, counter->value,
			       percent(counter->value, reads),
			       counter_meaning(counter->name));
	}
}

/* The counters of vmapeek_maps are by file, not by result. */
static void print_maps_counters(const struct counters *c)
{
	printf("reads of such files since it was loaded: %llu\n",
	       counters_reads(c));
	for (size_t i = 0; i < c->n; i++)
		if (c->counter[i].value)
			printf("  %-14s %12llu\n", c->counter[i].name,
			       c->counter[i].value);
}

static void print_not_switched(const struct group_status *g,
			       const struct tasks *left)
{
	const char *command = g->state == STATE_SWITCHING_ON ? "on" : "off";

	if (left->unreadable)
		printf("only root may see which tasks have not switched: run this as root\n");
	else
		printf("tasks that have not switched: %zu; 'vmapeek %s' waits for them\n",
		       left->total, command);
	tasks_print(stdout, left);
}

static void print_group(const struct group_status *g)
{
	printf("%s is %s%s%s", g->lp->name, style_bold(),
	       livepatch_state_name(g->state), style_none());
}

static void print_as_text(const struct status *s, const struct tasks *left)
{
	print_group(&s->memory);
	putchar('\n');
	printf("kernel %s is %s\n", kernel_release(),
	       kernel_is_supported() ?
		       "supported" :
		       "not supported: see 'vmapeek check'");
	if (livepatch_is_switching(s->memory.state))
		print_not_switched(&s->memory, left);
	if (s->memory.counted)
		print_counters(&s->memory.counters);
	print_group(&s->maps);
	puts(" (for maps, smaps, pagemap and the like)");
	if (livepatch_is_switching(s->maps.state))
		print_not_switched(&s->maps, left);
	if (s->maps.counted)
		print_maps_counters(&s->maps.counters);
}

/* The exit code is about the module vmapeek; vmapeek_maps is optional. */
static int exit_code(const struct status *s)
{
	if (s->memory.state == STATE_ON)
		return EXIT_OK;
	return livepatch_is_switching(s->memory.state) ? EXIT_SWITCHING :
							 EXIT_OFF;
}

int command_status(const struct options *opt)
{
	const struct group_status *switching;
	struct tasks left = { 0 };
	struct status s;
	int code;

	status_read(&s);
	switching = switching_group(&s);
	ticker_begin("looking at all tasks");
	if (switching && !opt->openmetrics)
		tasks_not_switched(switching->state == STATE_SWITCHING_ON,
				   &left);
	ticker_end();
	code = exit_code(&s);
	if (opt->openmetrics) {
		int failed = metrics_print(opt, &s);

		status_free(&s);
		return failed ?: code;
	}
	if (opt->json)
		print_as_json(opt, &s, &left);
	else
		print_as_text(&s, &left);
	fflush(stdout);
	status_warn(&s, stderr);
	status_free(&s);
	return code;
}
