/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs for cases of processes that are not quite there, not ours, or not of
 * our kind. The interface is that of the case.
 */
#ifndef PROCESS_CASES_H
#define PROCESS_CASES_H

#include "cases.h"

#define HELPER32	"/bin/helper32"
#define TEXT32		"text of a 32-bit process"
#define NOBODY		65534

/* With every detail of failure kept in the result. */
void read_into(struct outcome *o, const struct read_case *c, pid_t pid,
	       unsigned long addr);
/* What the 32-bit helper prints when it is run with these arguments. */
void read32(struct outcome *o, const char *args);

/* For good; ends a process that cannot. */
void become_nobody(void);

/* A child that has ended, and that nobody has waited for. */
pid_t make_zombie(void);

/* Each a read_case.run: what is read at read_case.offset. */
void run_zombie(const struct read_case *c, struct outcome *o);
void run_gone(const struct read_case *c, struct outcome *o);
void run_kthread(const struct read_case *c, struct outcome *o);
/* What is read of it is TEXT32, or its cmdline. */
void run_target32(const struct read_case *c, struct outcome *o);

#endif
