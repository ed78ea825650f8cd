// SPDX-License-Identifier: GPL-2.0
/*
 * pause_show - stop a reader of maps or smaps while it has a VMA locked, for tests.
 *
 * /sys/module/pause_show/parameters/: write the start of a VMA to start, and
 * then a task's ID to pid. The task pauses once, in show_map_vma() of that VMA.
 * Then paused is Y; writing N to it resumes the task.
 *
 * The pause is in a kprobe, where the task cannot sleep: it busy-waits, and
 * resumes by itself after some seconds.
 */
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

#define LONGEST_NS	(15 * NSEC_PER_SEC)

static int pid;
module_param(pid, int, 0600);
MODULE_PARM_DESC(pid, "task that is paused; 0: none");

static ulong start;
module_param(start, ulong, 0600);
MODULE_PARM_DESC(start, "address where the VMA begins");

static bool paused;
module_param(paused, bool, 0600);
MODULE_PARM_DESC(paused, "is it now?");

static int pause_show(struct kprobe *probe, struct pt_regs *regs)
{
	const struct vm_area_struct *vma =
		(struct vm_area_struct *)regs_get_kernel_argument(regs, 1);
	u64 end = ktime_get_mono_fast_ns() + LONGEST_NS;

	if (current->pid != READ_ONCE(pid) || vma->vm_start != READ_ONCE(start))
		return 0;
	WRITE_ONCE(pid, 0);
	smp_store_release(&paused, true);
	while (smp_load_acquire(&paused) && ktime_get_mono_fast_ns() < end)
		cpu_relax();
	return 0;
}
NOKPROBE_SYMBOL(pause_show);

static struct kprobe pause_probe = {
	.symbol_name = "show_map_vma",
	.pre_handler = pause_show,
};

static int __init pause_init(void)
{
	return register_kprobe(&pause_probe);
}

static void __exit pause_exit(void)
{
	unregister_kprobe(&pause_probe);
}

module_init(pause_init);
module_exit(pause_exit);

MODULE_DESCRIPTION("Stop a reader of maps while it has a VMA locked, for tests");
MODULE_LICENSE("GPL");
