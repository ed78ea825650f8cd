/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMA lock of 7.3: vm_refcnt is 1 plus the number of readers, or 0 if the
 * VMA is detached. A writer that waits for readers adds
 * VM_REFCNT_EXCLUDE_READERS_FLAG. A freed VMA may be reused at once, even by
 * another mm (SLAB_TYPESAFE_BY_RCU).
 */
#ifndef _COMPAT_VMA_LOCK_7_3_H
#define _COMPAT_VMA_LOCK_7_3_H

#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>

/* vma_end_read(); the caller is in an RCU read-side section. */
static inline void maps_end_read(struct vm_area_struct *vma)
{
	vma_end_read(vma);
}

/*
 * Drop the lock of a VMA that was reused by another mm, which wakes a writer of
 * that mm. The reference on the VMA may be all that keeps that mm from being
 * freed, so take one on the mm first. As in vma_start_read(), mmdrop() is
 * called outside of RCU, because freeing an mm takes long.
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
 * Check a VMA once this reader is counted. If it belongs to another mm or is
 * write-locked, drop the lock and return false, possibly in another RCU
 * read-side section.
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
 * Read-lock a VMA found in @mm's tree, in an RCU read-side section. Fails if
 * the VMA is write-locked or detached, or if a writer waits for it; then the
 * read-side section may be another one.
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

/* Read-lock a VMA under the mmap lock. Fails if it has too many readers. */
static inline bool maps_start_read_locked(struct vm_area_struct *vma)
{
	return vma_start_read_locked(vma);
}

/*
 * Add a reader to a VMA that a writer waits for, if more than @others readers
 * hold its lock. The writer cannot take the lock before the last reader has
 * dropped it. The caller must call maps_check_read() next. Returns 0; -EBUSY if
 * at most @others readers hold the lock; or -EAGAIN if no reader does, or no
 * writer waits.
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

/* Nothing to check: <linux/mm_types.h> declares the layout. */
static inline bool maps_add_reader_works(void)
{
	return true;
}

#endif /* _COMPAT_VMA_LOCK_7_3_H */
