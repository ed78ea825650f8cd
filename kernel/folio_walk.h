/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _FOLIO_WALK_H
#define _FOLIO_WALK_H

#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/pgtable.h>

struct folio *remote_folio_walk_start(struct folio_walk *fw,
				      struct vm_area_struct *vma,
				      unsigned long addr);

/**
 * remote_folio_walk_end - drop the lock that remote_folio_walk_start() took
 * @fw: as it was filled in
 * @vma: the VMA
 */
static inline void remote_folio_walk_end(struct folio_walk *fw,
					 struct vm_area_struct *vma)
{
	spin_unlock(fw->ptl);
	if (fw->level == FW_LEVEL_PTE)
		pte_unmap(fw->ptep);
}

#endif /* _FOLIO_WALK_H */
