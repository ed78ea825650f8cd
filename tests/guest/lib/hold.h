/* SPDX-License-Identifier: GPL-2.0 */
/* Hold a process's mmap lock, by /dev/hold_mmap_lock. Failing is fatal. */
#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>
#include <sys/types.h>

/* Returns a file; the lock is let go when it is closed. */
int hold_begin(const char *mode, pid_t pid);
bool hold_is(int fd, const char *state);
void hold_wait(int fd, const char *state);

/* Is this task asleep in a function with such a name? Seen, not guessed. */
bool waits_in(pid_t pid, const char *function);

/* Is this task asleep waiting for an mmap lock to read? Seen, not guessed. */
bool waits_for_mmap_lock(pid_t pid);

#endif
