/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the measurements of the command bench. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <sys/types.h>

/* Sorts them. */
double median(double *values, size_t n);

/*
 * Forks a child that ends with its parent. Returns as fork() does; memory for
 * both must be mapped shared before.
 */
pid_t child_fork(void);
void child_end(pid_t pid);

#endif
