// SPDX-License-Identifier: GPL-2.0
/*
 * The VMAs of another process, one after the other, each read-locked while it is
 * looked at, as the kernel's lock_next_vma() does where there is one.
 *
 * There is no moment at which all of them are as they are shown. Each is as it
 * was while it was locked, each ends above the one before, and what is mapped all
 * the time is shown; twice, if a VMA that was shown is merged with the next. So it
 * is with maps since Linux 6.17.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "maps.h"

/* Attempts at the mmap lock before queueing for it: in a row, and one a tick. */
#define MMAP_LOCK_SPINS		100
#define MMAP_LOCK_TICKS		10

/*
 * Is @vma what follows @addr? @vma is read-locked, or NULL: then nothing does.
 * @vmi may stand where a VMA ended when it was looked at, which has grown or
 * shrunk since; then a second look-up decides.
 */
static bool lock_next_vma_is_next(struct mm_struct *mm,
				  struct vma_iterator *vmi,
				  struct maps_tree_seq *tree,
				  struct vm_area_struct *vma,
				  unsigned long addr)
{
	if (likely(maps_tree_seq_is_current(tree, mm)))
		return true;
	maps_tree_seq_begin(tree, mm);
	vma_iter_init(vmi, mm, addr);
	return vma_next(vmi) == vma;
}

static int lock_next_vma_try(struct mm_struct *mm, struct vm_area_struct *vma)
{
	return maps_start_read(mm, vma) ? 0 : -EAGAIN;
}

/*
 * Lock the VMA that @vmi comes to, if it is the first that ends above @addr.
 * Otherwise returns ERR_PTR(-EAGAIN), or an error of @lock, maybe in another RCU
 * read-side section; @vmi is to be set anew then.
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

	/* Until it was locked it could be changed, or another be put before it. */
	if (likely(vma->vm_end > addr) &&
	    (vma->vm_start <= addr ||
	     lock_next_vma_is_next(mm, vmi, tree, vma, addr)))
		return vma;

	maps_end_read(vma);
	return ERR_PTR(-EAGAIN);
}

/* The same with a look-up of its own. */
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
 * The same once the reader has waited for long, and for a VMA that a writer waits
 * for, too: a page fault may have it locked for as long as a file system likes.
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
 * Of a writer that has been found to hold the mmap lock for long. Each reader need
 * not find out again. A hint: the two may be of different writers.
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

/* Not inlined: /proc/PID/wchan tells this from the queue. */
static noinline bool lock_next_vma_tick(struct mm_struct *mm)
{
	schedule_timeout_killable(1);
	return mmap_read_trylock(mm);
}

/*
 * Take the mmap lock for reading, unless a writer holds it for long. An rwsem is
 * granted to a queued reader before that reader runs. If it has low priority, or
 * its cgroup is throttled, it runs much later, and the target's next mmap() waits
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
 * The VMA, or one before it, is being changed: wait for the mmap lock, under
 * which nobody changes any. Then nobody has locked a VMA for writing, either.
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
		/* Others have joined. */
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
 * The same from an RCU read-side section, which is left and entered again. A VMA
 * may have too many readers for a while.
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

/* Where to go on behind what lock_next_vma_slow_rcu() returned for @addr. */
static unsigned long lock_next_vma_end(const struct vm_area_struct *vma,
				       unsigned long addr)
{
	return IS_ERR_OR_NULL(vma) ? addr : vma->vm_end;
}

/**
 * maps_iter_lock_next - read-lock the first VMA that ends above an address
 * @mm: the address space; the caller holds a reference (mm_users)
 * @iter: set to @addr, or stands at a VMA that ended there
 * @addr: the address, not tagged
 *
 * Waits for nobody, but where somebody changes the VMA, or has just done so; and
 * for some ticks where a writer of the VMA waits for other readers of it.
 *
 * Context: Process context. The caller is in an RCU read-side section, which is
 * left and entered again where there is something to wait for. No VMA of @mm
 * may be locked by the caller.
 *
 * Return: the VMA, read-locked, and @iter stands there; NULL if there is none; or
 * ERR_PTR(-EINTR) if the reader was killed while it waited.
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

	vma = lock_next_vma_slow_rcu(mm, addr);
	maps_iter_set(iter, mm, lock_next_vma_end(vma, addr));
	return vma;
}

#ifndef HAVE_MAPS_UNDER_MMAP_LOCK
/*
 * For lock_next_vma(), by which the kernel reads numa_maps and answers
 * PROCMAP_QUERY, and reads maps and smaps where seq_read.c does not. The kernel
 * drops the VMA's lock by itself.
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
