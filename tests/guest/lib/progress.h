/* SPDX-License-Identifier: GPL-2.0 */
/* How far a reader is that goes on all the time; in memory that it shares with the test. */
#ifndef PROGRESS_H
#define PROGRESS_H

struct progress {
	volatile unsigned long reads;
	char wrong[128];	/* the first thing that was */
};

/* The reader notes what is wrong, and ends. */
__attribute__((noreturn, format(printf, 2, 3)))
void progress_wrong(struct progress *p, const char *format, ...);

/* Until it has read once more, as things are now. Fails the test if a read was wrong. */
void progress_wait(const struct progress *p);

#endif
