/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The results of a remote read: X(constant, name, meaning). The names are those
 * of the counters in sysfs and of the tracepoint's field reason. Programs of
 * user space include this file, too.
 *
 * All but OK are reasons to take the slow path.
 */
#ifndef _REMOTE_RESULTS_H
#define _REMOTE_RESULTS_H

#define REMOTE_READ_RESULTS(X)						\
	X(OK, "fast",							\
	  "read without the mmap lock")					\
	X(WRITE, "write",						\
	  "writes, always left to the kernel")				\
	X(NO_VMA, "no_vma",						\
	  "nothing is mapped there, or the mapping was being changed")	\
	X(LEAVES_VMA, "leaves_vma",					\
	  "the range leaves its mapping, or mappings changed meanwhile") \
	X(SPECIAL, "special",						\
	  "memory whose driver serves reads, or device memory")		\
	X(NOT_PERMITTED, "not_permitted",				\
	  "flags that vmapeek does not know, or memory of a driver")	\
	X(FOLL_ANON, "foll_anon",					\
	  "cmdline or environ in memory whose driver serves reads")	\
	X(NOT_PRESENT, "not_present",					\
	  "a page whose fault needs the mmap lock")			\
	X(UNSHARE, "unshare",						\
	  "shared memory whose fault needs the mmap lock")		\
	X(SELF, "self",							\
	  "a process read its own memory")				\
	X(FATAL_SIGNAL, "fatal_signal",					\
	  "the reader was being killed")

/* Other counters: X(constant, name, meaning). These are no results. */
#define REMOTE_READ_EVENTS(X)						\
	X(FAULTS, "faults",						\
	  "page faults taken in the memory that was read")

#endif /* _REMOTE_RESULTS_H */
