/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that are stuck as in the field, by a frozen ext4 only. One thread
 * of the target sleeps in ext4's page_mkwrite(), another waits for it with the
 * mmap lock held, or waits for the mmap lock. Errors are fatal.
 */
#ifndef FROZEN_H
#define FROZEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "target.h"

#define FROZEN_DIR	"/ice"

/* The mapping of a file of that file system; its first page is written to. */
#define FROZEN_AT	0x300000000000UL
#define FROZEN_SIZE	(16 * PAGE)

enum frozen_way {
	/*
	 * A write fault sleeps with its VMA read-locked; munmap() of a part of
	 * that VMA waits for it, with the mmap lock held for writing. All other
	 * VMAs are free.
	 */
	FROZEN_VMA,
	/*
	 * Direct I/O into the memory of the file sleeps with the mmap lock held
	 * for reading; munmap() of other memory waits to write. All VMAs are
	 * free.
	 */
	FROZEN_MMAP_LOCK,
};

/* Mounts the image at FROZEN_DIR. To be called once. */
void frozen_make(const char *image);

/* Called at the end of a target's preparation: starts the threads. */
void frozen_prepare(struct target *t);
/*
 * Sets the function of the second thread; NULL: munmap(). To be called before
 * the target is started.
 */
void frozen_set_change(void (*change)(void));

/* Returns when both threads are stuck. */
void frozen_begin(enum frozen_way way, pid_t pid);
/* The same in two steps, for FROZEN_VMA. */
void frozen_fault(pid_t pid);
void frozen_change(pid_t pid);
/* Are both threads stuck; is the second one? */
bool frozen_lasts(pid_t pid);
bool frozen_change_waits(pid_t pid);

/* Thaws the file system. */
void frozen_thaw(void);
/* Has the first thread written; has the second one made its change? */
bool frozen_has_written(void);
bool frozen_has_changed(void);
/* To be called before the next target is prepared. */
void frozen_reset(void);
/* Thaws and resets. */
void frozen_end(void);

/* Does a thread sleep uninterruptibly? */
bool is_uninterruptible(pid_t pid, pid_t tid);

#endif
