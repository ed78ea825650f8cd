/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>

/* The time of a clock that is never set (CLOCK_MONOTONIC). */
double seconds_now(void);

/* From now on Ctrl-C and SIGTERM end the process at once, with that code. */
void end_at_interrupts(int code);

/* From now on Ctrl-C and SIGTERM only end pause_seconds(). */
void catch_interrupts(void);

/* The same for SIGHUP, unless that is ignored (nohup). */
void catch_hangup(void);

/* Sleeps, or returns true as soon as one of these signals is pending. */
bool pause_seconds(double seconds);

/* Sleeps for the whole time; does not consume these signals. */
void sleep_seconds(double seconds);

#endif
