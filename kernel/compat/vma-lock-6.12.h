/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMA lock of 6.12: an rwsem for each VMA. A writer holds it only while it
 * sets vm_lock_seq, which then marks the VMA as write-locked.
 */
#ifndef _COMPAT_VMA_LOCK_6_12_H
#define _COMPAT_VMA_LOCK_6_12_H

#include <linux/mm.h>
#include <linux/rwsem.h>

/* vma_end_read() without an RCU section of its own: the caller is in one. */
static inline void maps_end_read(struct vm_area_struct *vma)
{
	up_read(&vma->vm_lock->lock);
}

/*
 * Read-lock a VMA of @mm's tree, in an RCU read-side section. Fails if the VMA
 * is write-locked or detached, or if a writer waits for it.
 */
static inline bool maps_start_read(struct mm_struct *mm,
				   struct vm_area_struct *vma)
{
	if (!vma_start_read(vma))
		return false;
	if (likely(!vma->detached))
		return true;
	maps_end_read(vma);
	return false;
}

/*
 * Read-lock a VMA under the mmap lock, when no writer holds the VMA lock or
 * waits for it. Always returns true.
 */
static inline bool maps_start_read_locked(struct vm_area_struct *vma)
{
	/* down_read() calls might_sleep(), which may reschedule. */
	if (!down_read_trylock(&vma->vm_lock->lock))
		down_read(&vma->vm_lock->lock);
	return true;
}

#ifdef CONFIG_PREEMPT_RT
/*
 * As the function of the same name below. While a writer waits for readers,
 * rwbase.readers is their number, see kernel/locking/rwbase_rt.c.
 */
static inline int rwsem_add_reader(struct rw_semaphore *sem, int others)
{
	int readers = atomic_read(&sem->rwbase.readers);

	do {
		if (readers <= 0 || readers >= WRITER_BIAS)
			return -EAGAIN;
		if (readers <= others)
			return -EBUSY;
	} while (!atomic_try_cmpxchg_acquire(&sem->rwbase.readers, &readers,
					     readers + 1));
	rwsem_acquire_read(&sem->dep_map, 0, 1, _RET_IP_);
	return 0;
}

/* Nothing to check: <linux/rwbase_rt.h> declares the layout. */
static inline bool maps_add_reader_works(void)
{
	return true;
}
#else
/*
 * One reader in sem->count. Private to kernel/locking/rwsem.c, so
 * maps_add_reader_works() checks it.
 */
#define RWSEM_READER_BIAS	BIT(8)

/*
 * Add a reader to @sem if more than @others readers hold it. A writer cannot
 * take @sem before the last reader has dropped it. Returns 0; -EBUSY if at most
 * @others readers hold @sem; or -EAGAIN if no reader does.
 */
static inline int rwsem_add_reader(struct rw_semaphore *sem, int others)
{
	long count = atomic_long_read(&sem->count);

	do {
		if (count < (long)RWSEM_READER_BIAS ||
		    (count & RWSEM_WRITER_LOCKED))
			return -EAGAIN;
		if (count / (long)RWSEM_READER_BIAS <= others)
			return -EBUSY;
	} while (!atomic_long_try_cmpxchg_acquire(&sem->count, &count,
						  count + RWSEM_READER_BIAS));
	rwsem_acquire_read(&sem->dep_map, 0, 1, _RET_IP_);
	return 0;
}

/* Does this kernel's rwsem count readers as rwsem_add_reader() assumes? */
static inline bool maps_add_reader_works(void)
{
	static DECLARE_RWSEM(sem);
	bool works;

	if (!rwsem_add_reader(&sem, 0) || !down_read_trylock(&sem))
		return false;
	works = rwsem_add_reader(&sem, 1) == -EBUSY &&
		!rwsem_add_reader(&sem, 0);
	up_read(&sem);
	if (!works)
		return false;
	works = !down_write_trylock(&sem);
	up_read(&sem);
	if (!works || !down_write_trylock(&sem))
		return false;
	works = rwsem_add_reader(&sem, 0) == -EAGAIN;
	up_write(&sem);
	return works;
}
#endif

/*
 * Add a reader to a VMA that a writer waits for, if more than @others readers
 * hold its lock. The caller must call maps_check_read() next. Returns 0, or an
 * error of rwsem_add_reader().
 */
static inline int maps_add_reader(struct vm_area_struct *vma, int others)
{
	return rwsem_add_reader(&vma->vm_lock->lock, others);
}

/*
 * Check a VMA after maps_add_reader(), in the same RCU read-side section. The
 * readers joined may only be about to find out that the VMA is write-locked or
 * detached. If it is, drop the lock and return false.
 */
static inline bool maps_check_read(struct mm_struct *mm,
				   struct vm_area_struct *vma)
{
	if (likely(vma->vm_lock_seq != raw_read_seqcount(&mm->mm_lock_seq) &&
		   !vma->detached))
		return true;
	maps_end_read(vma);
	return false;
}

#endif /* _COMPAT_VMA_LOCK_6_12_H */
