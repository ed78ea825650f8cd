/* SPDX-License-Identifier: GPL-2.0 */
/* Looks at a process: reads of its memory, or of a whole file in /proc/PID. */
#ifndef LOOK_H
#define LOOK_H

#include <stdatomic.h>

#include "reader.h"

struct look {
	enum interface how;
	size_t size;		/* bytes read, from @addr on */
	const char *file;	/* instead; of pagemap, for @memory */
};

const char *look_name(const struct look *look);

struct looker {
	const struct look *look;
	struct reader reader;
	unsigned long addr, memory;
	atomic_ulong *calls;	/* if set, counts system calls */
};

/* Looks at @memory bytes at @addr. Errors are fatal here. */
void looker_open(struct looker *l, const struct look *look, pid_t pid,
		 unsigned long addr, unsigned long memory);
void looker_look(struct looker *l);
void looker_close(struct looker *l);

#endif
