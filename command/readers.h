/* SPDX-License-Identifier: GPL-2.0 */
/* Who reads whom, from the tracepoint vmapeek:vmapeek_remote_read. */
#ifndef READERS_H
#define READERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* All reads by programs of one name, of one process, with one reason. */
struct reader {
	char comm[32];
	pid_t target;
	char reason[32];
	unsigned long long reads, nsec;
	unsigned long long max_nsec;	/* since readers_begin() */
};

struct readers {
	size_t n;
	struct reader *reader;
	unsigned long long dropped;	/* the kernel's table was full */
};

/* Begins to count. Returns 0, or an error number with the reason in @why. */
int readers_begin(char *why, size_t size);

/* Adds what was counted since the last time. False: it cannot be read. */
bool readers_read(struct readers *r);

void readers_end(void);
void readers_free(struct readers *r);

#endif
