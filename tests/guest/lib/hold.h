/* SPDX-License-Identifier: GPL-2.0 */
/* Hold a process's mmap lock, by /dev/hold_mmap_lock. Errors are fatal. */
#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>
#include <sys/types.h>

/* Returns a file; closing it releases the lock. */
int hold_begin(const char *mode, pid_t pid);
bool hold_is(int fd, const char *state);
void hold_wait(int fd, const char *state);

/* Does this task sleep in a function of that name, by /proc/PID/wchan? */
bool waits_in(pid_t pid, const char *function);

/* The lock of one process, and a writer that waits for it; files, or -1. */
struct hold {
	int lock, writer;
};

#define NOT_HELD	{ -1, -1 }

/* These return when the lock is held, or the writer waits. */
void hold_for_write(struct hold *h, pid_t pid);
void hold_for_read_with_writer(struct hold *h, pid_t pid);
bool hold_lasts(const struct hold *h);
void hold_close(struct hold *h);

/* Does this task sleep for a read lock of an mmap lock, by /proc/PID/wchan? */
bool waits_for_mmap_lock(pid_t pid);
/* Waits until this child exits; returns false if it waits for an mmap lock. */
bool ends_without_mmap_lock(pid_t pid);

#endif
