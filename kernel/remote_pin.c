// SPDX-License-Identifier: GPL-2.0
/*
 * Pins resident memory under the VMA's read lock, as pin_user_pages_remote()
 * does under the mmap lock.
 *
 * Neighbouring entries are pinned under one hold of the page-table lock, and
 * contiguous memory of one folio becomes one run. A pin is taken while the
 * entry is locked; fork() copies no entries at that time, because it
 * write-locks the VMA.
 *
 * GUP marks a page as accessed and counts its pin as it takes the pin. Here the
 * pins may still be dropped in favour of GUP, which then does both; therefore
 * remote_pins_commit() marks and counts later.
 */
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/vmstat.h>

#include "remote.h"
#include "remote_walk.h"

/* PTEs that are pinned under one hold of the page-table lock. */
#define REMOTE_PIN_PTES	64UL

/* As try_grab_folio() with FOLL_PIN, without the count in vmstat. */
static __always_inline void remote_pin_folio(struct folio *folio,
					     unsigned int nr_pages)
{
	if (folio_has_pincount(folio)) {
		folio_ref_add(folio, nr_pages);
		atomic_add(nr_pages, &folio->_pincount);
	} else {
		folio_ref_add(folio, nr_pages * GUP_PIN_COUNTING_BIAS);
	}
}

/* Pin the pages added to the last run. Its entries are locked. */
static __always_inline void remote_pins_take_more(struct remote_pins *pins)
{
	const struct remote_run *run = &pins->runs[pins->nr - 1];

	if (!pins->nr_more)
		return;
	remote_pin_folio(run->folio, pins->nr_more);
	pins->nr_pages += pins->nr_more;
	pins->nr_more = 0;
}

/* Pin the first pages of a run. */
static __always_inline void remote_pins_take(struct remote_pins *pins,
					     struct folio *folio,
					     unsigned int nr_pages)
{
	int nid = folio_nid(folio);

	remote_pin_folio(folio, nr_pages);
	if (pins->nr_pages && pins->nid != nid)
		pins->is_mixed = true;
	pins->nid = nid;
	pins->nr_pages += nr_pages;
}

/*
 * With FOLL_PIN, GUP returns anonymous memory only if it is exclusive to this
 * process: memory shared since a fork, or by KSM, is copied first.
 */
static __always_inline bool remote_must_unshare(const struct folio *folio,
						const struct page *page,
						bool writable)
{
	return !writable && folio_test_anon(folio) && !PageAnonExclusive(page);
}

/*
 * Add @nr_pages pages with @len bytes from @offset in @page on, which may
 * extend beyond @page inside @folio. The entry is locked, so the folio is
 * mapped and its count should not be zero; GUP refuses the same folios.
 */
static __always_inline bool
remote_pins_add(struct remote_pins *pins, struct folio *folio,
		struct page *page, unsigned int offset, unsigned int len,
		unsigned int nr_pages, enum remote_run_kind kind)
{
	unsigned int start = folio_page_idx(folio, page) * PAGE_SIZE + offset;
	struct remote_run *run = &pins->runs[pins->nr];

	if (pins->nr > pins->nr_committed && run[-1].folio == folio &&
	    run[-1].kind == kind && run[-1].offset + run[-1].len == start) {
		run[-1].len += len;
		pins->nr_more += nr_pages;
		return true;
	}

	remote_pins_take_more(pins);
	VM_WARN_ON_ONCE(pins->nr == pins->max);
	if (WARN_ON_ONCE(folio_ref_count(folio) <= 0) ||
	    is_pci_p2pdma_page(&folio->page)) {
		pins->miss = REMOTE_READ_SPECIAL;
		return false;
	}

	run->folio = folio;
	run->offset = start;
	run->len = len;
	run->kind = kind;
	pins->nr++;
	if (kind != REMOTE_RUN_ZERO)
		remote_pins_take(pins, folio, nr_pages);
	return true;
}

static __always_inline bool
remote_pins_add_pte(struct remote_pins *pins, struct folio *folio,
		    struct page *page, bool is_zero, pte_t pte,
		    unsigned int offset, unsigned int len)
{
	if (remote_must_unshare(folio, page, pte_write(pte))) {
		pins->miss = REMOTE_READ_UNSHARE;
		return false;
	}
	return remote_pins_add(pins, folio, page, offset, len, 1,
			       is_zero ? REMOTE_RUN_ZERO : REMOTE_RUN_PTES);
}

