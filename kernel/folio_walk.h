/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _FOLIO_WALK_H
#define _FOLIO_WALK_H

struct folio;
struct folio_walk;
struct vm_area_struct;

struct folio *remote_folio_walk_start(struct folio_walk *fw,
				      struct vm_area_struct *vma,
				      unsigned long addr);
void remote_folio_walk_end(struct folio_walk *fw, struct vm_area_struct *vma);

#endif /* _FOLIO_WALK_H */
