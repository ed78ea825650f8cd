// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define NSEC_PER_SEC	1e9

double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / NSEC_PER_SEC;
}

static bool hangup_too;

static sigset_t interrupts(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (hangup_too)
		sigaddset(&set, SIGHUP);
	return set;
}

static volatile sig_atomic_t code_at_interrupt;

static void end(int signal)
{
	(void)signal;
	_exit(code_at_interrupt);
}

void end_at_interrupts(int code)
{
	const struct sigaction action = { .sa_handler = end };
	sigset_t set = interrupts();

	code_at_interrupt = code;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void catch_interrupts(void)
{
	sigset_t set = interrupts();

	sigprocmask(SIG_BLOCK, &set, NULL);
}

void catch_hangup(void)
{
	struct sigaction action;

	hangup_too = !sigaction(SIGHUP, NULL, &action) &&
		     action.sa_handler != SIG_IGN;
	catch_interrupts();
}

static struct timespec to_timespec(double seconds)
{
	struct timespec ts = { .tv_sec = seconds };

	ts.tv_nsec = (seconds - ts.tv_sec) * NSEC_PER_SEC;
	return ts;
}

bool pause_seconds(double seconds)
{
	struct timespec ts = to_timespec(seconds);
	sigset_t set = interrupts();

	return sigtimedwait(&set, NULL, &ts) > 0;
}

void sleep_seconds(double seconds)
{
	struct timespec ts = to_timespec(seconds);

	while (nanosleep(&ts, &ts))
		;
}
