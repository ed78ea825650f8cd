/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interprets the kernel stack of a sleeping task: the lock that it waits for,
 * the owner of that address space, the lock that it holds, and the purpose.
 *
 * /proc/PID/stack and wchan leave out the functions of the locks and of the
 * scheduler. A task that waits for a lock is therefore in the function that
 * takes it.
 */
#ifndef STACK_H
#define STACK_H

#include <stdbool.h>
#include <stddef.h>

#define MAX_FRAMES	32
#define MAX_FUNCTION	48

/* The innermost function comes first. */
struct stack {
	size_t n;
	struct frame {
		char function[MAX_FUNCTION];	/* without .isra.0 and the like */
		bool ours;			/* of vmapeek or vmapeek_maps */
	} frame[MAX_FRAMES];
	bool whole;		/* else only wchan is known */
};

/*
 * With PREEMPT_RT, most locks are rtmutexes, whose functions the kernel does
 * not leave out, in neither file.
 */
bool stack_is_rt_lock(const char *function);

/*
 * From the text of /proc/PID/stack, without the functions of an rtmutex that
 * the task waits for; and of wchan.
 */
void stack_parse(struct stack *s, const char *text);
void stack_parse_wchan(struct stack *s, const char *text);

enum waits {
	WAITS_ELSEWHERE,
	WAITS_MMAP_READ,
	WAITS_MMAP_WRITE,
	WAITS_VMA,		/* holds the mmap lock for writing */
	WAITS_MMAP_OR_VMA,	/* one of the two above */
	WAITS_EXEC,		/* for exec_update_lock */
};

enum whose { WHOSE_OWN, WHOSE_OTHER, WHOSE_UNKNOWN };

enum waits stack_waits(const struct stack *s, enum whose *whose);

enum holds {
	HOLDS_NOTHING,
	HOLDS_MMAP_WRITE,
	HOLDS_MMAP_READ,
	HOLDS_VMA,
	HOLDS_FAULT,		/* a VMA's, or the mmap lock for reading */
};

/*
 * For one that does not wait for any of these locks. *@sure: it cannot have
 * dropped the lock before it went to sleep.
 */
enum holds stack_holds(const struct stack *s, enum whose *whose, bool *sure);

/* "munmap", "a page fault" and the like, or NULL. */
const char *stack_activity(const struct stack *s);

/* The reason why a task sleeps, by the kind of code in its stack. */
enum reason {
	REASON_UNKNOWN,
	REASON_FREEZE,		/* a frozen file system */
	REASON_FILE_SYSTEM,
	REASON_SWAP,
	REASON_MEMCG,		/* the limit of a memory cgroup */
	REASON_RECLAIM,
	REASON_USERFAULTFD,
	REASON_DEVICE,
};

/* @fs is set to the file system's type, or "". */
enum reason stack_reason(const struct stack *s, char *fs, size_t size);

/* In exec(), vfork() by the parent of a child that runs */
bool stack_in_vfork(const struct stack *s);

/* Functions that sleep for events, as most tasks do most of the time. */
bool wchan_is_idle(const char *wchan);

#endif
