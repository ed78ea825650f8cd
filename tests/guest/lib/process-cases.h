/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Run functions for cases of processes that are exiting, of another user, or
 * 32-bit. The case chooses the interface.
 */
#ifndef PROCESS_CASES_H
#define PROCESS_CASES_H

#include "cases.h"

#define HELPER32	"/bin/helper32"
#define TEXT32		"text of a 32-bit process"
#define NOBODY		65534

/* Reads, and keeps each detail of an error in the outcome. */
void read_into(struct outcome *o, const struct read_case *c, pid_t pid,
	       unsigned long addr);
/* The output of the 32-bit helper with these arguments. */
void read32(struct outcome *o, const char *args);

/* Irreversible; ends the process on an error. */
void become_nobody(void);

/* A child that has exited, and that nobody has waited for. */
pid_t make_zombie(void);

/* Each is a read_case.run, which reads at read_case.offset. */
void run_zombie(const struct read_case *c, struct outcome *o);
void run_gone(const struct read_case *c, struct outcome *o);
void run_kthread(const struct read_case *c, struct outcome *o);
/* Reads TEXT32, or the cmdline. */
void run_target32(const struct read_case *c, struct outcome *o);

#endif
