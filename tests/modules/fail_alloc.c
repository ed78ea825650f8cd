// SPDX-License-Identifier: GPL-2.0
/*
 * fail_alloc - let one allocation of kernel memory fail, for tests.
 *
 * /sys/module/fail_alloc/parameters/nth: write N, and the Nth allocation by the
 * writing thread fails. Allocations count from the call of the function named
 * by the parameter from, until the thread calls vfs_read(). So it calls
 * vfs_read() to read nth: the number of allocations left, 0 if one has failed.
 *
 * It uses kprobes at the entry of allocation functions, because stock kernels
 * have no fault injection.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/sched.h>

static char *from;
module_param(from, charp, 0400);
MODULE_PARM_DESC(from, "function from the call of which on allocations count");

static struct task_struct *fail_task;	/* compared, never dereferenced */
static bool fail_counts;
static int fail_left;

/* The probed function returns from here. Must not touch registers. */
static noinline notrace void fail_return(void)
{
	barrier();
}
NOKPROBE_SYMBOL(fail_return);

static int fail_from(struct kprobe *p, struct pt_regs *regs)
{
	if (READ_ONCE(fail_task) == current && in_task())
		fail_counts = true;
	return 0;
}
NOKPROBE_SYMBOL(fail_from);

static int fail_until(struct kprobe *p, struct pt_regs *regs)
{
	if (READ_ONCE(fail_task) == current && in_task())
		fail_counts = false;
	return 0;
}
NOKPROBE_SYMBOL(fail_until);

static int fail_alloc(struct kprobe *p, struct pt_regs *regs)
{
	if (READ_ONCE(fail_task) != current || !in_task() || !fail_counts ||
	    !fail_left || --fail_left)
		return 0;
	regs_set_return_value(regs, 0);
	instruction_pointer_set(regs, (unsigned long)fail_return);
	return 1;
}
NOKPROBE_SYMBOL(fail_alloc);

#define FAIL(_name) { .symbol_name = (_name), .pre_handler = fail_alloc }

static struct kprobe from_probe = { .pre_handler = fail_from };
static struct kprobe until_probe = {
	.symbol_name = "vfs_read", .pre_handler = fail_until
};

/* Kernels lack some of them. */
static struct kprobe probes[] = {
	FAIL("__kmalloc_noprof"),
	FAIL("__kmalloc_cache_noprof"),
	FAIL("__kmalloc_node_noprof"),
	FAIL("__kmalloc_node_track_caller_noprof"),
	FAIL("kmem_cache_alloc_noprof"),
	FAIL("kmem_cache_alloc_lru_noprof"),
	FAIL("__kvmalloc_node_noprof"),
	FAIL("__vmalloc_node_range_noprof"),
	FAIL("pcpu_alloc_noprof"),
};

static int nth_set(const char *text, const struct kernel_param *param)
{
	int n, err = kstrtoint(text, 0, &n);

	if (err)
		return err;
	fail_counts = false;
	fail_left = n;
	WRITE_ONCE(fail_task, current);
	return 0;
}

static int nth_get(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%d\n", fail_left);
}

static const struct kernel_param_ops nth_ops = {
	.set = nth_set,
	.get = nth_get,
};

module_param_cb(nth, &nth_ops, NULL, 0600);

static void fail_unregister(void)
{
	unregister_kprobe(&until_probe);
	unregister_kprobe(&from_probe);
	for (int i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].addr)
			unregister_kprobe(&probes[i]);
}

static int __init fail_init(void)
{
	int n = 0, err;

	from_probe.symbol_name = from;
	err = from ? register_kprobe(&from_probe) : -EINVAL;
	if (err) {
		pr_err("fail_alloc: from=%s: error %d\n", from, err);
		return err;
	}
	err = register_kprobe(&until_probe);
	if (err) {
		unregister_kprobe(&from_probe);
		return err;
	}
	for (int i = 0; i < ARRAY_SIZE(probes); i++) {
		err = register_kprobe(&probes[i]);
		if (!err) {
			n++;
			continue;
		}
		pr_info("fail_alloc: %s: error %d\n", probes[i].symbol_name,
			err);
		probes[i].addr = NULL;
	}
	if (n >= ARRAY_SIZE(probes) / 2)
		return 0;
	fail_unregister();
	return -ENOENT;
}

static void __exit fail_exit(void)
{
	fail_unregister();
}

module_init(fail_init);
module_exit(fail_exit);

MODULE_DESCRIPTION("Let one allocation of kernel memory fail, for tests");
MODULE_LICENSE("GPL");
