/* SPDX-License-Identifier: GPL-2.0 */
/* One turn of a play, and the sums of all its turns. */
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

/* Map the scene, which readers and targets of any program share. */
struct scene *scene_share(bool create);

/* To be called first in each child. */
void begin_child(const char *name);

/* @traced: trace the rows. Adds to @sum. */
void turn(const struct play *p, struct scene *scene, bool traced,
	  struct sum *sum, double seconds, unsigned long seed);

/* Has the kernel logged a warning or worse, or lockdep a report? */
bool kernel_complains(void);

/* Has each interface read, and maps, and (if possible) the fast path served? */
bool has_read(const struct sum *sum);

unsigned long all_reads(const struct sum *sum);

/* Print TAP; both return 1 for a failure. */
int report_play(unsigned int nr, const struct play *p, const struct sum *sum);
int report_row(unsigned int nr, const struct row *row, const struct sum *sum);

#endif
