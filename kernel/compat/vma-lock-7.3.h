/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMA lock of 7.3: vm_refcnt is 1 and the number of readers, 0 if the VMA is
 * detached; VM_REFCNT_EXCLUDE_READERS_FLAG is added by a writer that waits for
 * the readers. A VMA may be freed and be another mm's at once.
 */
#ifndef _COMPAT_VMA_LOCK_7_3_H
#define _COMPAT_VMA_LOCK_7_3_H

#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>

/* In an RCU read-side section. */
static inline void maps_end_read(struct vm_area_struct *vma)
{
	vma_end_read(vma);
}

/*
 * @vma is another mm's by now: drop its lock, which wakes a writer of that mm.
 * The mm may go with the last reference to the VMA.
 */
static noinline void maps_end_read_foreign(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;

	mmgrab(mm);
	vma_end_read(vma);
	rcu_read_unlock();
	mmdrop(mm);
	rcu_read_lock();
}

/*
 * With the reader counted: is the VMA free to be read, and @mm's? If not, drop the
 * lock and return false, maybe in another RCU read-side section.
 */
static inline bool maps_check_read(struct mm_struct *mm,
				   struct vm_area_struct *vma)
{
	if (unlikely(vma->vm_mm != mm)) {
		maps_end_read_foreign(vma);
		return false;
	}
	if (likely(vma->vm_lock_seq != raw_read_seqcount(&mm->mm_lock_seq)))
		return true;
	maps_end_read(vma);
	return false;
}

/*
 * Read-lock a VMA found in @mm's tree, in an RCU read-side section, which may be
 * another one if this fails: the VMA is locked for writing or detached, or a
 * writer waits for it.
 */
static inline bool maps_start_read(struct mm_struct *mm,
				   struct vm_area_struct *vma)
{
	int count;

	if (READ_ONCE(vma->vm_lock_seq) == READ_ONCE(mm->mm_lock_seq.sequence))
		return false;
	if (unlikely(!__refcount_inc_not_zero_limited_acquire(&vma->vm_refcnt,
							      &count,
							      VM_REFCNT_LIMIT)))
		return false;
	__vma_lockdep_acquire_read(vma);
	return maps_check_read(mm, vma);
}

/* Under the mmap lock. Fails if there are too many readers. */
static inline bool maps_start_read_locked(struct vm_area_struct *vma)
{
	return vma_start_read_locked(vma);
}

/*
 * Add a reader to more than @others of a VMA that a writer waits for. The writer
 * cannot take it before the last reader has dropped it. It is to be followed by
 * maps_check_read(). Returns 0; -EBUSY if only @others have it locked; or -EAGAIN
 * if no reader has, or no writer waits.
 */
static inline int maps_add_reader(struct vm_area_struct *vma, int others)
{
	int count = refcount_read(&vma->vm_refcnt), readers;

	do {
		readers = count - (int)(VM_REFCNT_EXCLUDE_READERS_FLAG + 1);
		if (readers <= 0)
			return -EAGAIN;
		if (readers <= others)
			return -EBUSY;
	} while (!atomic_try_cmpxchg_acquire(&vma->vm_refcnt.refs, &count,
					     count + 1));
	__vma_lockdep_acquire_read(vma);
	return 0;
}

/* The layout is that of <linux/mm_types.h>. */
static inline bool maps_add_reader_works(void)
{
	return true;
}

#endif /* _COMPAT_VMA_LOCK_7_3_H */
