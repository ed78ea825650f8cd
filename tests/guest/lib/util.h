/* SPDX-License-Identifier: GPL-2.0 */
/* Functions for all programs in the guest. */
#ifndef UTIL_H
#define UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Restrict the calling task to this CPU. */
void use_cpu(int cpu);

/*
 * A child that competes for the CPU of the calling task, which is therefore
 * preempted wherever possible. The caller kills it and waits for it.
 */
pid_t keep_cpu_busy(void);

/* A thread that ends with the process. */
void start_thread(void *(*function)(void *));

/* Print the error and end this process. */
void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* Zeroed memory, shared with children. */
void *shared_alloc(size_t size);

#define THP	"/sys/kernel/mm/transparent_hugepage/"
/*
 * Make sure that faults give no huge pages there. Returns false, with errno, on
 * failure. A kernel without huge pages refuses the advice, and needs none.
 */
bool small_pages_only(void *at, size_t size);

/* A file's first line as text; false when it cannot be read. */
bool read_line(const char *path, char *buf, size_t size);
void write_line(const char *path, const char *text);

/*
 * End the program with a message that contains @name, unless the test ends
 * within @seconds. @name must stay valid.
 */
void limit_set(unsigned int seconds, const char *name);
void limit_end(void);

#endif
