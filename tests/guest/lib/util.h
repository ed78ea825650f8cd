/* SPDX-License-Identifier: GPL-2.0 */
/* What every program in the guest needs. */
#ifndef UTIL_H
#define UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* From now on, the calling task runs on this one only. */
void use_cpu(int cpu);

/*
 * A child that competes for the CPU of the calling task, which is then preempted
 * wherever the kernel allows it. To be killed and waited for.
 */
pid_t keep_cpu_busy(void);

/* A thread that ends with the process. */
void start_thread(void *(*function)(void *));

/* Print what is wrong and end this process. */
void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* Memory of zeros, which children share. */
void *shared_alloc(size_t size);

/* A file's first line as text; false when it cannot be read. */
bool read_line(const char *path, char *buf, size_t size);
void write_line(const char *path, const char *text);

/*
 * A program that is not done with this in so many seconds ends, and says with
 * what. @name must stay.
 */
void limit_set(unsigned int seconds, const char *name);
void limit_end(void);

#endif
