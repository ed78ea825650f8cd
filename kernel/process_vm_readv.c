// SPDX-License-Identifier: GPL-2.0
/*
 * The system call process_vm_readv(): checks, their order and errors are those
 * of the kernel's own. process_vm_segment.c reads the segments.
 */
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "remote.h"
#include "trace.h"

/*
 * Returns an address space to be put with mmput(), or an error. @task may be
 * NULL: it is looked up early, but -ESRCH is due only here.
 */
static struct mm_struct *process_vm_get_mm(struct task_struct *task)
{
	struct mm_struct *mm;

	if (!task)
		return ERR_PTR(-ESRCH);
	mm = mm_access(task, PTRACE_MODE_ATTACH_REALCREDS);
	if (!mm)
		return ERR_PTR(-ESRCH);
	/* process_vm_readv() has always reported -EPERM here. */
	if (mm == ERR_PTR(-EACCES))
		return ERR_PTR(-EPERM);
	return mm;
}

/*
 * Does the caller read its own address space? Another task cannot acquire it
 * later, so one check is enough.
 */
static bool process_vm_is_own(struct task_struct *task)
{
	return READ_ONCE(task->mm) == current->mm;
}

static bool process_vm_is_empty(const struct iovec *iov, unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++)
		if (iov[i].iov_len)
			return false;
	return true;
}

/* Returns 0 or an error. @iter has the number of bytes copied. */
static int process_vm_readv_mm(struct task_struct *task, struct mm_struct *mm,
			       struct iov_iter *iter, const struct iovec *iov,
			       unsigned long count)
{
	unsigned long i;
	int err = 0;

	for (i = 0; i < count && iov_iter_count(iter) && !err; i++) {
		unsigned long addr = (unsigned long)iov[i].iov_base;

		if (trace_vmapeek_remote_read_enabled())
			err = traced_readv(task_tgid_nr(task), mm, addr,
					   iov[i].iov_len, iter);
		else
			err = remote_readv(mm, addr, iov[i].iov_len, iter,
					   NULL);
	}
	return err;
}

static ssize_t process_vm_readv_iter(struct task_struct *task,
				     struct iov_iter *iter,
				     const struct iovec *iov,
				     unsigned long count)
{
	size_t wanted = iov_iter_count(iter);
	struct mm_struct *mm;
	ssize_t ret;

	if (process_vm_is_empty(iov, count))
		return 0;
	mm = process_vm_get_mm(task);
	if (IS_ERR(mm))
		return PTR_ERR(mm);

	ret = process_vm_readv_mm(task, mm, iter, iov, count);
	if (iov_iter_count(iter) != wanted)
		ret = wanted - iov_iter_count(iter);
	mmput(mm);
	return ret;
}

static __always_inline ssize_t
process_vm_readv_iovec(struct task_struct *task, struct iov_iter *iter,
		       const struct iovec __user *rvec, unsigned long riovcnt)
{
	struct iovec iovstack[UIO_FASTIOV] __uninitialized;
	struct iovec *iov;
	ssize_t ret;

	iov = iovec_from_user(rvec, riovcnt, UIO_FASTIOV, iovstack,
			      in_compat_syscall());
	if (IS_ERR(iov))
		return PTR_ERR(iov);
	ret = process_vm_readv_iter(task, iter, iov, riovcnt);
	if (iov != iovstack)
		kfree(iov);
	return ret;
}

/**
 * vmapeek_process_vm_readv - the system call process_vm_readv()
 * @pid: the process to read from
 * @lvec: the caller's segments
 * @liovcnt: their number
 * @rvec: the segments of @pid
 * @riovcnt: their number
 * @flags: must be 0
 *
 * Context: Process context, a native or a 32-bit system call.
 *
 * Return: the number of bytes copied, or a negative error if there were none.
 */
ssize_t vmapeek_process_vm_readv(pid_t pid, const struct iovec __user *lvec,
				 unsigned long liovcnt,
				 const struct iovec __user *rvec,
				 unsigned long riovcnt, unsigned long flags)
{
	struct iovec iovstack[UIO_FASTIOV] __uninitialized;
	struct iovec *iov = iovstack;
	struct task_struct *task;
	struct iov_iter iter;
	ssize_t ret;

	if (flags)
		return -EINVAL;

	task = find_get_task_by_vpid(pid);
	if (task && process_vm_is_own(task)) {
		put_task_struct(task);
		remote_count(REMOTE_READ_SELF);
		return process_vm_rw(pid, lvec, liovcnt, rvec, riovcnt, 0, 0);
	}

	ret = import_iovec(ITER_DEST, lvec, liovcnt, UIO_FASTIOV, &iov, &iter);
	if (ret < 0)
		goto put_task;
	ret = 0;
	if (iov_iter_count(&iter))
		ret = process_vm_readv_iovec(task, &iter, rvec, riovcnt);
	/* Seldom allocated; kfree(NULL) would cost 30 instructions. */
	if (unlikely(iov))
		kfree(iov);
put_task:
	if (task)
		put_task_struct(task);
	return ret;
}
