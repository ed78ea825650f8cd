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

/* The lock of one process, and a writer that waits for it; files, or -1. */
struct hold {
	int lock, writer;
};

#define NOT_HELD	{ -1, -1 }

/* These return when it is so. */
void hold_for_write(struct hold *h, pid_t pid);
void hold_for_read_with_writer(struct hold *h, pid_t pid);
bool hold_lasts(const struct hold *h);
void hold_close(struct hold *h);

/* Is this task asleep waiting for an mmap lock to read? Seen, not guessed. */
bool waits_for_mmap_lock(pid_t pid);
/* Until this child has ended, or (false) is seen waiting for an mmap lock. */
bool ends_without_mmap_lock(pid_t pid);

#endif
