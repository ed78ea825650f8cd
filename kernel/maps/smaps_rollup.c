// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/smaps_rollup: the sums over all VMAs, each read-locked while its
 * page tables are walked.
 */
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/shmem_fs.h>

#include "maps.h"

/*
 * Add @vma, which is read-locked, from @start on, or as a whole if @start is 0.
 *
 * A shmem object counts its swapped-out pages itself. The page tables are
 * searched for them only if private pages may cover the object's, or if only a
 * part of the mapping is added.
 */
static void smaps_rollup_add(struct vm_area_struct *vma,
			     struct mem_size_stats *mss, unsigned long start)
{
	struct mm_walk walk = {
		.ops = &smaps_walk_ops,
		.mm = vma->vm_mm,
		.vma = vma,
		.private = mss,
	};

	if (vma->vm_file && shmem_mapping(vma->vm_file->f_mapping)) {
		unsigned long swapped = shmem_swap_usage(vma);

		if (!start && (!swapped || (vma->vm_flags & VM_SHARED) ||
			       !(vma->vm_flags & VM_WRITE)))
			mss->swap += swapped;
		else
			walk.ops = &smaps_shmem_walk_ops;
	}
	__walk_page_range(start ?: vma->vm_start, vma->vm_end, &walk);
}

/*
 * An anonymous VMA without an anon_vma has no pages and no swap entries. At
 * most it maps the zero page, which no sum includes.
 */
static bool smaps_rollup_is_empty(struct vm_area_struct *vma)
{
	return vma_is_anonymous(vma) && !vma->vm_file &&
	       !READ_ONCE(vma->anon_vma);
}

/*
 * smaps_rollup_add() from the RCU read-side section of the lookup. Leaves it
 * while page tables are walked, which may sleep.
 */
static void smaps_rollup_add_rcu(struct vm_area_struct *vma,
				 struct mem_size_stats *mss,
				 unsigned long start, struct maps_iter *iter)
{
	if (smaps_rollup_is_empty(vma))
		return;
	rcu_read_unlock();
	smaps_rollup_add(vma, mss, start);
	rcu_read_lock();
	maps_iter_resume(iter, vma->vm_mm, vma->vm_end);
}

/* Compute the sums, and the address range that they cover. */
static int smaps_rollup_sum(struct mm_struct *mm, struct mem_size_stats *mss,
			    unsigned long *start, unsigned long *end)
{
	struct vm_area_struct *vma;
	struct maps_iter iter;
	bool grown;

	*start = 0;
	*end = 0;
	rcu_read_lock();
	maps_iter_set(&iter, mm, 0);
	while ((vma = maps_iter_lock_next(mm, &iter, *end))) {
		if (IS_ERR(vma))
			break;
		if (!*end)
			*start = vma->vm_start;
		/* If it merged with the previous VMA, that part was added. */
		grown = vma->vm_start < *end;
		smaps_rollup_add_rcu(vma, mss, grown ? *end : 0, &iter);
		*end = vma->vm_end;
		maps_end_read(vma);
		maps_iter_cond_resched(&iter, mm, *end);
	}
	rcu_read_unlock();
	return PTR_ERR_OR_ZERO(vma);
}

static int smaps_rollup_show(struct seq_file *m, struct mm_struct *mm)
{
	struct mem_size_stats mss = {};
	unsigned long start, end;
	int err;

	err = smaps_rollup_sum(mm, &mss, &start, &end);
	if (err)
		return err;

	show_vma_header_prefix(m, start, end, 0, 0, 0, 0);
	seq_pad(m, ' ');
	seq_puts(m, "[rollup]\n");
	__show_smap(m, &mss, true);
	return 0;
}

/* Replaces show_smaps_rollup(). */
int vmapeek_show_smaps_rollup(struct seq_file *m, void *v)
{
	struct proc_maps_private *priv = m->private;
	struct mm_struct *mm = maps_private_mm(priv);
	struct task_struct *task = maps_get_task(priv->inode);
	int err;

	maps_count(smaps_rollup);
	if (!task)
		return -ESRCH;
	put_task_struct(task);
	if (!mm || !mmget_not_zero(mm))
		return -ESRCH;
	err = smaps_rollup_show(m, mm);
	mmput(mm);
	return err;
}