/* Add the pages of PTEs from @fw on, up to @end. Their table is locked. */
static unsigned long remote_pins_add_ptes(struct remote_pins *pins,
					  struct vm_area_struct *vma,
					  const struct folio_walk *fw,
					  struct folio *folio,
					  unsigned long addr,
					  unsigned long end)
{
	struct page *page = remote_entry_page(fw, folio, addr);
	bool is_zero = !fw->page;
	pte_t *ptep = fw->ptep;
	pte_t pte = fw->pte;
	unsigned int len;

	end = pmd_addr_end(addr, end);
	end = min(end, (addr & PAGE_MASK) + REMOTE_PIN_PTES * PAGE_SIZE);
	for (;;) {
		len = min(end - addr, PAGE_SIZE - offset_in_page(addr));
		if (!remote_pins_add_pte(pins, folio, page, is_zero, pte,
					 offset_in_page(addr), len))
			return addr;
		addr += len;
		if (addr == end)
			return addr;

		pte = ptep_get(++ptep);
		page = remote_pte_page(vma, addr, pte, &is_zero);
		if (!page) {
			pins->miss = REMOTE_READ_NOT_PRESENT;
			return addr;
		}
		pins->miss = remote_check_pte(vma, pte, 0);
		if (pins->miss != REMOTE_READ_OK)
			return addr;
		folio = page_folio(page);
	}
}

/*
 * Add the memory of one huge entry, which begins with @page, up to @end. The
 * entry is locked and maps @size bytes. For a huge entry, PageAnonExclusive
 * lives on the head page.
 */
static unsigned long remote_pins_add_huge(struct remote_pins *pins,
					  struct folio *folio,
					  struct page *page, bool writable,
					  unsigned long size,
					  unsigned long addr, unsigned long end)
{
	unsigned long offset = addr & (size - 1), nr_pages;

	if (remote_must_unshare(folio, page, writable)) {
		pins->miss = REMOTE_READ_UNSHARE;
		return addr;
	}

	end = min(end, addr - offset + size);
	nr_pages = DIV_ROUND_UP(offset_in_page(addr) + end - addr, PAGE_SIZE);
	if (!remote_pins_add(pins, folio, page, offset, end - addr, nr_pages,
			     REMOTE_RUN_HUGE))
		return addr;
	return end;
}

static unsigned long remote_pins_add_pmd(struct remote_pins *pins,
					 struct vm_area_struct *vma,
					 const struct folio_walk *fw,
					 struct folio *folio,
					 unsigned long addr, unsigned long end)
{
	unsigned long next = remote_pins_add_huge(pins, folio,
						  pmd_page(fw->pmd),
						  pmd_write(fw->pmd), PMD_SIZE,
						  addr, end);

	if (next != addr)
		remote_touch_pmd(vma, addr, fw);
	return next;
}

/* As remote_pins_fill_table(), for hugetlb memory. May sleep. */
static noinline unsigned long
remote_pins_fill_hugetlb(struct remote_pins *pins, struct vm_area_struct *vma,
			 unsigned long addr, unsigned long end)
{
	struct folio_walk fw __uninitialized;
	struct page *head;
	struct folio *folio;
	bool is_pud;

	folio = remote_hugetlb_walk_start(&fw, vma, addr);
	if (!folio) {
		pins->miss = REMOTE_READ_NOT_PRESENT;
		return addr;
	}
	is_pud = fw.level == FW_LEVEL_PUD;
	head = is_pud ? pud_page(fw.pud) : pmd_page(fw.pmd);
	pins->miss = REMOTE_READ_OK;
	addr = remote_pins_add_huge(pins, folio, head,
				    is_pud ? pud_write(fw.pud) :
					     pmd_write(fw.pmd),
				    is_pud ? PUD_SIZE : PMD_SIZE, addr, end);
	remote_pins_take_more(pins);
	remote_hugetlb_walk_end(&fw, vma);
	return addr;
}

/*
 * Pin pages of the one page table, or huge entry, that maps @addr. Returns the
 * end of the pins.
 */
static unsigned long remote_pins_fill_table(struct remote_pins *pins,
					    struct vm_area_struct *vma,
					    unsigned long addr,
					    unsigned long end)
{
	struct folio_walk fw __uninitialized;
	struct folio *folio;

	if (unlikely(is_vm_hugetlb_page(vma)))
		return remote_pins_fill_hugetlb(pins, vma, addr, end);

	folio = remote_folio_walk_start(&fw, vma, addr);
	if (!folio) {
		pins->miss = REMOTE_READ_NOT_PRESENT;
		return addr;
	}
	pins->miss = remote_check_entry(vma, &fw, 0);
	if (pins->miss == REMOTE_READ_OK) {
		if (fw.level == FW_LEVEL_PTE)
			addr = remote_pins_add_ptes(pins, vma, &fw, folio, addr,
						    end);
		else
			addr = remote_pins_add_pmd(pins, vma, &fw, folio, addr,
						   end);
		remote_pins_take_more(pins);
	}
	remote_folio_walk_end(&fw, vma);
	return addr;
}

