// SPDX-License-Identifier: GPL-2.0
/*
 * The command bench: the cost of reads of another process on this machine. It
 * reads only processes that it starts itself.
 */
#include <errno.h>
#include <string.h>

#include "bench.h"
#include "livepatch.h"
#include "output.h"
#include "ticker.h"

struct results {
	enum livepatch_state before, after;
	struct read_cost reads[MAX_READ_COSTS];
	size_t nr_reads;
	struct churn_cost churn;
};

static struct json_object *reads_json(const struct results *r)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < r->nr_reads; i++) {
		const struct read_cost *c = &r->reads[i];
		struct json_object *object = json_object_new_object();

		json_text(object, "interface", c->interface);
		json_count(object, "bytes", c->size);
		if (c->error)
			json_text(object, "error", strerror(c->error));
		else
			json_number(object, "ns", c->ns);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *churn_json(const struct churn_cost *c)
{
	struct json_object *object = json_object_new_object();

	if (c->error) {
		json_text(object, "error", strerror(c->error));
		return object;
	}
	json_number(object, "alone_per_second", c->alone);
	json_number(object, "watched_per_second", c->watched);
	json_number(object, "reads_per_second", c->reads);
	return object;
}

static void print_as_json(const struct options *opt, const struct results *r)
{
	struct json_object *object = json_begin(opt);

	json_text(object, "state", livepatch_state_name(r->before));
	json_flag(object, "state_changed", r->before != r->after);
	json_object_object_add(object, "reads", reads_json(r));
	json_object_object_add(object, "churn", churn_json(&r->churn));
	print_json(object);
}

static void print_churn(const struct churn_cost *c)
{
	if (c->error == ENODEV) {
		puts("\nmeasuring what a reader costs a thread that maps memory requires two CPUs");
		return;
	}
	if (c->error) {
		printf("\ncannot measure what a reader costs: %s\n",
		       strerror(c->error));
		return;
	}
	printf("\na thread that maps and unmaps 4 KiB, times per second:\n");
	printf("  %-26s %12.0f\n", "alone", c->alone);
	printf("  %-26s %12.0f  (%.0f %%), with %.0f reads per second\n",
	       "while its cmdline is read", c->watched,
	       100 * c->watched / c->alone, c->reads);
}

static void print_as_text(const struct results *r)
{
	printf("vmapeek %s%s\n\n",
	       r->before == r->after ? "is " : "was switched meanwhile, it is now ",
	       livepatch_state_name(r->after));
	printf("time of one call, median:\n");
	for (size_t i = 0; i < r->nr_reads; i++) {
		const struct read_cost *c = &r->reads[i];

		printf("  %-18s %6zu B", c->interface, c->size);
		if (c->error)
			printf(" %12s\n", strerror(c->error));
		else
			printf(" %12.0f ns\n", c->ns);
	}
	print_churn(&r->churn);
}

int command_bench(const struct options *opt)
{
	struct results r = { .before = livepatch_state(&livepatch_memory) };

	ticker_begin("measuring");
	r.nr_reads = bench_reads(r.reads);
	bench_churn(&r.churn);
	ticker_end();
	r.after = livepatch_state(&livepatch_memory);
	if (opt->json)
		print_as_json(opt, &r);
	else
		print_as_text(&r);
	return EXIT_OK;
}
