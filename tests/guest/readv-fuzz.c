// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv() with random segments on both sides, from a process with
 * memory of every kind, with vmapeek off and then on. Result and bytes must be
 * the same, and the target's smaps at the end.
 *
 *	readv-fuzz [SEED [ROUNDS [LISTS]]]
 *
 * Each round has its own target, prepared in the same way for both, and LISTS
 * lists of segments. Everything is derived from the seed.
 */
#include <limits.h>
#include <stdio.h>

#include "readv.h"
#include "rounds.h"
#include "state.h"

struct list {
	struct iovec local[IOV_MAX], remote[IOV_MAX];
	unsigned int nr_local, nr_remote;
	size_t used;		/* of the reader's plain memory */
};

static unsigned long odd_place(void)
{
	static const unsigned long places[] = {
		LOCAL_READ_ONLY, LOCAL_HOLE, LOCAL_NO_ACCESS, LOCAL_PAST_EOF,
	};
	unsigned long at = places[below(ARRAY_SIZE(places))];

	return percent(50) ? at - below(PAGE) : at + below(PAGE);
}

/* In sequence, with gaps; or anywhere, if there is no more room. */
static struct iovec local_segment(unsigned long *at, size_t len)
{
	if (percent(40))
		*at += below(100);
	if (percent(3) || *at + len > LOCAL_PLAIN) {
		*at = below(LOCAL_PLAIN);
		if (*at + len > LOCAL_PLAIN)
			len = LOCAL_PLAIN - *at;
	}
	*at += len;
	return (struct iovec){ (void *)(LOCAL_AT + *at - len), len };
}

static unsigned int segment_count(void)
{
	unsigned int n = below(100);

	return n < 50 ? 1 + below(4) : n < 97 ? 1 + below(40) :
	       n < 99 ? 1 + below(200) : IOV_MAX;
}

static void list_make(struct list *list, const struct layout *l,
		      unsigned int round, unsigned int n)
{
	size_t total = 0, given = 0;
	unsigned long at;

	random_start(round, n);
	at = below(64);
	list->nr_remote = segment_count();
	for (unsigned int i = 0; i < list->nr_remote; i++) {
		list->remote[i] = random_segment(l);
		total += list->remote[i].iov_len;
	}
	/* Mostly about as much room as bytes are read. */
	if (total > LOCAL_PLAIN)
		total = LOCAL_PLAIN;
	total = total * (percent(70) ? 100 : 30 + below(100)) / 100 + 1;

	list->used = 0;
	list->nr_local = 0;
	while (given < total && list->nr_local < IOV_MAX) {
		size_t len = percent(20) ? total - given : random_length();
		struct iovec *iov = &list->local[list->nr_local++];

		*iov = local_segment(&at, len);
		given += iov->iov_len;
		if (at > list->used)
			list->used = at;
	}
	if (percent(6)) {
		list->local[below(list->nr_local)] = (struct iovec){
			(void *)(LOCAL_AT + odd_place()), random_length()
		};
		list->used = LOCAL_SIZE;
	}
}

/* Covers the bytes written, and unchanged bytes near them. */
static unsigned long hash_local(size_t used)
{
	static unsigned char copy[LOCAL_SIZE];

	if (used == LOCAL_SIZE) {
		local_copy(copy);
		return hash_bytes(0, copy, LOCAL_SIZE);
	}
	return hash_bytes(0, (void *)LOCAL_AT, used + PAGE);
}

static struct result list_run(const struct list *list, pid_t pid)
{
	struct result r;

	r.ret = readv_raw(pid, list->local, list->nr_local, list->remote,
			  list->nr_remote, 0);
	r.hash = hash_local(list->used);
	if (list->used == LOCAL_SIZE)
		local_make();
	else
		local_poison(list->used);
	return r;
}

static struct result run(const struct layout *l, unsigned int round,
			 unsigned int n, pid_t pid)
{
	static struct list list;

	list_make(&list, l, round, n);
	return list_run(&list, pid);
}

/*
 * The reader's memory after all lists, including bytes outside of their
 * segments.
 */
static unsigned long left(void)
{
	return hash_local(LOCAL_SIZE);
}

static void print_list(const struct round *in, unsigned int round,
		       unsigned int n)
{
	const struct layout *l = &in->layout;
	const struct result *off = &in->off[n], *on = &in->on[n];
	static struct list list;

	list_make(&list, l, round, n);
	printf("# seed %lu, round %u, list %u: off %ld (%016lx), on %ld (%016lx)\n",
	       random_seed, round, n, off->ret, off->hash, on->ret, on->hash);
	printf("#  remote:\n");
	for (unsigned int i = 0; i < list.nr_remote; i++)
		layout_print(l, &list.remote[i]);
	printf("#  local:\n");
	for (unsigned int i = 0; i < list.nr_local; i++)
		printf("#   %#lx %zu\n",
		       (unsigned long)list.local[i].iov_base - LOCAL_AT,
		       list.local[i].iov_len);
}

int main(int argc, char **argv)
{
	static const enum event wanted[] = {
		FAST, NR_EVENTS,
	};
	static const struct fuzzer lists = {
		.calls = "lists", .nr_rounds = 4, .nr_calls = 1500,
		.started = local_make, .call = run, .left = left,
		.print = print_list, .wanted = wanted,
	};

	return rounds_main(&lists, argc, argv);
}
