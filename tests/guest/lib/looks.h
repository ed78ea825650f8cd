/* SPDX-License-Identifier: GPL-2.0 */
/* Looks at files of /proc/PID, with the same result in four states. */
#ifndef LOOKS_H
#define LOOKS_H

#include <sys/types.h>

/* Vmapeek off; and on, with the target's mmap lock free, and held in two ways. */
enum look_state { OFF, ON, HELD_FOR_WRITE, WRITER_WAITS, NR_STATES };

extern const char *const look_states[NR_STATES];

/* Calls @take in all states in turn. vmapeek is off before and after. */
void look_in_all_states(void (*take)(enum look_state state), pid_t pid);

/* A file of /proc/PID, or -1. */
int open_of(pid_t pid, const char *file);

/* The same of a process that has exited since. Errors are fatal. */
int open_of_ended(const char *file);

#endif
