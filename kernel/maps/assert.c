// SPDX-License-Identifier: GPL-2.0
/*
 * Functions that show_map() and the like call, and that warn if nobody holds the
 * mmap lock, for a VMA that is read-locked. That is enough: VMAs that are
 * unmapped or moved are write-locked first, so page tables stay as long as the
 * VMA is locked; so is a VMA whose name is changed.
 */
#include <linux/mm.h>

#include "maps.h"

#ifdef HAVE_MAPS_UNDER_MMAP_LOCK

static void maps_assert_locked(struct vm_area_struct *vma)
{
	if (!rwsem_is_locked(&vma->vm_mm->mmap_lock))
		vma_assert_locked(vma);
}

#ifdef CONFIG_ANON_VMA_NAME
/* For anon_vma_name(). */
struct anon_vma_name *vmapeek_anon_vma_name(struct vm_area_struct *vma)
{
	maps_assert_locked(vma);
	return vma->anon_name;
}
#endif

static void walk_assert_locked(struct vm_area_struct *vma,
			       enum page_walk_lock walk_lock)
{
	switch (walk_lock) {
	case PGWALK_RDLOCK:
		maps_assert_locked(vma);
		break;
	case PGWALK_WRLOCK:
		mmap_assert_write_locked(vma->vm_mm);
		vma_start_write(vma);
		break;
	case PGWALK_WRLOCK_VERIFY:
		mmap_assert_write_locked(vma->vm_mm);
		vma_assert_write_locked(vma);
		break;
	}
}

/* For walk_page_vma(). show_smap() and show_numa_map() call it, among others. */
int vmapeek_walk_page_vma(struct vm_area_struct *vma,
			  const struct mm_walk_ops *ops, void *private)
{
	struct mm_walk walk = {
		.ops = ops,
		.mm = vma->vm_mm,
		.vma = vma,
		.private = private,
	};

	if (!walk.mm)
		return -EINVAL;
	walk_assert_locked(vma, ops->walk_lock);
	return __walk_page_range(vma->vm_start, vma->vm_end, &walk);
}

#endif /* HAVE_MAPS_UNDER_MMAP_LOCK */
