/* SPDX-License-Identifier: GPL-2.0 */
/* What can be seen of a process's memory without reading it. */
#ifndef STATE_H
#define STATE_H

#include <sys/types.h>

/* Make all pages look as if nobody had used them: see "Referenced". */
void state_clear_referenced(pid_t pid);

/*
 * What smaps says of the mappings between two addresses. Each line: the
 * mapping's distances from @start, then one field.
 */
void state_text(char *text, size_t size, pid_t pid, unsigned long start,
		unsigned long end);

/*
 * A number that stands for what smaps says of the mappings between two
 * addresses, as far as it depends on the process alone. The text behind it is
 * kept under @name; when another comes under the same name, the first lines
 * that differ are printed.
 */
long state_of(const char *name, pid_t pid, unsigned long start,
	      unsigned long end);

/* The same for any text. */
long state_keep(const char *name, const char *text);

/* @hash: 0, or what the part before brought. */
unsigned long hash_bytes(unsigned long hash, const void *bytes, size_t size);

#endif
