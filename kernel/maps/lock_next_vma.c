// SPDX-License-Identifier: GPL-2.0
/*
 * The VMAs of another process, one after the other, each read-locked while it is
 * looked at: lock_next_vma() for kernels that do not have it.
 *
 * There is no moment at which all of them are as they are shown. Each is as it
 * was while it was locked, each ends above the one before, and what is mapped all
 * the time is shown; twice, if a VMA that was shown is merged with the next. So it
 * is with maps since Linux 6.17.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>

#include "maps.h"

#ifdef HAVE_MAPS_UNDER_MMAP_LOCK

/*
 * The VMA, or one before it, is being changed: wait for the mmap lock, under
 * which nobody changes any. Then nobody has locked a VMA for writing, either.
 */
static noinline struct vm_area_struct *
lock_next_vma_slow(struct mm_struct *mm, unsigned long addr)
{
	VMA_ITERATOR(vmi, mm, addr);
	struct vm_area_struct *vma;
	int err = mmap_read_lock_killable(mm);

	if (err)
		return ERR_PTR(err);
	vma = vma_next(&vmi);
	if (vma)
		down_read(&vma->vm_lock->lock);
	mmap_read_unlock(mm);
	return vma;
}

/*
 * Is @vma what follows @addr? @vma is read-locked, or NULL: then nothing does.
 * @vmi may stand where a VMA ended when it was looked at, which has grown or
 * shrunk since.
 */
static bool lock_next_vma_is_next(struct vma_iterator *vmi,
				  struct vm_area_struct *vma,
				  unsigned long addr)
{
	vma_iter_set(vmi, addr);
	return vma_next(vmi) == vma;
}

/*
 * Lock the VMA that @vmi comes to, if it is the first that ends above @addr.
 * Otherwise, or if it is locked for writing, returns ERR_PTR(-EAGAIN).
 */
static __always_inline struct vm_area_struct *
lock_next_vma_fast(struct vma_iterator *vmi, unsigned long addr)
{
	struct vm_area_struct *vma = vma_next(vmi);

	if (!vma)
		return lock_next_vma_is_next(vmi, NULL, addr) ?
			       NULL : ERR_PTR(-EAGAIN);
	if (!vma_start_read(vma))
		return ERR_PTR(-EAGAIN);

	/* Until it was locked it could be changed, or another be put before it. */
	if (likely(!vma->detached && vma->vm_end > addr) &&
	    (vma->vm_start <= addr || lock_next_vma_is_next(vmi, vma, addr)))
		return vma;

	vma_end_read(vma);
	return ERR_PTR(-EAGAIN);
}

/**
 * lock_next_vma - read-lock the first VMA that ends above an address
 * @mm: the address space; the caller holds a reference (mm_users)
 * @vmi: stands at @addr, or at a VMA that ends there
 * @addr: the address, not tagged
 *
 * Waits for nobody, but where somebody changes the VMA, or has just done so.
 *
 * Context: Process context. The caller is in an RCU read-side section, which is
 * left and entered again where there is something to wait for. No VMA of @mm
 * may be locked by the caller.
 *
 * Return: the VMA, read-locked, and @vmi stands there; NULL if there is none; or
 * ERR_PTR(-EINTR) if the reader was killed while it waited.
 */
struct vm_area_struct *lock_next_vma(struct mm_struct *mm,
				     struct vma_iterator *vmi,
				     unsigned long addr)
{
	struct vm_area_struct *vma = lock_next_vma_fast(vmi, addr);

	if (likely(vma != ERR_PTR(-EAGAIN)))
		return vma;

	rcu_read_unlock();
	vma = lock_next_vma_slow(mm, addr);
	rcu_read_lock();
	vma_iter_set(vmi, IS_ERR_OR_NULL(vma) ? addr : vma->vm_end);
	return vma;
}

#endif /* HAVE_MAPS_UNDER_MMAP_LOCK */
