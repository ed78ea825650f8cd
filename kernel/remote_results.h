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
	  "nothing mapped there, or the mapping was being changed")	\
	X(LEAVES_VMA, "leaves_vma",					\
	  "the range runs out of its mapping")				\
	X(SPECIAL, "special",						\
	  "device, PFN-mapped, hugetlb or secret memory")		\
	X(NOT_PERMITTED, "not_permitted",				\
	  "the mapping does not allow this read")			\
	X(FOLL_ANON, "foll_anon",					\
	  "cmdline or environ outside anonymous memory")		\
	X(NOT_PRESENT, "not_present",					\
	  "a page was not in memory")					\
	X(TOO_LONG, "too_long",						\
	  "too many pages for one go")					\
	X(UNSHARE, "unshare",						\
	  "memory shared since a fork or by KSM")			\
	X(SELF, "self",							\
	  "a process read its own memory")				\
	X(FATAL_SIGNAL, "fatal_signal",					\
	  "the reader was being killed")

#endif /* _REMOTE_RESULTS_H */
