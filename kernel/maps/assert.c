// SPDX-License-Identifier: GPL-2.0
/*
 * Replacements of functions that show_map(), show_smap() and show_numa_map()
 * call, and that warn if nobody holds the mmap lock. These accept the VMA's
 * read lock, too. It is sufficient: a VMA is write-locked before it is
 * unmapped, moved or renamed, so its page tables and its name stay while it is
 * read-locked.
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
/* Replaces anon_vma_name(). */
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

/* Replaces walk_page_vma(), which other subsystems call, too. */
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
