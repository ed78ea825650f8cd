// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "turn.h"

/* Bits of /proc/sys/kernel/tainted: bad page, oops, warning, soft lockup. */
#define TAINTS	(1UL << 5 | 1UL << 7 | 1UL << 9 | 1UL << 14)

static bool is_tainted(void)
{
	unsigned long taints = 0;
	FILE *file = fopen("/proc/sys/kernel/tainted", "r");

	if (!file || fscanf(file, "%lu", &taints) != 1)
		die("/proc/sys/kernel/tainted cannot be read");
	fclose(file);
	return taints & TAINTS;
}

/* lockdep disables itself at its first report, which sets no taint. */
static bool lockdep_is_off(void)
{
	FILE *file = fopen("/proc/lockdep_stats", "r");
	char line[256];
	int on = 1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " debug_locks: %d", &on) == 1)
			break;
	if (file)
		fclose(file);
	return !on;
}

bool kernel_complains(void)
{
	return is_tainted() || lockdep_is_off();
}
