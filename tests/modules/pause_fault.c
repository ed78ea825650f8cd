// SPDX-License-Identifier: GPL-2.0
/*
 * pause_fault - stop a reader after its page faults, for tests.
 *
 * /sys/module/pause_fault/parameters/: write a task's ID to pid, and N to
 * times. The task pauses at the return of handle_mm_fault() after each of its
 * next N page faults in another address space that need no retry. Then paused
 * is Y; writing N to it resumes the task.
 *
 * The pause is in a kretprobe, where the task cannot sleep: it busy-waits, and
 * resumes by itself after some seconds.
 */
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

#define LONGEST_NS	(8 * NSEC_PER_SEC)

static int pid;
module_param(pid, int, 0600);
MODULE_PARM_DESC(pid, "task that is paused");

static int times;
module_param(times, int, 0600);
MODULE_PARM_DESC(times, "how often that will be");

static bool paused;
module_param(paused, bool, 0600);
MODULE_PARM_DESC(paused, "is it now?");

/* Skips faults in the task's own memory. Nonzero: do not probe the return. */
static int pause_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct vm_area_struct *vma =
		(struct vm_area_struct *)regs_get_kernel_argument(regs, 0);

	return current->pid != READ_ONCE(pid) || READ_ONCE(times) <= 0 ||
	       vma->vm_mm == current->mm;
}
NOKPROBE_SYMBOL(pause_entry);

static int pause_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	vm_fault_t ret = (__force vm_fault_t)regs_return_value(regs);
	u64 end = ktime_get_mono_fast_ns() + LONGEST_NS;

	if (ret & (VM_FAULT_RETRY | VM_FAULT_COMPLETED | VM_FAULT_ERROR))
		return 0;
	WRITE_ONCE(times, times - 1);
	smp_store_release(&paused, true);
	while (smp_load_acquire(&paused) && ktime_get_mono_fast_ns() < end)
		cpu_relax();
	return 0;
}
NOKPROBE_SYMBOL(pause_return);

static struct kretprobe pause_probe = {
	.kp.symbol_name = "handle_mm_fault",
	.entry_handler = pause_entry,
	.handler = pause_return,
	.maxactive = 64,
};

static int __init pause_init(void)
{
	return register_kretprobe(&pause_probe);
}

static void __exit pause_exit(void)
{
	unregister_kretprobe(&pause_probe);
}

module_init(pause_init);
module_exit(pause_exit);

MODULE_DESCRIPTION("Stop a reader behind its page faults, for tests");
MODULE_LICENSE("GPL");
