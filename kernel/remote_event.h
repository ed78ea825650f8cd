/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REMOTE_EVENT_H
#define _REMOTE_EVENT_H

/**
 * enum remote_read_event - what became of one attempt at the fast path
 * @REMOTE_READ_FAST: served under the VMA's read lock
 * @REMOTE_READ_WRITE: the caller wants to write
 * @REMOTE_READ_NO_VMA: nothing mapped at the address, or the VMA is being
 *	changed
 * @REMOTE_READ_LEAVES_VMA: the range runs out of the VMA, and what follows is
 *	not plainly a hole
 * @REMOTE_READ_SPECIAL: device, PFN-mapped, hugetlb or secret memory
 * @REMOTE_READ_NOT_PERMITTED: the VMA does not allow this read, or the caller
 *	passed flags that the fast path does not know
 * @REMOTE_READ_FOLL_ANON: the caller accepts anonymous memory only
 * @REMOTE_READ_NOT_PRESENT: a page is not there, or may not be taken without
 *	a fault
 * @REMOTE_READ_TOO_LONG: the range takes more page-table entries than are
 *	looked at in one go; not from /proc or ptrace, which read a page
 * @REMOTE_READ_UNSHARE: anonymous memory that is shared with another process,
 *	of which a pin first makes a copy for the one that is read
 * @REMOTE_READ_SELF: the reader reads its own address space
 * @REMOTE_READ_FATAL_SIGNAL: the reader is being killed
 * @NR_REMOTE_READ_EVENTS: number of events
 *
 * All but @REMOTE_READ_FAST are reasons for a fallback to the slow path.
 */
enum remote_read_event {
	REMOTE_READ_FAST,
	REMOTE_READ_WRITE,
	REMOTE_READ_NO_VMA,
	REMOTE_READ_LEAVES_VMA,
	REMOTE_READ_SPECIAL,
	REMOTE_READ_NOT_PERMITTED,
	REMOTE_READ_FOLL_ANON,
	REMOTE_READ_NOT_PRESENT,
	REMOTE_READ_TOO_LONG,
	REMOTE_READ_UNSHARE,
	REMOTE_READ_SELF,
	REMOTE_READ_FATAL_SIGNAL,
	NR_REMOTE_READ_EVENTS
};

#endif /* _REMOTE_EVENT_H */
