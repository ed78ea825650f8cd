/* SPDX-License-Identifier: GPL-2.0 */
/* A test program that hangs ends after a while, and says in which case. */
#ifndef LIMIT_H
#define LIMIT_H

#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *volatile limit_case = "the preparation";

/* Nothing but system calls: printf() may be what was interrupted. */
static inline void limit_say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(2);
}

static inline void limit_reached(int signal_nr)
{
	(void)signal_nr;
	limit_say("\nBail out! took too long: ");
	limit_say(limit_case);
	limit_say("\n");
	_exit(2);
}

/* @name: of what is to end in so many seconds; must stay. */
static inline void limit_set(unsigned int seconds, const char *name)
{
	limit_case = name;
	signal(SIGALRM, limit_reached);
	alarm(seconds);
}

#endif
