// SPDX-License-Identifier: GPL-2.0
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "progress.h"

void progress_wrong(struct progress *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->wrong, sizeof(p->wrong), format, args);
	va_end(args);
	_exit(1);
}

/* Two reads, because the first may have begun before. */
void progress_wait(const struct progress *p)
{
	unsigned long at = p->reads;

	while (p->reads < at + 2) {
		if (p->wrong[0])
			fail_msg("%s", p->wrong);
		sched_yield();
	}
}
