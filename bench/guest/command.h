/* SPDX-License-Identifier: GPL-2.0 */
/* A program that runs beside what is measured. */
#ifndef COMMAND_H
#define COMMAND_H

#include <sys/types.h>

/* On that CPU. Its output is of no interest. */
pid_t command_start(int cpu, const char *const *argv);

#endif
