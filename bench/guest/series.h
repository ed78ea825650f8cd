/* SPDX-License-Identifier: GPL-2.0 */
/* Repeated measurements of a number, and their statistics. */
#ifndef SERIES_H
#define SERIES_H

#include <stdlib.h>
#include <time.h>

#define SERIES_MAX	64

struct series {
	int n;
	double value[SERIES_MAX];
};

static inline long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static inline void series_add(struct series *s, double value)
{
	if (s->n < SERIES_MAX)
		s->value[s->n++] = value;
}

static inline int series_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts them: value[0] becomes the minimum, value[n - 1] the maximum. */
static inline double series_median(struct series *s)
{
	qsort(s->value, s->n, sizeof(*s->value), series_compare);
	return s->n % 2 ? s->value[s->n / 2] :
			  (s->value[s->n / 2 - 1] + s->value[s->n / 2]) / 2;
}

#endif
