// SPDX-License-Identifier: GPL-2.0
/*
 * Visits the VMAs of another process in order, each of them read-locked, like
 * the lock_next_vma() of newer kernels.
 *
 * The VMAs are not a snapshot of one moment. Each VMA is shown as it was while
 * it was locked, and each ends above the one before. A range that is mapped all
 * the time is shown; it is shown twice if its VMA is merged with the next one
 * after it was shown. Linux 6.17 and later promise the same for maps.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "maps.h"

/* Trylocks of the mmap lock before queueing: in a row, then one per tick. */
#define MMAP_LOCK_SPINS		100
#define MMAP_LOCK_TICKS		10

/*
 * Is @vma the first VMA that ends above @addr? @vma is read-locked, or NULL for
 * "there is none". If the tree has changed since @tree, a second lookup
 * decides: the VMA at which @vmi was may have grown or shrunk.
 */
static __always_inline bool
lock_next_vma_is_next(struct mm_struct *mm, struct vma_iterator *vmi,
		      struct maps_tree_seq *tree, struct vm_area_struct *vma,
		      unsigned long addr)
{
	if (likely(maps_tree_seq_is_current(tree, mm)))
		return true;
	maps_tree_seq_begin(tree, mm);
	vma_iter_init(vmi, mm, addr);
	return vma_next(vmi) == vma;
}

static __always_inline int lock_next_vma_try(struct mm_struct *mm,
					     struct vm_area_struct *vma)
{
	return maps_start_read(mm, vma) ? 0 : -EAGAIN;
}

/*
 * Lock the next VMA of @vmi, if it is the first that ends above @addr. Returns
 * that VMA, or NULL if there is none; otherwise ERR_PTR(-EAGAIN) or an error of
 * @lock, possibly in another RCU read-side section. After an error, the caller
 * must set @vmi again.
 */
static __always_inline struct vm_area_struct *
lock_next_vma_fast(struct mm_struct *mm, struct vma_iterator *vmi,
		   struct maps_tree_seq *tree, unsigned long addr,
		   int (*lock)(struct mm_struct *mm, struct vm_area_struct *vma))
{
	struct vm_area_struct *vma = vma_next(vmi);
	int err;

	if (!vma)
		return lock_next_vma_is_next(mm, vmi, tree, NULL, addr) ?
			       NULL : ERR_PTR(-EAGAIN);
	err = lock(mm, vma);
	if (err)
		return ERR_PTR(err);

	/* Until it was locked, it could change or get a new predecessor. */
	if (likely(vma->vm_end > addr) &&
	    (vma->vm_start <= addr ||
	     lock_next_vma_is_next(mm, vmi, tree, vma, addr)))
		return vma;

	maps_end_read(vma);
	return ERR_PTR(-EAGAIN);
}

/* lock_next_vma_fast() with its own lookup and RCU read-side section. */
static struct vm_area_struct *
lock_next_vma_anew(struct mm_struct *mm, unsigned long addr,
		   int (*lock)(struct mm_struct *mm, struct vm_area_struct *vma))
{
	struct maps_tree_seq tree;
	struct vm_area_struct *vma;
	struct vma_iterator vmi;

	rcu_read_lock();
	maps_tree_seq_begin(&tree, mm);
	vma_iter_init(&vmi, mm, addr);
	vma = lock_next_vma_fast(mm, &vmi, &tree, addr, lock);
	rcu_read_unlock();
	return vma;
}

/*
 * lock_next_vma_fast() for a reader that has waited for several ticks. If a
 * writer waits for the VMA, join its readers: a page fault may hold the VMA
 * lock for as long as a file system blocks.
 */
static struct vm_area_struct *lock_next_vma_join(struct mm_struct *mm,
						 unsigned long addr)
{
	struct vm_area_struct *vma;

	vma = lock_next_vma_anew(mm, addr, lock_next_vma_try);
	if (vma != ERR_PTR(-EAGAIN) || maps_begin_join())
		return vma;
	vma = lock_next_vma_anew(mm, addr, maps_join_readers);
	if (IS_ERR_OR_NULL(vma))
		maps_end_join();
	return vma;
}

/*
 * Address space and sequence count of a writer that held the mmap lock for many
 * ticks. The next readers do not try that lock for as long again. Only a hint:
 * the two variables are not updated together.
 */
static const struct mm_struct *lock_next_vma_slow_mm;
static unsigned int lock_next_vma_slow_seq;

static void lock_next_vma_set_slow(const struct mm_struct *mm)
{
	WRITE_ONCE(lock_next_vma_slow_seq, READ_ONCE(mm->mm_lock_seq.sequence));
	WRITE_ONCE(lock_next_vma_slow_mm, mm);
}

static bool lock_next_vma_is_slow(const struct mm_struct *mm)
{
	return READ_ONCE(lock_next_vma_slow_mm) == mm &&
	       READ_ONCE(lock_next_vma_slow_seq) ==
		       READ_ONCE(mm->mm_lock_seq.sequence);
}

/* noinline: in /proc/PID/wchan this wait differs from one in the queue. */
static noinline bool lock_next_vma_tick(struct mm_struct *mm)
{
	schedule_timeout_killable(1);
	return mmap_read_trylock(mm);
}

/*
 * Take the mmap lock for reading by trylock, unless a writer holds it for long.
 * A queued reader would own the rwsem before it runs. With a low priority, or
 * in a throttled cgroup, it runs much later, and the target's next mmap() waits
 * until then.
 */
