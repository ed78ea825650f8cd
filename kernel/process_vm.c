// SPDX-License-Identifier: GPL-2.0
/*
 * The system call process_vm_readv(), as far as a module has to bring it: what
 * it checks, in which order, and which error it returns are those of the
 * kernel's own.
 */
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "compat.h"
#include "process_vm.h"
#include "remote_readv.h"
#include "stats.h"

/* No error of this system call: leave it to the kernel's own. */
#define PROCESS_VM_STOCK	(-MAX_ERRNO)

/* Returns an address space to be put with mmput(), or an error. */
static struct mm_struct *process_vm_get_mm(pid_t pid)
{
	struct task_struct *task = find_get_task_by_vpid(pid);
	struct mm_struct *mm;

	if (!task)
		return ERR_PTR(-ESRCH);
	mm = mm_access(task, PTRACE_MODE_ATTACH_REALCREDS);
	put_task_struct(task);
	if (!mm)
		return ERR_PTR(-ESRCH);
	/* This system call has always said it so. */
	if (mm == ERR_PTR(-EACCES))
		return ERR_PTR(-EPERM);
	return mm;
}

static bool process_vm_is_empty(const struct iovec *iov, unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++)
		if (iov[i].iov_len)
			return false;
	return true;
}

/* Returns an error, or 0 and what was copied is known from @iter. */
static int process_vm_readv_mm(struct mm_struct *mm, struct iov_iter *iter,
			       const struct iovec *iov, unsigned long count)
{
	unsigned long i;
	int err = 0;

	for (i = 0; i < count && iov_iter_count(iter) && !err; i++)
		err = remote_readv(mm, (unsigned long)iov[i].iov_base,
				   iov[i].iov_len, iter);
	return err;
}

/*
 * Returns the number of bytes or an error, or PROCESS_VM_STOCK before anything
 * was copied.
 */
static ssize_t process_vm_readv_iter(pid_t pid, struct iov_iter *iter,
				     const struct iovec *iov,
				     unsigned long count)
{
	size_t wanted = iov_iter_count(iter);
	struct mm_struct *mm;
	ssize_t ret;

	if (process_vm_is_empty(iov, count))
		return 0;
	mm = process_vm_get_mm(pid);
	if (IS_ERR(mm))
		return PTR_ERR(mm);

	if (mm == current->mm) {
		remote_read_count(REMOTE_READ_SELF);
		ret = PROCESS_VM_STOCK;
	} else {
		ret = process_vm_readv_mm(mm, iter, iov, count);
		if (iov_iter_count(iter) != wanted)
			ret = wanted - iov_iter_count(iter);
	}
	mmput(mm);
	return ret;
}

static ssize_t process_vm_readv_iovec(pid_t pid, struct iov_iter *iter,
				      const struct iovec __user *rvec,
				      unsigned long riovcnt)
{
	struct iovec iovstack[UIO_FASTIOV];
	struct iovec *iov;
	ssize_t ret;

	iov = iovec_from_user(rvec, riovcnt, UIO_FASTIOV, iovstack,
			      in_compat_syscall());
	if (IS_ERR(iov))
		return PTR_ERR(iov);
	ret = process_vm_readv_iter(pid, iter, iov, riovcnt);
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
	struct iovec iovstack[UIO_FASTIOV];
	struct iovec *iov = iovstack;
	struct iov_iter iter;
	ssize_t ret;

	if (flags)
		return -EINVAL;

	ret = import_iovec(ITER_DEST, lvec, liovcnt, UIO_FASTIOV, &iov, &iter);
	if (ret < 0)
		return ret;
	ret = 0;
	if (iov_iter_count(&iter))
		ret = process_vm_readv_iovec(pid, &iter, rvec, riovcnt);
	kfree(iov);

	if (ret == PROCESS_VM_STOCK)
		ret = process_vm_rw(pid, lvec, liovcnt, rvec, riovcnt, 0, 0);
	return ret;
}
