// SPDX-License-Identifier: GPL-2.0
/*
 * Remote reads with the tracepoint enabled: the slow path is called from here,
 * so that the event includes the time that a reader waited for the mmap lock.
 *
 * These functions must not be called by a tail call. Livepatch checks the stack
 * of each task for replacement functions, and the module may be unloaded when
 * no stack has one; a reader may wait for the mmap lock in here.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/uio.h>

#include "remote.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Return the process that owns an address space, or 0 if it is not known. */
static pid_t traced_pid(struct mm_struct *mm)
{
	pid_t pid = 0;
#ifdef CONFIG_MEMCG
	struct task_struct *owner;

	rcu_read_lock();
	owner = rcu_dereference(mm->owner);
	if (owner)
		pid = task_tgid_nr(owner);
	rcu_read_unlock();
#endif
	return pid;
}

/**
 * traced_access_remote_vm - access_remote_vm() with an event
 * @pid: the process that is read, or 0 if it is not known
 * @mm: its address space
 * @addr: address to read from
 * @buf: kernel memory to read into
 * @len: number of bytes
 * @gup_flags: FOLL_* flags
 *
 * Return: the number of bytes transferred.
 */
int traced_access_remote_vm(pid_t pid, struct mm_struct *mm, unsigned long addr,
			    void *buf, int len, unsigned int gup_flags)
{
	ktime_t start = ktime_get();
	enum remote_read_result why;
	int copied;

	copied = remote_read(mm, addr, buf, len, gup_flags, &why);
	if (copied == -EAGAIN)
		copied = __access_remote_vm(mm, addr, buf, len, gup_flags);
	trace_vmapeek_remote_read(pid ?: traced_pid(mm), addr, len, copied,
				  why, ktime_get() - start);
	return copied;
}

#ifdef HAVE_COPY_REMOTE_VM_STR
/**
 * traced_read_str - remote_read_str() with an event
 * @pid: the process that is read
 * @mm: its address space
 * @addr: address to read from
 * @buf: kernel memory to read into
 * @len: its size
 * @gup_flags: FOLL_* flags
 *
 * Return: as remote_read_str().
 */
int traced_read_str(pid_t pid, struct mm_struct *mm, unsigned long addr,
		    void *buf, int len, unsigned int gup_flags)
{
	ktime_t start = ktime_get();
	enum remote_read_result why;
	int ret;

	ret = remote_read_str(mm, addr, buf, len, gup_flags, &why);
	trace_vmapeek_remote_read(pid, addr, len, ret, why,
				  ktime_get() - start);
	return ret;
}
#endif

/**
 * traced_readv - remote_readv() with an event
 * @pid: the process that is read
 * @mm: its address space
 * @addr: start of the segment
 * @len: its length
 * @iter: the destination
 *
 * Return: as remote_readv().
 */
int traced_readv(pid_t pid, struct mm_struct *mm, unsigned long addr,
		 unsigned long len, struct iov_iter *iter)
{
	enum remote_read_result why = REMOTE_READ_OK;
	size_t space = iov_iter_count(iter);
	ktime_t start = ktime_get();
	long copied;
	int err;

	err = remote_readv(mm, addr, len, iter, &why);
	copied = space - iov_iter_count(iter);
	trace_vmapeek_remote_read(pid, addr, len, copied ?: err, why,
				  ktime_get() - start);
	return err;
}
