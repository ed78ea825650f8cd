/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Remote reads under the VMA's read lock: a base that finds, checks, copies and
 * pins memory, and replacements of kernel functions built on it.
 */
#ifndef _REMOTE_H
#define _REMOTE_H

#include <linux/build_bug.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mmu_context.h>
#include <linux/percpu.h>
#include <linux/secretmem.h>
#include <linux/swap.h>
#include <linux/uio.h>
#include <linux/vmstat.h>

#include "compat/compat.h"
#include "remote_results.h"

/**
 * enum remote_read_result - result of the fast path
 *
 * The constants are REMOTE_READ_OK and so on, see remote_results.h. Each one
 * but REMOTE_READ_OK is a reason why the fast path failed: the caller retries
 * with more checks, and then takes the slow path.
 */
enum remote_read_result {
#define X(constant, name, meaning) REMOTE_READ_##constant,
	REMOTE_READ_RESULTS(X)
#undef X
	NR_REMOTE_READ_RESULTS
};

/* remote_stats.c: per-CPU counts of results, and their names */

/**
 * struct remote_stats - per-CPU counters
 * @count: reads, by result
 * @faults: page faults taken in the memory that is read
 */
struct remote_stats {
	unsigned long count[NR_REMOTE_READ_RESULTS];
	unsigned long faults;
};

DECLARE_PER_CPU(struct remote_stats, remote_stats);

/* Bytes, with the terminator, of the longest name that the tracepoint holds. */
#define REMOTE_READ_NAME_LEN 16

extern const char *const remote_read_names[NR_REMOTE_READ_RESULTS];

/* Any context; counts on this CPU, without a lock or a shared cache line. */
static inline void remote_count(enum remote_read_result result)
{
	this_cpu_inc(remote_stats.count[result]);
}

/* Any context, as remote_count(). */
static inline void remote_count_fault(void)
{
	this_cpu_inc(remote_stats.faults);
}

unsigned long remote_stats_sum(enum remote_read_result result);
unsigned long remote_stats_faults(void);

/* remote_vma.c: permission checks of the VMA, and holes after it */

/**
 * remote_untag - untag an address of another process without its mmap lock
 * @mm: the address space
 * @addr: the address
 *
 * untagged_addr_remote() asserts the lock, although the mask is one word that
 * changes only while the process has one thread. With a stale mask an address
 * is resolved as before the change.
 *
 * Return: the same address as untagged_addr_remote().
 */
static inline unsigned long remote_untag(struct mm_struct *mm,
					 unsigned long addr)
{
	return addr & mm_untag_mask(mm);
}

/* As remote_check_vma(), but refuse VMAs with one of the flags @special. */
static __always_inline enum remote_read_result
__remote_check_vma(struct vm_area_struct *vma, unsigned int gup_flags,
		   vm_flags_t special)
{
	vm_flags_t vm_flags = vma->vm_flags;

	if (vm_flags & special)
		return REMOTE_READ_SPECIAL;

	/*
	 * A process must not point cmdline and environ at a file: the owner of
	 * the file could delay the read for as long as it likes.
	 */
	if ((gup_flags & FOLL_ANON) && !vma_is_anonymous(vma))
		return REMOTE_READ_FOLL_ANON;

	if (vma_is_secretmem(vma))
		return REMOTE_READ_SPECIAL;

	if (!(vm_flags & VM_READ) &&
	    !((gup_flags & FOLL_FORCE) && (vm_flags & VM_MAYREAD)))
		return REMOTE_READ_NOT_PERMITTED;

	if (!arch_vma_access_permitted(vma, false, false, true))
		return REMOTE_READ_NOT_PERMITTED;

	return REMOTE_READ_OK;
}

/**
 * remote_check_vma - may this VMA be read, and its entries be walked?
 * @vma: the VMA, read-locked
 * @gup_flags: only FOLL_FORCE and FOLL_ANON matter
 *
 * The checks of GUP for a remote read, plus hugetlb, whose page tables the VMA
 * lock does not protect.
 *
 * Context: @vma is read-locked.
 *
 * Return: REMOTE_READ_OK, or the reason to refuse.
 */
static __always_inline enum remote_read_result
remote_check_vma(struct vm_area_struct *vma, unsigned int gup_flags)
{
	return __remote_check_vma(vma, gup_flags,
				  VM_IO | VM_PFNMAP | VM_HUGETLB);
}

enum remote_read_result remote_check_any_vma(struct vm_area_struct *vma,
					     unsigned int gup_flags);

bool remote_is_hole(struct mm_struct *mm, unsigned long addr);
bool remote_is_hole_under_writer(struct mm_struct *mm, unsigned long addr);

/* remote_fault.c: page faults under the VMA's lock */

