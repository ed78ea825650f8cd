/* SPDX-License-Identifier: GPL-2.0 */
/* One turn of a play, and what became of all its turns. */
#ifndef TURN_H
#define TURN_H

#include <stdbool.h>

#include "vmapeek.h"
#include "reach.h"
#include "scene.h"

#define NR(a)		(sizeof(a) / sizeof((a)[0]))

struct sum {
	unsigned long turns, steps, reads[NR_INTERFACES], bytes, absent, zeros;
	unsigned long wrong, fast, maps_reads;
	char lacks[96], finding[400];
};

double now(void);

/* Where readers and targets of any program find it. */
struct scene *scene_share(bool create);

/* Called first in each child. */
void begin_child(const char *name);

/* @traced: record what of the rows runs. Adds to @sum. */
void turn(const struct play *p, struct scene *scene, bool traced,
	  struct sum *sum, double seconds, unsigned long seed);

/* Is there a warning or worse in the kernel log, or has lockdep found something? */
bool kernel_complains(void);

/* Has every interface read, and maps, and the fast path answered, where it may? */
bool has_read(const struct sum *sum);

unsigned long all_reads(const struct sum *sum);

/* TAP; both return 1 for what failed. */
int report_play(unsigned int nr, const struct play *p, const struct sum *sum);
int report_row(unsigned int nr, const struct row *row, const struct sum *sum);

#endif
