// SPDX-License-Identifier: GPL-2.0
/*
 * tag_addresses - let a process have tagged addresses as with LAM_U57, for tests.
 *
 * A write to /sys/module/tag_addresses/parameters/mine makes the kernel ignore
 * bits 57 to 62 of the addresses of the writing process, as
 * arch_prctl(ARCH_ENABLE_TAGGED_ADDR) does. It does not touch CR3: a CPU
 * without LAM, as QEMU emulates, refuses that. The process must not use tagged
 * addresses itself.
 *
 * The kernel was booted with setcpuid=lam; otherwise it does not untag.
 */
#include <linux/cpufeature.h>
#include <linux/mm_types.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

static int mine_set(const char *text, const struct kernel_param *param)
{
	WRITE_ONCE(current->mm->context.untag_mask, ~GENMASK(62, 57));
	return 0;
}

static const struct kernel_param_ops mine_ops = {
	.set = mine_set,
};

module_param_cb(mine, &mine_ops, NULL, 0200);

static int __init tag_init(void)
{
	return cpu_feature_enabled(X86_FEATURE_LAM) ? 0 : -ENODEV;
}

static void __exit tag_exit(void)
{
}

module_init(tag_init);
module_exit(tag_exit);

MODULE_DESCRIPTION("Let a process have tagged addresses, for tests");
MODULE_LICENSE("GPL");
