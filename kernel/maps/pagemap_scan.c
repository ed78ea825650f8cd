// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl(PAGEMAP_SCAN) of /proc/PID/pagemap: regions of pages by category, each
 * VMA read-locked while its page tables are walked. A scan that write-protects
 * needs the mmap lock and MMU notifiers, and stays with the kernel.
 *
 * The kernel's own callbacks decide about pages. They collect regions in a
 * kernel buffer, which is copied to the reader when no lock is held.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "maps.h"

/* Regions that are collected before they are copied to the reader. */
#define PAGEMAP_SCAN_REGIONS	(PMD_SIZE / PAGE_SIZE)

/*
 * Check a reader's arguments and fill in the defaults. Errors and their order
 * are the kernel's.
 */
static int pagemap_scan_check(struct pm_scan_arg *arg)
{
	u64 categories = arg->category_inverted | arg->category_mask |
			 arg->category_anyof_mask | arg->return_mask;
	size_t vec_size = size_mul(arg->vec_len, sizeof(struct page_region));

	if (arg->size != sizeof(*arg) || (arg->flags & ~PM_SCAN_FLAGS) ||
	    (categories & ~PM_SCAN_CATEGORIES))
		return -EINVAL;

	arg->start = untagged_addr(arg->start);
	arg->end = untagged_addr(arg->end);
	arg->vec = untagged_addr(arg->vec);
	if (!PAGE_ALIGNED(arg->start))
		return -EINVAL;
	if (!access_ok(u64_to_user_ptr(arg->start), arg->end - arg->start))
		return -EFAULT;
	if (!arg->vec && arg->vec_len)
		return -EINVAL;
	if (arg->vec && !access_ok(u64_to_user_ptr(arg->vec), vec_size))
		return -EFAULT;

	arg->end = PAGE_ALIGN(arg->end);
	arg->walk_end = 0;
	if (!arg->max_pages)
		arg->max_pages = ULONG_MAX;
	return 0;
}

/* Without a vector, the scan only returns errors and where it ended. */
static int pagemap_scan_alloc(struct pagemap_scan_private *p)
{
	if (!p->arg.vec_len)
		return 0;

	p->vec_buf_len = min_t(u64, p->arg.vec_len, PAGEMAP_SCAN_REGIONS);
	p->vec_buf = kmalloc_array(p->vec_buf_len, sizeof(*p->vec_buf),
				   GFP_KERNEL);
	if (!p->vec_buf)
		return -ENOMEM;
	/* An empty region, which the callbacks extend or replace. */
	p->vec_buf[0].start = 0;
	p->vec_buf[0].end = 0;
	p->vec_out = u64_to_user_ptr(p->arg.vec);
	return 0;
}

/*
 * Scan a part of @vma, which is read-locked. Returns 0; -ENOSPC if there is no
 * room for the next region or enough pages were found; or another error.
 */
static int pagemap_scan_vma(struct pagemap_scan_private *p,
			    struct vm_area_struct *vma, unsigned long start,
			    unsigned long end)
{
	struct mm_walk walk = {
		.ops = &pagemap_scan_ops,
		.mm = vma->vm_mm,
		.vma = vma,
		.private = p,
	};
	int err = pagemap_scan_ops.test_walk(start, end, &walk);

	/* Positive: the scan skips this VMA. */
	if (err)
		return min(err, 0);
	return __walk_page_range(start, end, &walk);
}

/* pagemap_scan_vma() for each VMA of a range. Gaps have no category. */
static int pagemap_scan_walk(struct pagemap_scan_private *p,
			     struct mm_struct *mm, unsigned long start,
			     unsigned long end)
{
	struct vm_area_struct *vma;
	struct maps_iter iter;
	int err = 0;

	rcu_read_lock();
	maps_iter_set(&iter, mm, start);
	while (start < end && !err) {
		vma = maps_iter_lock_next(mm, &iter, start);
		if (IS_ERR_OR_NULL(vma)) {
			err = PTR_ERR(vma);
			break;
		}
		rcu_read_unlock();
		if (vma->vm_start < end)
			err = pagemap_scan_vma(p, vma, max(start, vma->vm_start),
					       min(end, vma->vm_end));
		rcu_read_lock();
		start = vma->vm_end;
		maps_iter_resume(&iter, mm, start);
		maps_end_read(vma);
		maps_iter_cond_resched(&iter, mm, start);
	}
	rcu_read_unlock();
	return err;
}

