/* SPDX-License-Identifier: GPL-2.0 */
/* A program that runs beside the measured one. */
#ifndef COMMAND_H
#define COMMAND_H

#include <sys/types.h>

/* Run it on that CPU, without its output. */
pid_t command_start(int cpu, const char *const *argv);

#endif