/**
 * enum remote_fault_result - result of a page fault
 * @REMOTE_FAULT_DONE: the page may be present now: look it up again
 * @REMOTE_FAULT_FAILED: the fault failed, which ends the read at this page
 * @REMOTE_FAULT_DROPPED_LOCK: the fault has waited, and dropped the VMA's lock
 *	to do so, as stock's fault would have dropped the mmap lock
 * @REMOTE_FAULT_NEEDS_MMAP_LOCK: only the slow path can handle it; the VMA's
 *	lock is dropped
 */
enum remote_fault_result {
	REMOTE_FAULT_DONE,
	REMOTE_FAULT_FAILED,
	REMOTE_FAULT_DROPPED_LOCK,
	REMOTE_FAULT_NEEDS_MMAP_LOCK,
};

/*
 * The slow path is taken if one page is absent again after this many faults.
 */
#define REMOTE_FAULT_TRIES	8

typedef enum remote_read_result (*remote_look_fn)(struct vm_area_struct *vma,
						  void *arg);

bool remote_may_fault(struct vm_area_struct *vma, unsigned int flags);
enum remote_fault_result remote_fault(struct vm_area_struct *vma,
				      unsigned long addr, unsigned int flags);
enum remote_read_result remote_fault_in(struct vm_area_struct **vmap,
					unsigned long addr,
					remote_look_fn look, void *arg,
					bool *failed);

/* remote_hugetlb.c: entries of hugetlb memory */

struct folio_walk;

struct folio *remote_hugetlb_walk_start(struct folio_walk *fw,
					struct vm_area_struct *vma,
					unsigned long addr);
void remote_hugetlb_walk_end(struct folio_walk *fw, struct vm_area_struct *vma);

/* remote_copy.c: memory of one VMA, copied to kernel memory */

enum remote_read_result remote_copy(struct vm_area_struct *vma,
				    unsigned long addr, void *buf,
				    unsigned int len, unsigned int gup_flags,
				    const unsigned int *seq);
enum remote_read_result remote_copy_absent(struct vm_area_struct **vmap,
					   unsigned long addr, void *buf,
					   int *len, unsigned int gup_flags);

/* remote_pin.c: resident memory, pinned */

/**
 * enum remote_run_kind - origin of the memory of a run
 * @REMOTE_RUN_PTES: found by page-table entries; a pin for each page
 * @REMOTE_RUN_HUGE: found by a huge entry; a pin for each page
 * @REMOTE_RUN_ZERO: the zero page, which is never pinned
 * @REMOTE_RUN_GUP: pinned, marked and counted by GUP; a pin for each page
 */
enum remote_run_kind {
	REMOTE_RUN_PTES,
	REMOTE_RUN_HUGE,
	REMOTE_RUN_ZERO,
	REMOTE_RUN_GUP,
};

/**
 * struct remote_run - contiguous memory in one folio
 * @folio: the folio
 * @offset: start of the run in @folio, in bytes
 * @len: in bytes; never 0
 * @kind: enum remote_run_kind
 */
struct remote_run {
	struct folio *folio;
	unsigned int offset;
	unsigned int len : 30;
	unsigned int kind : 2;
};

/**
 * struct remote_pins - pinned memory, in the order of addresses
 * @runs: the memory, without gaps between them
 * @nr: number of @runs
 * @max: size of @runs
 * @nr_committed: runs that are marked and counted, see remote_pins_commit()
 * @nr_more: pages of the last run whose pins are still to be taken
 * @nr_pages: number of pins, without those of GUP
 * @nr_counted: the part of @nr_pages that NR_FOLL_PIN_ACQUIRED includes
 * @nid: the NUMA node of the last folio that was pinned
 * @is_mixed: the folios are on more than one node
 * @miss: REMOTE_READ_OK, or the reason why less was found than requested
 */
struct remote_pins {
	struct remote_run *runs;
	unsigned int nr;
	unsigned int max;
	unsigned int nr_committed;
	unsigned int nr_more;
	unsigned int nr_pages;
	unsigned int nr_counted;
	int nid;
	bool is_mixed;
	enum remote_read_result miss;
};

static inline void remote_pins_clear(struct remote_pins *pins)
{
	pins->nr = 0;
	pins->nr_committed = 0;
	pins->nr_pages = 0;
	pins->nr_counted = 0;
	pins->is_mixed = false;
}

/* A function rather than an initializer: @runs stays uninitialized. */
static inline void remote_pins_init(struct remote_pins *pins,
				    struct remote_run *runs, unsigned int max)
{
	pins->runs = runs;
	pins->max = max;
	pins->nr_more = 0;
	remote_pins_clear(pins);
}

unsigned long remote_pins_fill(struct remote_pins *pins,
			       struct vm_area_struct *vma, unsigned long addr,
			       unsigned long end);
