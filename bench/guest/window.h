/* SPDX-License-Identifier: GPL-2.0 */
/* A process that does one step of work again and again, and how long each took. */
#ifndef WINDOW_H
#define WINDOW_H

enum figure { RATE, MEAN, MEDIAN, P99, WORST, NR_FIGURES };

/* 4 KiB more, and less again. */
void step_map(char *memory);
/* A page fault in @memory, and the page given back. */
void step_fault(char *memory);

/* So many nanoseconds of steps in the calling process, on a page of its own. */
void window(void (*step)(char *memory), long long ns, double *figures);

#endif
