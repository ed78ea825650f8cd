// SPDX-License-Identifier: GPL-2.0
/*
 * Finds resident memory in the page tables, under the VMA's read lock.
 *
 * Either what lies in one page is copied while its entry is locked, which
 * needs no reference on the folio. Or a batch is filled: neighbouring entries
 * are taken while one page-table lock is held, and what lies in one folio
 * without a gap becomes one run, with one reference.
 */
#include <linux/cacheflush.h>
#include <linux/huge_mm.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include "compat.h"
#include "remote_walk.h"

/* PTEs that are looked at while the lock of their table is held. */
#define REMOTE_WALK_PTES	64UL

/* Would GUP follow this entry, as it is, without a fault? */
static enum remote_read_event remote_check_pte(struct vm_area_struct *vma,
					       pte_t pte,
					       unsigned int gup_flags)
{
	if (pte_protnone(pte) && !gup_can_follow_protnone(vma, gup_flags))
		return REMOTE_READ_NOT_PRESENT;
	return REMOTE_READ_FAST;
}

static __always_inline enum remote_read_event
remote_check_pmd(struct vm_area_struct *vma, pmd_t pmd, unsigned int gup_flags)
{
	/* In a mixed map it may be a device's, which is not told apart. */
	if (vma->vm_flags & VM_MIXEDMAP)
		return REMOTE_READ_SPECIAL;
	if (pmd_protnone(pmd) && !gup_can_follow_protnone(vma, gup_flags))
		return REMOTE_READ_NOT_PRESENT;
	return REMOTE_READ_FAST;
}

static __always_inline enum remote_read_event
remote_check_entry(struct vm_area_struct *vma, const struct folio_walk *fw,
		   unsigned int gup_flags)
{
	switch (fw->level) {
	case FW_LEVEL_PTE:
		return remote_check_pte(vma, fw->pte, gup_flags);
	case FW_LEVEL_PMD:
		return remote_check_pmd(vma, fw->pmd, gup_flags);
	default:
		/* If the walk finds these at all, they are DAX. */
		return REMOTE_READ_SPECIAL;
	}
}

/*
 * FOLL_TOUCH for a huge entry is for the entry, where the architecture cares
 * (x86 does not for a read). Doing it again would change nothing.
 */
static void remote_touch_pmd(struct vm_area_struct *vma, unsigned long addr,
			     const struct folio_walk *fw)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	touch_pmd(vma, addr, fw->pmdp, false);
#endif
}

/* The page behind what the walk has found; of the zero pages it names none. */
static struct page *remote_entry_page(const struct folio_walk *fw,
				      struct folio *folio, unsigned long addr)
{
	if (fw->page)
		return fw->page;
	if (fw->level == FW_LEVEL_PTE)
		return &folio->page;
	return folio_page(folio, (addr & ~PMD_MASK) >> PAGE_SHIFT);
}

/* As GUP does, where caches need it; elsewhere this is no code. */
static void remote_flush_page(struct vm_area_struct *vma, struct page *page,
			      unsigned long addr)
{
	flush_anon_page(vma, page, addr);
	flush_dcache_page(page);
}

/**
 * remote_copy_page - copy out of one resident page
 * @vma: the VMA, read-locked; not hugetlb
 * @addr: where to read, in bytes; inside @vma
 * @buf: kernel memory to copy to; untouched unless all is copied
 * @len: number of bytes, not beyond the end of the page
 * @gup_flags: FOLL_* flags of the read
 *
 * The lock of the page-table entry is held meanwhile. So the page stays mapped
 * and cannot be freed, as its mapping is a reference; zero pages last as long as
 * the mm at least. Marks as accessed what GUP would have marked. Does not fault.
 *
 * Context: Any in which @vma may be locked. Takes the page-table lock; does not
 * sleep.
 *
 * Return: REMOTE_READ_FAST, or why nothing was copied.
 */
enum remote_read_event remote_copy_page(struct vm_area_struct *vma,
					unsigned long addr, void *buf,
					unsigned int len,
					unsigned int gup_flags)
{
	struct folio_walk fw __uninitialized;
	enum remote_read_event event;
	struct folio *folio;
	struct page *page;

	VM_WARN_ON_ONCE(offset_in_page(addr) + len > PAGE_SIZE);

	folio = remote_folio_walk_start(&fw, vma, addr);
	if (!folio)
		return REMOTE_READ_NOT_PRESENT;

	event = remote_check_entry(vma, &fw, gup_flags);
	if (event == REMOTE_READ_FAST && is_pci_p2pdma_page(&folio->page))
		event = REMOTE_READ_SPECIAL;
	if (event == REMOTE_READ_FAST) {
		if (fw.level == FW_LEVEL_PTE)
			folio_mark_accessed(folio);
		else
			remote_touch_pmd(vma, addr, &fw);
		page = remote_entry_page(&fw, folio, addr);
		remote_flush_page(vma, page, addr);
		remote_copy_bytes(vma, page, addr, buf, len);
	}
	remote_folio_walk_end(&fw, vma);
	return event;
}

