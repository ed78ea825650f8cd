/* SPDX-License-Identifier: GPL-2.0 */
/* Repeats one step of work, and records the duration of each step. */
#ifndef WINDOW_H
#define WINDOW_H

enum figure { RATE, MEAN, MEDIAN, P99, WORST, NR_FIGURES };

/* Maps 4 KiB more, and unmaps them. */
void step_map(char *memory);
/* Takes a page fault in @memory, and discards the page. */
void step_fault(char *memory);

/* Runs steps for that many nanoseconds, on a page of the caller. */
void window(void (*step)(char *memory), long long ns, double *figures);

#endif
