/* SPDX-License-Identifier: GPL-2.0 */
/* The module under test: switch it, read its counters. Errors are fatal. */
#ifndef VMAPEEK_H
#define VMAPEEK_H

#include <stdbool.h>

#include "../../../kernel/remote_results.h"
#include "util.h"

/* The module's counters: OK is shown as "fast". */
enum event {
#define X(constant, name, meaning) constant,
	REMOTE_READ_RESULTS(X)
#undef X
	NR_EVENTS,
	FAST = OK
};

extern const char *const event_names[NR_EVENTS];

/*
 * Environment variable MAINLINE: the kernel has no module to switch; it has
 * ("patched") or lacks ("control") the series for mainline.
 */
enum mainline {
	MODULE,
	PATCHED,
	CONTROL
};

enum mainline mainline(void);

struct counters {
	unsigned long n[NR_EVENTS];
};

/* The module that the functions below switch; initially "vmapeek". */
extern const char *vmapeek_module;

/* Load the module and wait until every task uses it. No-op on mainline. */
void vmapeek_on(void);

/* Switch off, wait until no task uses it, unload. */
void vmapeek_off(void);

/* The same for both, vmapeek and vmapeek_maps. */
void modules_on(void);
void modules_off(void);

bool vmapeek_is_loaded(void);

/* Parts of these functions, for tests of switching itself. */
int vmapeek_load(const char *path);
int vmapeek_unload(void);
/* ENOENT, or slightly earlier EINVAL, if it is off and can be unloaded. */
int vmapeek_enable(bool on);
bool vmapeek_in_transition(void);
/* State of this task: 1 with the module, 0 without, -1 without a transition. */
int vmapeek_task_state(void);
/*
 * FRAME_POINTER compiles a kernel without tail calls. Its own readers that wait
 * then have a function on the stack that livepatch replaces, and delay the
 * transition when the module is loaded.
 */
bool has_tail_calls(void);

/* All 0 if the module is not loaded, and on mainline. */
struct counters counters_read(void);
struct counters counters_since(const struct counters *start);

#endif
