// SPDX-License-Identifier: GPL-2.0
/*
 * The livepatch: functions of the running kernel and their replacements.
 *
 * The slow path stays the kernel's own __access_remote_vm(), reached through a
 * livepatch relocation; see klp-symbols. Only the slow path of strings is in
 * this module, see copy_remote_vm_str.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/livepatch.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>

#include "compat/proc-mem.h"
#include "livepatch.h"
#include "remote.h"
#include "sysfs.h"
#include "trace.h"
#include "version.h"

/*
 * Livepatch checks the stack of each task for replacement functions, and the
 * module may be unloaded when no stack has one. While a replacement calls into
 * the module it must stay on the stack, so that call must not become a jump.
 */
#define no_tail_call()	barrier()

/*
 * The slow path is a tail call: a reader that waits for the mmap lock there has
 * no function of this module on its stack, and does not delay the disable
 * transition. With the tracepoint enabled it is a real call, and delays it.
 */
static int vmapeek_access_remote_vm(struct mm_struct *mm, unsigned long addr,
				    void *buf, int len, unsigned int gup_flags)
{
	int copied;

	if (trace_vmapeek_remote_read_enabled()) {
		copied = traced_access_remote_vm(0, mm, addr, buf, len,
						 gup_flags);
		no_tail_call();
		return copied;
	}
	copied = remote_read(mm, addr, buf, len, gup_flags, NULL);
	if (copied != -EAGAIN)
		return copied;
	return __access_remote_vm(mm, addr, buf, len, gup_flags);
}

/*
 * No tail call, because the reference on the mm must be dropped afterwards: a
 * reader that waits here delays the disable transition. Only BPF, audit and
 * single-stepping call this function; PEEK and /proc call access_remote_vm().
 */
static int vmapeek_access_process_vm(struct task_struct *tsk,
				     unsigned long addr, void *buf, int len,
				     unsigned int gup_flags)
{
	struct mm_struct *mm = get_task_mm(tsk);
	int copied;

	if (!mm)
		return 0;
	if (trace_vmapeek_remote_read_enabled())
		copied = traced_access_remote_vm(task_tgid_nr(tsk), mm, addr,
						 buf, len, gup_flags);
	else
		copied = vmapeek_access_remote_vm(mm, addr, buf, len,
						  gup_flags);
	mmput(mm);
	return copied;
}

/*
 * A read that is not served as a whole ends in a tail call, as in
 * vmapeek_access_remote_vm(). With the tracepoint enabled every read does:
 * mem_rw() calls access_remote_vm() for each chunk, which emits an event.
 */
static ssize_t vmapeek_mem_read(struct file *file, char __user *buf,
				size_t count, loff_t *ppos)
{
	ssize_t copied;

	if (!trace_vmapeek_remote_read_enabled()) {
		copied = remote_mem_read(file, buf, count, ppos);
		if (copied != -EAGAIN)
			return copied;
	}
	return mem_rw(file, buf, count, ppos, 0);
}

#ifdef HAVE_COPY_REMOTE_VM_STR
/* As vmapeek_access_process_vm(). Only BPF calls this. */
static int vmapeek_copy_remote_vm_str(struct task_struct *tsk,
				      unsigned long addr, void *buf, int len,
				      unsigned int gup_flags)
{
	struct mm_struct *mm;
	int ret;

	if (!len)
		return 0;
	mm = get_task_mm(tsk);
	if (!mm) {
		*(char *)buf = '\0';
		return -EFAULT;
	}
	if (trace_vmapeek_remote_read_enabled())
		ret = traced_read_str(task_tgid_nr(tsk), mm, addr, buf, len,
				      gup_flags);
	else
		ret = remote_read_str(mm, addr, buf, len, gup_flags, NULL);
	mmput(mm);
	return ret;
}
#endif

/*
 * The syscall entry points: the helpers below them are static, and the compiler
 * may have changed their ABI. A reader blocked on the mmap lock in here delays
 * the disable transition, just as one blocked in the original delays enabling.
 * Other tasks still transition.
 */
static long vmapeek_x64_sys_process_vm_readv(const struct pt_regs *regs)
{
	long ret = vmapeek_process_vm_readv(regs->di, (void __user *)regs->si,
					    regs->dx, (void __user *)regs->r10,
					    regs->r8, regs->r9);

	no_tail_call();
	return ret;
}

#ifdef CONFIG_IA32_EMULATION
static long vmapeek_ia32_sys_process_vm_readv(const struct pt_regs *regs)
{
	long ret = vmapeek_process_vm_readv(regs->bx, compat_ptr(regs->cx),
					    (u32)regs->dx, compat_ptr(regs->si),
					    (u32)regs->di, (u32)regs->bp);

	no_tail_call();
	return ret;
}
#endif

static struct klp_func vmapeek_funcs[] = {
	{
		.old_name = "access_remote_vm",
		.new_func = vmapeek_access_remote_vm,
	},
	{
		.old_name = "access_process_vm",
		.new_func = vmapeek_access_process_vm,
	},
	{
		.old_name = "mem_read",
		.new_func = vmapeek_mem_read,
	},
#ifdef HAVE_COPY_REMOTE_VM_STR
	{
		.old_name = "copy_remote_vm_str",
		.new_func = vmapeek_copy_remote_vm_str,
	},
#endif
	{
		.old_name = "__x64_sys_process_vm_readv",
		.new_func = vmapeek_x64_sys_process_vm_readv,
	},
#ifdef CONFIG_IA32_EMULATION
	{
		.old_name = "__ia32_sys_process_vm_readv",
		.new_func = vmapeek_ia32_sys_process_vm_readv,
	},
#endif
	{ }
};

/* No object name: the functions are in vmlinux. */
static struct klp_object vmapeek_objects[] = {
	{ .funcs = vmapeek_funcs }, { }
};

static struct klp_patch vmapeek_patch = {
	.mod = THIS_MODULE,
	.objs = vmapeek_objects,
};

static int __init vmapeek_init(void)
{
	return vmapeek_enable_patch(&vmapeek_patch, sysfs_stats_create,
				    sysfs_stats_remove);
}

/* Livepatch allows unloading only when no task can run code of this module. */
static void __exit vmapeek_exit(void)
{
	sysfs_stats_remove();
}

module_init(vmapeek_init);
module_exit(vmapeek_exit);

MODULE_DESCRIPTION("Read other processes' memory without the mmap lock");
MODULE_LICENSE("GPL");
MODULE_VERSION(VMAPEEK_VERSION);
MODULE_INFO(livepatch, "Y");
/* For `vmapeek check`: vermagic has the release only. */
MODULE_INFO(kernel_version, UTS_VERSION);
