/* SPDX-License-Identifier: GPL-2.0 */
/* A target with memory of every kind, in any order; all follows from a seed. */
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

/* What all random numbers follow from. */
extern unsigned long random_seed;

/* Numbers of their own for each thing of each round. */
void random_start(unsigned long round, unsigned long thing);
unsigned long below(unsigned long limit);
bool percent(unsigned int n);
/* Mostly short. */
size_t random_length(void);

/* Once: which kinds does this kernel have? */
void layout_find_kinds(void);
void layout_make(struct layout *l, unsigned int round);
/*
 * Start a target that has it, and calls @also when that is not NULL; anything
 * else is fatal.
 */
pid_t layout_start(const struct layout *l, struct target *t,
		   prepare_fn also);
/* Some of what a target has, and sometimes of what it has not. */
struct iovec random_segment(const struct layout *l);
/* A line about where that is. */
void layout_print(const struct layout *l, const struct iovec *iov);

#endif
