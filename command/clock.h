/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>

/* Of a clock that nobody sets. */
double seconds_now(void);

/* From now on Ctrl-C and SIGTERM end the process at once, with that code. */
void end_at_interrupts(int code);

/* From now on Ctrl-C and SIGTERM only end pause_seconds(). */
void catch_interrupts(void);

/* The same for the end of the terminal, unless that is ignored (nohup). */
void catch_hangup(void);

/* True if one of them came, before or meanwhile. */
bool pause_seconds(double seconds);

/* Leaves these signals alone. */
void sleep_seconds(double seconds);

#endif
