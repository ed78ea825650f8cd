// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/pagemap: an entry for each page, made under the read lock of the
 * VMA that the page belongs to.
 */
#include <linux/capability.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "../remote.h"
#include "maps.h"

#define PAGEMAP_ENTRY		sizeof(u64)
#define PAGEMAP_SOFT_DIRTY	BIT_ULL(55)

/* The address range whose entries are collected before they are copied. */
#define PAGEMAP_CHUNK		PMD_SIZE

/* Add entries for pages without a page table. Returns 1 when @pm is full. */
static int pagemap_add(struct pagemapread *pm, unsigned long start,
		       unsigned long end, u64 entry)
{
	for (; start < end; start += PAGE_SIZE) {
		pm->buffer[pm->pos++] = entry;
		if (pm->pos >= pm->len)
			return 1;
	}
	return 0;
}

/* pagemap_add() inside a VMA: the ->pte_hole() of the page-table walk. */
static int pagemap_add_hole(unsigned long start, unsigned long end,
			    __always_unused int depth, struct mm_walk *walk)
{
	u64 entry = 0;

	if (walk->vma->vm_flags & VM_SOFTDIRTY)
		entry = PAGEMAP_SOFT_DIRTY;
	return pagemap_add(walk->private, start, end, entry);
}

/*
 * The kernel's own callbacks make the entries, except for holes: its
 * pagemap_pte_hole() looks the VMA up, which asserts the mmap lock.
 */
static int pagemap_walk(struct pagemapread *pm, struct vm_area_struct *vma,
			unsigned long start, unsigned long end)
{
	const struct mm_walk_ops ops = {
		.pmd_entry = pagemap_ops.pmd_entry,
		.hugetlb_entry = pagemap_ops.hugetlb_entry,
		.pte_hole = pagemap_add_hole,
	};
	struct mm_walk walk = {
		.ops = &ops,
		.mm = vma->vm_mm,
		.vma = vma,
		.private = pm,
	};

	if (vma->vm_flags & VM_PFNMAP)
		return pagemap_add_hole(start, end, -1, &walk);
	return __walk_page_range(start, end, &walk);
}

/*
 * Collect the entries from @start to @end, as far as @pm has room. Returns 0 or
 * an error.
 */
static int pagemap_fill(struct pagemapread *pm, struct mm_struct *mm,
			unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma;
	struct maps_iter iter;
	unsigned long next;
	int err = 0;

	rcu_read_lock();
	maps_iter_set(&iter, mm, start);
	for (; start < end && !err; start = next) {
		vma = maps_iter_lock_next(mm, &iter, start);
		if (IS_ERR(vma)) {
			err = PTR_ERR(vma);
			break;
		}

		next = vma ? clamp(vma->vm_start, start, end) : end;
		err = pagemap_add(pm, start, next, 0);
		if (vma && next < end && !err) {
			start = next;
			next = min(end, vma->vm_end);
			rcu_read_unlock();
			err = pagemap_walk(pm, vma, start, next);
			rcu_read_lock();
			maps_iter_resume(&iter, mm, next);
		}
		if (vma)
			maps_end_read(vma);
	}
	rcu_read_unlock();
	return min(err, 0);
}

/*
 * Copy the entries from @start to @end to the reader's memory. Returns the
 * number of bytes; or an error, even if a part was copied, as stock does.
 */
static ssize_t pagemap_copy(struct pagemapread *pm, struct mm_struct *mm,
			    unsigned long start, unsigned long end,
			    char __user *buf, size_t count)
{
	ssize_t copied = 0;
	unsigned long next;
	size_t len;
	int err;

	for (; count && start < end; start = next) {
		next = (start + PAGEMAP_CHUNK) & ~(PAGEMAP_CHUNK - 1);
		if (next < start || next > end)
			next = end;

		pm->pos = 0;
		err = pagemap_fill(pm, mm, start, next);
		if (err)
			return err;
		len = min(count, pm->pos * PAGEMAP_ENTRY);
		if (copy_to_user(buf + copied, pm->buffer, len))
			return -EFAULT;
		copied += len;
		count -= len;
		cond_resched();
	}
	return copied;
}

/*
 * The address range that @count bytes at position @pos describe, limited to the
 * address space: from *@start to the return value. The address may be tagged.
 */
static unsigned long pagemap_range(struct mm_struct *mm, loff_t pos,
				   size_t count, unsigned long *start)
{
	unsigned long page = (unsigned long)pos / PAGEMAP_ENTRY, end;
	unsigned long task_size = mm->task_size;

	*start = task_size;
	if (page > ULONG_MAX >> PAGE_SHIFT)
		return task_size;

	*start = remote_untag(mm, page << PAGE_SHIFT);
	end = *start + (count / PAGEMAP_ENTRY << PAGE_SHIFT);
	if (end < *start || end >= task_size)
		end = task_size;
	if (*start > task_size)
		*start = end;
	return end;
}

static ssize_t pagemap_read_mm(struct mm_struct *mm, struct file *file,
			       char __user *buf, size_t count, loff_t *ppos)
{
	struct pagemapread pm = { .len = PAGEMAP_CHUNK / PAGE_SIZE };
	unsigned long start, end;
	ssize_t copied;

	if (*ppos % PAGEMAP_ENTRY || count % PAGEMAP_ENTRY)
		return -EINVAL;
	if (!count)
		return 0;

	/* Only CAP_SYS_ADMIN sees PFNs: physical addresses help an attacker. */
	pm.show_pfn = file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN);
	pm.buffer = kmalloc_array(pm.len, PAGEMAP_ENTRY, GFP_KERNEL);
	if (!pm.buffer)
		return -ENOMEM;
	end = pagemap_range(mm, *ppos, count, &start);
	copied = pagemap_copy(&pm, mm, start, end, buf, count);
	if (copied > 0)
		*ppos += copied;
	kfree(pm.buffer);
	return copied;
}

/* Replaces pagemap_read(). */
ssize_t vmapeek_pagemap_read(struct file *file, char __user *buf, size_t count,
			     loff_t *ppos)
{
	struct mm_struct *mm = file->private_data;
	ssize_t copied;

	maps_count(pagemap);
	if (!mm || !mmget_not_zero(mm))
		return 0;
	copied = pagemap_read_mm(mm, file, buf, count, ppos);
	mmput(mm);
	return copied;
}
