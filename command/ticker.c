// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "measure.h"
#include "output.h"
#include "ticker.h"

#define FIRST	2	/* seconds */

#define CLEAR_LINE	"\r\033[K"

static pid_t child;
static double begin;

static void tick(const char *what)
{
	sleep(FIRST);
	for (;;) {
		fprintf(stderr, CLEAR_LINE "vmapeek: %s, %.0f s", what,
			seconds_now() - begin);
		sleep(1);
	}
}

void ticker_begin(const char *what)
{
	if (!is_screen(STDERR_FILENO))
		return;
	begin = seconds_now();
	child = child_fork();
	if (!child)
		tick(what);
}

void ticker_end(void)
{
	if (!child)
		return;
	child_end(child);
	child = 0;
	if (seconds_now() - begin >= FIRST)
		fputs(CLEAR_LINE, stderr);
}