struct page **remote_pins_gup_pages(struct remote_pins *pins,
				    unsigned long nr_pages);
unsigned long remote_pins_add_gup(struct remote_pins *pins,
				  unsigned long addr, unsigned long end,
				  struct page **pages, unsigned long nr_pages);
void remote_pins_count_mixed(const struct remote_pins *pins,
			     unsigned int start, unsigned int end,
			     enum node_stat_item item);
void remote_pins_drop(struct remote_pins *pins, unsigned int nr);

static inline unsigned int remote_run_nr_pages(const struct remote_run *run)
{
	return DIV_ROUND_UP(offset_in_page(run->offset) + run->len, PAGE_SIZE);
}

/**
 * remote_pins_commit - mark and count pins that will be used
 * @pins: the pins
 *
 * Marks the pages as accessed as GUP would, and counts the pins, except those
 * that are committed already. After that, the slow path must not pin the same
 * pages, or they would be marked and counted twice. FOLL_TOUCH marks the folio,
 * not the PTE, once for each PTE.
 *
 * Context: Process context; no lock is needed.
 */
static __always_inline void remote_pins_commit(struct remote_pins *pins)
{
	const struct remote_run *run = pins->runs + pins->nr_committed;
	const struct remote_run *end = pins->runs + pins->nr;
	unsigned int nr;

	for (; run < end; run++) {
		if (run->kind == REMOTE_RUN_HUGE)
			continue;
		for (nr = remote_run_nr_pages(run); nr; nr--)
			folio_mark_accessed(run->folio);
	}
	if (unlikely(pins->is_mixed))
		remote_pins_count_mixed(pins, pins->nr_committed, pins->nr,
					NR_FOLL_PIN_ACQUIRED);
	else if (pins->nr_pages != pins->nr_counted)
		mod_node_page_state(NODE_DATA(pins->nid), NR_FOLL_PIN_ACQUIRED,
				    pins->nr_pages - pins->nr_counted);
	pins->nr_committed = pins->nr;
	pins->nr_counted = pins->nr_pages;
}

static __always_inline void remote_unpin_folio(struct folio *folio,
					       unsigned int nr_pages)
{
	if (folio_has_pincount(folio))
		atomic_sub(nr_pages, &folio->_pincount);
	else
		nr_pages *= GUP_PIN_COUNTING_BIAS;
	folio_put_refs(folio, nr_pages);
}

static __always_inline void remote_run_put(const struct remote_run *run)
{
	switch (run->kind) {
	case REMOTE_RUN_ZERO:
		break;
	case REMOTE_RUN_GUP:
		unpin_user_folio(run->folio, 1);
		break;
	default:
		remote_unpin_folio(run->folio, remote_run_nr_pages(run));
	}
}

/**
 * remote_pins_put - drop all pins
 * @pins: the pins; empty afterwards
 *
 * Context: Process context; no lock is needed.
 */
static __always_inline void remote_pins_put(struct remote_pins *pins)
{
	const struct remote_run *end = pins->runs + pins->nr;
	const struct remote_run *run;

	if (unlikely(pins->is_mixed))
		remote_pins_count_mixed(pins, 0, pins->nr_committed,
					NR_FOLL_PIN_RELEASED);
	else if (pins->nr_counted)
		mod_node_page_state(NODE_DATA(pins->nid), NR_FOLL_PIN_RELEASED,
				    pins->nr_counted);
	for (run = pins->runs; run < end; run++)
		remote_run_put(run);
	remote_pins_clear(pins);
}

/* access_remote_vm.c */

int remote_read(struct mm_struct *mm, unsigned long addr, void *buf, int len,
		unsigned int gup_flags, enum remote_read_result *why);
enum remote_read_result remote_try_read(struct mm_struct *mm,
					unsigned long addr, void *buf, int *len,
					unsigned int gup_flags);

/* proc_mem.c */

ssize_t remote_mem_read(const struct file *file, char __user *buf, size_t count,
			loff_t *ppos);

/* copy_remote_vm_str.c, for kernels that have that function */

int remote_read_str(struct mm_struct *mm, unsigned long addr, void *buf,
		    int len, unsigned int gup_flags,
		    enum remote_read_result *why);

/* process_vm_segment.c, process_vm_readv.c */

int remote_readv(struct mm_struct *mm, unsigned long addr, unsigned long len,
		 struct iov_iter *iter, enum remote_read_result *why);
ssize_t vmapeek_process_vm_readv(pid_t pid, const struct iovec __user *lvec,
				 unsigned long liovcnt,
				 const struct iovec __user *rvec,
				 unsigned long riovcnt, unsigned long flags);

#endif /* _REMOTE_H */
