/* SPDX-License-Identifier: GPL-2.0 */
/* Progress of a reader in a loop, in memory shared with the test. */
#ifndef PROGRESS_H
#define PROGRESS_H

struct progress {
	volatile unsigned long reads;
	char wrong[128];	/* the first error */
};

/* For the reader: notes the error, and exits. */
__attribute__((noreturn, format(printf, 2, 3)))
void progress_wrong(struct progress *p, const char *format, ...);

/* Waits for one more complete read. Fails the test if a read was wrong. */
void progress_wait(const struct progress *p);

#endif
