// SPDX-License-Identifier: GPL-2.0
/* The command status: what vmapeek does on this machine. */
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "metrics.h"
#include "output.h"
#include "status.h"
#include "tasks.h"
#include "ticker.h"

void status_read(struct status *s)
{
	s->state = livepatch_state();
	s->counted = counters_read(&s->counters);
	s->nr_overlaps = livepatch_overlaps(&s->overlaps);
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
	json_text(object, "state", livepatch_state_name(s->state));
	json_object_object_add(object, "overlaps", overlaps_json(s));
}

/*
 * Of livepatches that replace the same function the one that was loaded last
 * is in effect. Kernels before 6.13 do not show the order.
 */
void status_warn(const struct status *s, FILE *file)
{
	if (s->state == STATE_OFF)
		fprintf(file, "vmapeek: its module is loaded, but its livepatch is gone: run 'vmapeek on' to load it anew, or 'vmapeek off' to unload it\n");
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

static bool is_switching(const struct status *s)
{
	return s->state == STATE_SWITCHING_ON ||
	       s->state == STATE_SWITCHING_OFF;
}

static void print_as_json(const struct options *opt, const struct status *s,
			  const struct tasks *left)
{
	struct json_object *object = json_begin(opt), *counters = NULL;

	status_json(s, object);
	json_object_object_add(object, "kernel", kernel_json());
	json_flag(object, "loaded", s->state != STATE_NOT_LOADED);
	json_flag(object, "transition", is_switching(s));
	json_object_object_add(object, "not_switched",
			       is_switching(s) && !left->unreadable ?
				       tasks_json(left) : NULL);
	if (s->counted) {
		json_count(object, "reads", counters_reads(&s->counters));
		json_count(object, "fast",
			   counters_value(&s->counters, "fast"));
		json_count(object, "fallbacks",
			   counters_fallbacks(&s->counters));
		counters = counters_json(&s->counters);
	}
	json_object_object_add(object, "counters", counters);
	print_json(object);
}

static void print_counters(const struct counters *c)
{
	unsigned long long reads = counters_reads(c);

	printf("reads since it was loaded: %llu\n", reads);
	for (size_t i = 0; i < c->n; i++) {
		const struct counter *counter = &c->counter[i];

		/* fast is worth a line even if it is 0. */
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

static void print_not_switched(const struct status *s,
			       const struct tasks *left)
{
	const char *command = s->state == STATE_SWITCHING_ON ? "on" : "off";

	if (left->unreadable)
		printf("which tasks are not switched yet only root may see: run this as root\n");
	else
		printf("tasks that are not switched yet: %zu; 'vmapeek %s' waits until there are none\n",
		       left->total, command);
	tasks_print(stdout, left);
}

int command_status(const struct options *opt)
{
	struct tasks left = { 0 };
	struct status s;
	int code;

	status_read(&s);
	ticker_begin("looking at all tasks");
	if (is_switching(&s) && !opt->openmetrics)
		tasks_not_switched(s.state == STATE_SWITCHING_ON, &left);
	ticker_end();
	code = s.state == STATE_ON ? EXIT_OK :
	       is_switching(&s)	   ? EXIT_SWITCHING :
				     EXIT_OFF;
	if (opt->openmetrics) {
		int failed = metrics_print(opt, &s);

		status_free(&s);
		return failed ?: code;
	}
	if (opt->json) {
		print_as_json(opt, &s, &left);
	} else {
		printf("vmapeek is %s%s%s\n", style_bold(),
		       livepatch_state_name(s.state), style_none());
		printf("kernel %s is %s\n", kernel_release(),
		       kernel_is_supported() ?
			       "supported" :
			       "not supported: 'vmapeek check' says more");
		if (is_switching(&s))
			print_not_switched(&s, &left);
		if (s.counted)
			print_counters(&s.counters);
	}
	fflush(stdout);
	status_warn(&s, stderr);
	status_free(&s);
	return code;
}