/**
 * remote_pins_fill - pin resident memory
 * @pins: initialized; the runs are appended
 * @vma: the VMA, read-locked
 * @addr: start of the range, in bytes
 * @end: end of the range; inside @vma
 *
 * Visits the entries in order, each under its lock. Does not fault. Marks huge
 * PMDs as accessed, where a second mark makes no difference; all other pages
 * are marked, and the pins counted, by remote_pins_commit().
 * MMF_HAS_PINNED must be set before, see remote_set_has_pinned().
 *
 * Context: Process context. May sleep: to be rescheduled, and for hugetlb's
 * lock of the VMA.
 *
 * Return: the end of the pins, from @addr to @end; @pins->miss has the reason
 * if that is not @end, or is REMOTE_READ_OK. The caller must call
 * remote_pins_put() in any case.
 */
unsigned long remote_pins_fill(struct remote_pins *pins,
			       struct vm_area_struct *vma, unsigned long addr,
			       unsigned long end)
{
	unsigned long next;

	VM_WARN_ON_ONCE(addr < vma->vm_start || end > vma->vm_end);

	for (;;) {
		next = remote_pins_fill_table(pins, vma, addr, end);
		if (next == end || pins->miss != REMOTE_READ_OK)
			break;
		addr = next;

		/* GUP checks for signals and reschedules for every page. */
		if (fatal_signal_pending(current)) {
			pins->miss = REMOTE_READ_FATAL_SIGNAL;
			break;
		}
		cond_resched();
	}
	return next;
}

/**
 * remote_pins_gup_pages - an array for pages that GUP is going to pin
 * @pins: the pins so far
 * @nr_pages: number of pages; there must be room for as many runs
 *
 * The array is at the end of the memory for runs. remote_pins_add_gup() turns
 * the pointers into runs, in order. A run is at least as large as a pointer, so
 * no pointer is overwritten before it is used.
 *
 * Return: an array of @nr_pages pointers; NULL, with a warning, if there is no
 * room.
 */
struct page **remote_pins_gup_pages(struct remote_pins *pins,
				    unsigned long nr_pages)
{
	static_assert(sizeof(struct remote_run) >= sizeof(struct page *));

	if (WARN_ON_ONCE(nr_pages > pins->max - pins->nr))
		return NULL;
	VM_WARN_ON_ONCE(pins->nr_committed != pins->nr);
	return (struct page **)(pins->runs + pins->max) - nr_pages;
}

/**
 * remote_pins_add_gup - add pages that GUP has pinned
 * @pins: the pins so far, committed; takes over the pins of @pages
 * @addr: start of the pages, in bytes
 * @end: end of the requested range
 * @pages: from remote_pins_gup_pages()
 * @nr_pages: number of pages that GUP has filled in, not 0
 *
 * Return: the end of the pages, at most @end.
 */
unsigned long remote_pins_add_gup(struct remote_pins *pins,
				  unsigned long addr, unsigned long end,
				  struct page **pages, unsigned long nr_pages)
{
	for (; nr_pages; nr_pages--, pages++) {
		struct page *page = *pages;
		struct folio *folio = page_folio(page);
		struct remote_run *run = &pins->runs[pins->nr++];
		unsigned int offset = offset_in_page(addr);

		run->folio = folio;
		run->offset = folio_page_idx(folio, page) * PAGE_SIZE + offset;
		run->len = min(end - addr, PAGE_SIZE - offset);
		run->kind = REMOTE_RUN_GUP;
		addr += run->len;
	}
	pins->nr_committed = pins->nr;
	return addr;
}

static bool remote_run_is_counted_here(const struct remote_run *run)
{
	return run->kind == REMOTE_RUN_PTES || run->kind == REMOTE_RUN_HUGE;
}

/**
 * remote_pins_count_mixed - count pins of several nodes in vmstat
 * @pins: the pins
 * @start: the first run
 * @end: the run after the last
 * @item: the counter
 *
 * Context: Process context; no lock is needed.
 */
void remote_pins_count_mixed(const struct remote_pins *pins,
			     unsigned int start, unsigned int end,
			     enum node_stat_item item)
{
	unsigned int i;

	for (i = start; i < end; i++) {
		const struct remote_run *run = &pins->runs[i];

		if (remote_run_is_counted_here(run))
			mod_node_page_state(folio_pgdat(run->folio), item,
					    remote_run_nr_pages(run));
	}
}

/**
 * remote_pins_drop - drop the last pins
 * @pins: the pins; GUP took none of those from @nr on
 * @nr: number of runs to keep
 *
 * Context: Process context; no lock is needed.
 */
void remote_pins_drop(struct remote_pins *pins, unsigned int nr)
{
	while (pins->nr > nr) {
		const struct remote_run *run = &pins->runs[--pins->nr];
		unsigned int nr_pages = remote_run_nr_pages(run);

		if (remote_run_is_counted_here(run)) {
			pins->nr_pages -= nr_pages;
			if (pins->nr < pins->nr_committed) {
				pins->nr_counted -= nr_pages;
				mod_node_page_state(folio_pgdat(run->folio),
						    NR_FOLL_PIN_RELEASED,
						    nr_pages);
			}
		}
		remote_run_put(run);
	}
	pins->nr_committed = min(pins->nr_committed, nr);
}
