/* SPDX-License-Identifier: GPL-2.0 */
/* A target with every kind of memory, in random order, derived from a seed. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "kinds.h"

#define MAX_REGIONS	64

struct region {
	enum kind kind;
	unsigned long start;
	size_t size;
};

/* The lay-out of a round's target. */
struct layout {
	struct region regions[MAX_REGIONS];
	unsigned int nr;
	unsigned long end;
};

/* The seed of all random numbers. */
extern unsigned long random_seed;

/* Start a separate sequence for each thing of each round. */
void random_start(unsigned long round, unsigned long thing);
unsigned long below(unsigned long limit);
bool percent(unsigned int n);
/* A random length, mostly short. */
size_t random_length(void);

/* Find the kinds that this kernel has. To be called once. */
void layout_find_kinds(void);
void layout_make(struct layout *l, unsigned int round);
/*
 * Start a target with that lay-out, which calls @also if not NULL. Errors are
 * fatal.
 */
pid_t layout_start(const struct layout *l, struct target *t,
		   prepare_fn also);
/* A random part of a target's memory, sometimes outside of it. */
struct iovec random_segment(const struct layout *l);
/* Print a line that describes the place. */
void layout_print(const struct layout *l, const struct iovec *iov);

#endif
