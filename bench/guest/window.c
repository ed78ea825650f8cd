// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "series.h"
#include "target.h"
#include "util.h"
#include "window.h"

#define MAX_STEPS	(1 << 20)

static double steps[MAX_STEPS];

static char *map_page(void)
{
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	return p;
}

void step_map(char *memory)
{
	(void)memory;
	if (munmap(map_page(), PAGE))
		die("munmap: %s", strerror(errno));
}

void step_fault(char *memory)
{
	*memory = 1;
	if (madvise(memory, PAGE, MADV_DONTNEED))
		die("madvise: %s", strerror(errno));
}

void window(void (*step)(char *memory), long long ns, double *figures)
{
	char *memory = map_page();
	long long start = now_ns(), before = start, after = start;
	long n;

	for (n = 0; n < MAX_STEPS && after - start < ns; n++) {
		step(memory);
		after = now_ns();
		steps[n] = after - before;
		before = after;
	}
	munmap(memory, PAGE);
	qsort(steps, n, sizeof(*steps), series_compare);
	figures[RATE] = n / (double)(after - start);
	figures[MEAN] = (after - start) / (double)n;
	figures[MEDIAN] = steps[n / 2];
	figures[P99] = steps[n * 99 / 100];
	figures[WORST] = steps[n - 1];
}