/*
 * With FOLL_PIN, GUP hands out anonymous memory only once it belongs to this
 * process alone: what it shares since a fork, or by KSM, is copied for it
 * first. Who reads later must find the same.
 */
static bool remote_must_unshare(const struct remote_batch *batch,
				const struct folio *folio,
				const struct page *page, bool writable)
{
	return batch->pin && !writable && folio_test_anon(folio) &&
	       !PageAnonExclusive(page);
}

static unsigned int remote_run_nr_pages(const struct remote_run *run)
{
	return DIV_ROUND_UP(offset_in_page(run->offset) + run->len, PAGE_SIZE);
}

/*
 * Add @len bytes from @offset in @page on, which may go on beyond the end of
 * @page inside @folio. A pin is handed over; other references are taken here:
 * the entry's lock is held, so the folio is mapped and its count should not be
 * zero. GUP refuses the same ones.
 */
static __always_inline bool
remote_batch_add(struct remote_batch *batch, struct folio *folio,
		 struct page *page, unsigned int offset, unsigned int len,
		 enum remote_run_kind kind)
{
	struct remote_run *run = &batch->runs[batch->nr];
	unsigned long start = folio_page_idx(folio, page) * PAGE_SIZE + offset;

	if (batch->nr > batch->first && run[-1].folio == folio &&
	    run[-1].kind == kind && run[-1].offset + run[-1].len == start) {
		run[-1].len += len;
		return true;
	}

	if (batch->nr == batch->max) {
		batch->miss = REMOTE_READ_TOO_LONG;
		return false;
	}
	if (kind != REMOTE_RUN_PINNED) {
		if (WARN_ON_ONCE(folio_ref_count(folio) <= 0) ||
		    is_pci_p2pdma_page(&folio->page)) {
			batch->miss = REMOTE_READ_SPECIAL;
			return false;
		}
		folio_get(folio);
	}

	run->folio = folio;
	run->offset = start;
	run->len = len;
	run->kind = kind;
	batch->nr++;
	return true;
}

/**
 * remote_batch_add_pin - add what GUP has pinned
 * @batch: the batch; the pin becomes its own
 * @folio: the folio of @page
 * @page: the page that is pinned
 * @offset: where it starts in @page, in bytes
 * @len: in bytes; inside @page
 *
 * Return: false if there is no room.
 */
bool remote_batch_add_pin(struct remote_batch *batch, struct folio *folio,
			  struct page *page, unsigned int offset,
			  unsigned int len)
{
	return remote_batch_add(batch, folio, page, offset, len,
				REMOTE_RUN_PINNED);
}

static bool remote_batch_add_pte(struct remote_batch *batch,
				 struct vm_area_struct *vma,
				 struct folio *folio, struct page *page,
				 pte_t pte, unsigned int offset,
				 unsigned int len)
{
	if (remote_must_unshare(batch, folio, page, pte_write(pte))) {
		batch->miss = REMOTE_READ_UNSHARE;
		return false;
	}
	/* As GUP does for a pin; only s390 may say no. */
	if (batch->pin && arch_make_folio_accessible(folio)) {
		batch->miss = REMOTE_READ_SPECIAL;
		return false;
	}
	return remote_batch_add(batch, folio, page, offset, len,
				REMOTE_RUN_PTES);
}

/* The page behind a PTE, the zero page included, or NULL. */
static struct page *remote_pte_page(struct vm_area_struct *vma,
				    unsigned long addr, pte_t pte)
{
	struct page *page;

	if (!pte_present(pte))
		return NULL;
	page = vm_normal_page(vma, addr, pte);
	if (!page && is_zero_pfn(pte_pfn(pte)))
		page = pte_page(pte);
	return page;
}

/* Take PTEs from @fw on, up to @end, while the one table is locked. */
static unsigned long remote_batch_add_ptes(struct remote_batch *batch,
					   struct vm_area_struct *vma,
					   const struct folio_walk *fw,
					   struct folio *folio,
					   unsigned long addr,
					   unsigned long end)
{
	struct page *page = remote_entry_page(fw, folio, addr);
	pte_t *ptep = fw->ptep;
	pte_t pte = fw->pte;
	unsigned int len;

	end = pmd_addr_end(addr, end);
	end = min(end, (addr & PAGE_MASK) + REMOTE_WALK_PTES * PAGE_SIZE);
	for (;;) {
		len = min(end - addr, PAGE_SIZE - offset_in_page(addr));
		if (!remote_batch_add_pte(batch, vma, folio, page, pte,
					  offset_in_page(addr), len))
			return addr;
		addr += len;
		if (addr == end)
			return addr;

		pte = ptep_get(++ptep);
		page = remote_pte_page(vma, addr, pte);
		if (!page) {
			batch->miss = REMOTE_READ_NOT_PRESENT;
			return addr;
		}
		batch->miss = remote_check_pte(vma, pte, batch->gup_flags);
		if (batch->miss != REMOTE_READ_FAST)
			return addr;
		folio = page_folio(page);
	}
}

