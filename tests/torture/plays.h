/* SPDX-License-Identifier: GPL-2.0 */
/* The functions of the plays, which plays.c lists. */
#ifndef PLAYS_H
#define PLAYS_H

#include "scene.h"
#include "uapi.h"

/* anon.c */
void setup_replace(struct scene *s);
void step_replace(struct scene *s);
void setup_replace_huge(struct scene *s);
void step_replace_huge(struct scene *s);
void step_remap(struct scene *s);
void step_unmap(struct scene *s);
void setup_neighbours(struct scene *s);
void step_neighbours(struct scene *s);
void step_protect(struct scene *s);
void step_no_access(struct scene *s);
void setup_discard(struct scene *s);
void step_discard(struct scene *s);
void step_free(struct scene *s);
void step_guard(struct scene *s);

/* huge.c */
void setup_huge(struct scene *s);
void step_collapse(struct scene *s);
void step_discard_huge(struct scene *s);
void step_split(struct scene *s);

/* file.c */
void setup_file(struct scene *s);
void step_retract(struct scene *s);
void step_punch(struct scene *s);
void step_truncate(struct scene *s);
void setup_hugetlb(struct scene *s);
void step_hugetlb(struct scene *s);

/* move.c: pages move, and keep their content */
void step_migrate(struct scene *s);
void setup_merge(struct scene *s);
void step_merge(struct scene *s);
void step_swap(struct scene *s);
void step_balance(struct scene *s);
void setup_user_move(struct scene *s);
void step_user_move(struct scene *s);

/* absent.c */
void step_fault_swapped(struct scene *s);
void step_fault_replaced(struct scene *s);
void step_fault_shared(struct scene *s);
void setup_device(struct scene *s);
void step_fault_file(struct scene *s);
void setup_fault_hugetlb(struct scene *s);
void step_fault_hugetlb(struct scene *s);
void step_fault_collapse(struct scene *s);
void setup_swapped(struct scene *s);
void setup_half_untouched(struct scene *s);

/* process.c */
void step_fork(struct scene *s);
void run_exec(struct scene *s, const struct play *p);
void run_exit(struct scene *s, const struct play *p);
void run_oom(struct scene *s, const struct play *p);
void step_nothing(struct scene *s);

/* disturb.c */
void disturb_memory(struct scene *s);
void disturb_cpus(struct scene *s);
void disturb_switch(struct scene *s);

#endif
