/* SPDX-License-Identifier: GPL-2.0 */
/* The visible state of a process's memory, without reading it. */
#ifndef STATE_H
#define STATE_H

#include <sys/types.h>

/* Clear the accessed marks of all pages: see "Referenced". */
void state_clear_referenced(pid_t pid);

/*
 * The text of smaps for the mappings between two addresses. Each line: the
 * mapping's offsets from @start, then one field.
 */
void state_text(char *text, size_t size, pid_t pid, unsigned long start,
		unsigned long end);

/*
 * A hash of smaps for the mappings between two addresses, without the fields
 * that depend on other processes. Keeps the text under @name. If it differs
 * from an earlier one of that name, prints the first lines that differ.
 */
long state_of(const char *name, pid_t pid, unsigned long start,
	      unsigned long end);

/* The same for any text. */
long state_keep(const char *name, const char *text);

/* @hash: 0, or the result for the part before. */
unsigned long hash_bytes(unsigned long hash, const void *bytes, size_t size);

#endif