static bool lock_next_vma_mmap_lock(struct mm_struct *mm)
{
	for (int i = 0; i < MMAP_LOCK_SPINS; i++) {
		if (mmap_read_trylock(mm))
			return true;
		cpu_relax();
	}
	if (lock_next_vma_is_slow(mm))
		return false;
	for (int i = 0; i < MMAP_LOCK_TICKS; i++)
		if (lock_next_vma_tick(mm))
			return true;
	lock_next_vma_set_slow(mm);
	return false;
}

/*
 * The VMA, or one before it, is being changed: wait for the mmap lock. Under it
 * no VMA is write-locked, so the VMA lock is free.
 */
static struct vm_area_struct *lock_next_vma_slow(struct mm_struct *mm,
						 unsigned long addr)
{
	VMA_ITERATOR(vmi, mm, addr);
	struct vm_area_struct *vma;
	bool locked;
	int err;

	locked = lock_next_vma_mmap_lock(mm);
	while (!locked) {
		vma = lock_next_vma_join(mm, addr);
		if (vma == ERR_PTR(-EAGAIN)) {
			err = mmap_read_lock_killable(mm);
			if (err)
				return ERR_PTR(err);
			break;
		}
		if (vma != ERR_PTR(-EBUSY))
			return vma;
		/* The VMA is held only by readers that have joined. */
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		locked = lock_next_vma_tick(mm);
	}
	vma = vma_next(&vmi);
	if (vma && !maps_start_read_locked(vma))
		vma = ERR_PTR(-EAGAIN);
	mmap_read_unlock(mm);
	return vma;
}

/*
 * lock_next_vma_slow() from an RCU read-side section, which is left and entered
 * again. Retries while the VMA has too many readers.
 */
static noinline struct vm_area_struct *
lock_next_vma_slow_rcu(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;

	rcu_read_unlock();
	do {
		vma = lock_next_vma_slow(mm, addr);
	} while (vma == ERR_PTR(-EAGAIN));
	rcu_read_lock();
	return vma;
}

/* Where to continue after @vma, which lock_next_vma_slow_rcu() returned. */
static unsigned long lock_next_vma_end(const struct vm_area_struct *vma,
				       unsigned long addr)
{
	return IS_ERR_OR_NULL(vma) ? addr : vma->vm_end;
}

/**
 * maps_iter_try_next - read-lock the first VMA that ends above an address
 * @mm: the address space; the caller holds a reference (mm_users)
 * @iter: set to @addr, or at a VMA that ended there
 * @addr: the address, not tagged
 *
 * Context: RCU read-side section, which may be left and entered again if this
 * fails. Preemption may be disabled. The caller must not hold the lock of a VMA
 * of @mm.
 *
 * Return: the VMA, read-locked, and @iter is at that VMA; NULL if there is
 * none; or ERR_PTR(-EAGAIN) if maps_iter_wait_next() is to be called.
 */
struct vm_area_struct *maps_iter_try_next(struct mm_struct *mm,
					  struct maps_iter *iter,
					  unsigned long addr)
{
	return lock_next_vma_fast(mm, &iter->vmi, &iter->tree, addr,
				  lock_next_vma_try);
}

/* Wait, as maps_iter_lock_next(), after maps_iter_try_next() has failed. */
struct vm_area_struct *maps_iter_wait_next(struct mm_struct *mm,
					   struct maps_iter *iter,
					   unsigned long addr)
{
	struct vm_area_struct *vma = lock_next_vma_slow_rcu(mm, addr);

	maps_iter_set(iter, mm, lock_next_vma_end(vma, addr));
	return vma;
}

/**
 * maps_iter_lock_next - read-lock the first VMA that ends above an address
 * @mm: the address space; the caller holds a reference (mm_users)
 * @iter: set to @addr, or at a VMA that ended there
 * @addr: the address, not tagged
 *
 * Waits only if the VMA is being changed or has just been changed; and for some
 * ticks if a writer of the VMA waits for other readers of it.
 *
 * Context: Process context. The caller is in an RCU read-side section, which is
 * left and entered again if the function has to wait. The caller must not hold
 * the lock of a VMA of @mm.
 *
 * Return: the VMA, read-locked, and @iter is at that VMA; NULL if there is
 * none; or ERR_PTR(-EINTR) if the reader was killed while it waited.
 */
struct vm_area_struct *maps_iter_lock_next(struct mm_struct *mm,
					   struct maps_iter *iter,
					   unsigned long addr)
{
	struct vm_area_struct *vma;

	vma = lock_next_vma_fast(mm, &iter->vmi, &iter->tree, addr,
				 lock_next_vma_try);
	if (likely(vma != ERR_PTR(-EAGAIN)))
		return vma;
	return maps_iter_wait_next(mm, iter, addr);
}

#ifndef HAVE_MAPS_UNDER_MMAP_LOCK
/*
 * Replaces lock_next_vma(), which the kernel calls for numa_maps and
 * PROCMAP_QUERY, and for the reads of maps and smaps that seq_read.c does not
 * serve. The kernel's own code drops the VMA's lock.
 */
struct vm_area_struct *vmapeek_lock_next_vma(struct mm_struct *mm,
					     struct vma_iterator *vmi,
					     unsigned long addr)
{
	struct maps_tree_seq tree;
	struct vm_area_struct *vma;

	maps_tree_seq_begin(&tree, mm);
	vma = lock_next_vma_fast(mm, vmi, &tree, addr, lock_next_vma_try);
	if (likely(vma != ERR_PTR(-EAGAIN)))
		return vma;

	vma = lock_next_vma_slow_rcu(mm, addr);
	vma_iter_init(vmi, mm, lock_next_vma_end(vma, addr));
	return vma;
}
#endif