static unsigned long remote_batch_add_pmd(struct remote_batch *batch,
					  struct vm_area_struct *vma,
					  const struct folio_walk *fw,
					  struct folio *folio,
					  unsigned long addr,
					  unsigned long end)
{
	/* What is said of the whole is said of this one. */
	struct page *page = pmd_page(fw->pmd);

	if (remote_must_unshare(batch, folio, page, pmd_write(fw->pmd))) {
		batch->miss = REMOTE_READ_UNSHARE;
		return addr;
	}

	end = pmd_addr_end(addr, end);
	if (!remote_batch_add(batch, folio, page, addr & ~PMD_MASK, end - addr,
			      REMOTE_RUN_PMD))
		return addr;
	remote_touch_pmd(vma, addr, fw);
	return end;
}

/* What one page table, or one huge entry, has of @addr to @end. */
static unsigned long remote_batch_fill_table(struct remote_batch *batch,
					     struct vm_area_struct *vma,
					     unsigned long addr,
					     unsigned long end)
{
	struct folio_walk fw __uninitialized;
	struct folio *folio;

	folio = remote_folio_walk_start(&fw, vma, addr);
	if (!folio) {
		batch->miss = REMOTE_READ_NOT_PRESENT;
		return addr;
	}
	batch->miss = remote_check_entry(vma, &fw, batch->gup_flags);
	if (batch->miss == REMOTE_READ_FAST) {
		if (fw.level == FW_LEVEL_PTE)
			addr = remote_batch_add_ptes(batch, vma, &fw, folio,
						     addr, end);
		else
			addr = remote_batch_add_pmd(batch, vma, &fw, folio,
						    addr, end);
	}
	remote_folio_walk_end(&fw, vma);
	return addr;
}

/*
 * What a VMA has brought is made visible to the kernel where caches need that.
 * It started at @addr.
 */
static void remote_batch_flush(const struct remote_batch *batch,
			       struct vm_area_struct *vma, unsigned long addr)
{
	unsigned int i, page_nr;

	for (i = batch->first; i < batch->nr; i++) {
		const struct remote_run *run = &batch->runs[i];
		unsigned long first = run->offset >> PAGE_SHIFT;

		for (page_nr = 0; page_nr < remote_run_nr_pages(run); page_nr++) {
			struct page *page = folio_page(run->folio,
						       first + page_nr);

			remote_flush_page(vma, page,
					  addr + page_nr * PAGE_SIZE);
		}
		addr += run->len;
	}
}

/**
 * remote_batch_fill - find resident memory in the page tables
 * @batch: initialized; gets the runs, behind those that it has
 * @vma: the VMA, read-locked; not hugetlb
 * @addr: start of the range, in bytes
 * @end: end of the range; inside @vma
 *
 * Looks at the entries one after the other, each under its lock, and takes a
 * reference on the folios behind them. Does not fault. Doing it again is as
 * doing it once; that is not so of remote_batch_mark().
 *
 * Context: Process context. May sleep, but only to be rescheduled.
 *
 * Return: how far it came, an address from @addr to @end; @batch->miss says why
 * it is not @end, or is REMOTE_READ_FAST. The caller must use remote_batch_put() in any case.
 */
unsigned long remote_batch_fill(struct remote_batch *batch,
				struct vm_area_struct *vma, unsigned long addr,
				unsigned long end)
{
	unsigned long start = addr, next;

	VM_WARN_ON_ONCE(addr < vma->vm_start || end > vma->vm_end);

	batch->first = batch->nr;
	batch->miss = REMOTE_READ_FAST;
	for (;;) {
		next = remote_batch_fill_table(batch, vma, addr, end);
		if (next == end || batch->miss != REMOTE_READ_FAST)
			break;
		addr = next;

		/* GUP does both for every page. */
		if (fatal_signal_pending(current)) {
			batch->miss = REMOTE_READ_FATAL_SIGNAL;
			break;
		}
		cond_resched();
	}
	remote_batch_flush(batch, vma, start);
	return next;
}

/**
 * remote_batch_mark - mark as accessed what GUP would have marked
 * @batch: the batch
 *
 * To be called once, and only for what the slow path will not read again:
 * marking twice is not the same as once. FOLL_TOUCH marks the folio, not the
 * PTE, and once for each PTE.
 *
 * Context: Process context; no lock is needed.
 */
void remote_batch_mark(const struct remote_batch *batch)
{
	const struct remote_run *run;
	unsigned int nr;

	for (run = batch->runs; run < batch->runs + batch->nr; run++) {
		if (run->kind != REMOTE_RUN_PTES)
			continue;
		for (nr = remote_run_nr_pages(run); nr; nr--)
			folio_mark_accessed(run->folio);
	}
}

/**
 * remote_batch_put - drop the references and pins
 * @batch: the batch; empty afterwards
 *
 * Context: Process context; no lock is needed.
 */
void remote_batch_put(struct remote_batch *batch)
{
	const struct remote_run *run;

	while (batch->nr) {
		run = &batch->runs[--batch->nr];
		if (run->kind == REMOTE_RUN_PINNED)
			unpin_user_folio(run->folio, remote_run_nr_pages(run));
		else
			folio_put(run->folio);
	}
	batch->first = 0;
}