/*
 * Copy the regions collected so far to the reader, and empty the buffer.
 * Returns their number or -EFAULT.
 */
static long pagemap_scan_copy(struct pagemap_scan_private *p)
{
	unsigned long nr = p->vec_buf_index;

	if (!p->vec_buf)
		return 0;
	if (p->vec_buf[nr].start != p->vec_buf[nr].end)
		nr++;
	if (!nr)
		return 0;
	if (copy_to_user(p->vec_out, p->vec_buf, nr * sizeof(*p->vec_buf)))
		return -EFAULT;

	p->vec_out += nr;
	p->arg.vec_len -= nr;
	p->vec_buf_len = min_t(u64, p->arg.vec_len, p->vec_buf_len);
	p->vec_buf_index = 0;
	p->vec_buf[0].start = 0;
	p->vec_buf[0].end = 0;
	return nr;
}

/* Returns the number of regions copied to the reader, or an error. */
static long pagemap_scan_regions(struct pagemap_scan_private *p,
				 struct mm_struct *mm)
{
	unsigned long start = p->arg.start;
	long copied, sum = 0;
	int err = 0;

	while (start < p->arg.end) {
		if (fatal_signal_pending(current))
			return -EINTR;
		err = pagemap_scan_walk(p, mm, start, p->arg.end);
		copied = pagemap_scan_copy(p);
		if (copied < 0)
			return copied;
		sum += copied;
		if (err != -ENOSPC)
			break;
		if (!p->arg.vec_len || p->found_pages == p->arg.max_pages)
			break;
		start = p->arg.walk_end;
	}
	return err && err != -ENOSPC ? err : sum;
}

/*
 * Scan, and tell the reader where the scan ended, even if it failed: where a
 * callback stopped last, or else at the end of the range.
 */
static long pagemap_scan_mm(struct pagemap_scan_private *p,
			    struct mm_struct *mm,
			    struct pm_scan_arg __user *uarg)
{
	long ret = pagemap_scan_check(&p->arg);

	if (ret)
		return ret;
	p->masks_of_interest = p->arg.category_mask |
			       p->arg.category_anyof_mask | p->arg.return_mask;
	ret = pagemap_scan_alloc(p);
	if (ret)
		return ret;

	ret = pagemap_scan_regions(p, mm);
	if (!p->arg.walk_end)
		p->arg.walk_end = p->arg.end;
	if (put_user(p->arg.walk_end, &uarg->walk_end))
		ret = -EFAULT;
	kfree(p->vec_buf);
	return ret;
}

/* Returns -EAGAIN if the kernel's own function must do the scan. */
static noinline long pagemap_scan(struct mm_struct *mm,
				  struct pm_scan_arg __user *uarg)
{
	struct pagemap_scan_private p = {};
	long ret;

	if (copy_from_user(&p.arg, uarg, sizeof(p.arg)) ||
	    (p.arg.flags & PM_SCAN_WP_MATCHING))
		return -EAGAIN;
	if (!mmget_not_zero(mm))
		return -ESRCH;
	ret = pagemap_scan_mm(&p, mm, uarg);
	mmput(mm);
	return ret;
}

/* The running kernel's result for commands other than PAGEMAP_SCAN. */
static long pagemap_other_cmd;

/**
 * pagemap_scan_init - find out what ioctl(2) returns for other commands
 *
 * The result differs between updates of one series, so this calls the kernel's
 * own function.
 *
 * Context: Process context, before do_pagemap_cmd() is replaced.
 */
void pagemap_scan_init(void)
{
	static struct file no_file;

	pagemap_other_cmd = do_pagemap_cmd(&no_file, 0, 0);
}

/*
 * Replaces do_pagemap_cmd(). do_pagemap_scan() is a tail call: a reader that
 * waits there for the mmap lock does not delay the disable transition.
 */
long vmapeek_do_pagemap_cmd(struct file *file, unsigned int cmd,
			    unsigned long arg)
{
	struct mm_struct *mm = file->private_data;
	long ret;

	if (cmd != PAGEMAP_SCAN)
		return pagemap_other_cmd;
	maps_count(pagemap_scan);
	ret = pagemap_scan(mm, (void __user *)arg);
	if (ret != -EAGAIN)
		return ret;
	return do_pagemap_scan(mm, arg);
}
