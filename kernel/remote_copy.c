// SPDX-License-Identifier: GPL-2.0
/*
 * Copies memory of one VMA to kernel memory, under the VMA's read lock, as
 * access_remote_vm() does: page by page, in the order of addresses.
 *
 * A page is copied while its page-table entry is locked, so the copy needs no
 * reference on the folio. A page must not be looked up before the one before it
 * is copied, or the reader could see the earlier page newer than the later one.
 * Two pages of one page table are looked up and copied under one hold of its
 * lock, which is indistinguishable from that order.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include "remote.h"
#include "remote_walk.h"

/* A read of up to this many pages marks them only when all are copied. */
#define REMOTE_COPY_PAGES	16

/*
 * Check for a fatal signal and reschedule, as GUP does for each page. Returns
 * false if a fatal signal is pending.
 */
static __always_inline bool remote_copy_goes_on(void)
{
	if (fatal_signal_pending(current))
		return false;
	cond_resched();
	return true;
}

/* Copy @len bytes at @offset in @page, not beyond its end. */
static __always_inline void remote_copy_bytes(struct page *page,
					      unsigned int offset, void *buf,
					      unsigned int len)
{
	void *maddr = kmap_local_page(page);

	remote_memcpy(buf, maddr + offset, len);
	kunmap_local(maddr);
}

/* As remote_touch(), but return the folio if it is still to be marked. */
static struct folio *remote_copy_touch_later(struct vm_area_struct *vma,
					     unsigned long addr,
					     const struct folio_walk *fw,
					     struct folio *folio)
{
	if (fw->level == FW_LEVEL_PTE) {
		folio_get(folio);
		return folio;
	}
	remote_touch_pmd(vma, addr, fw);
	return NULL;
}

/**
 * remote_copy_page - copy out of one resident page
 * @vma: the VMA, read-locked; not hugetlb
 * @addr: where to read, in bytes; inside @vma
 * @buf: kernel memory to copy to; untouched unless all is copied
 * @len: number of bytes, not beyond the end of the page
 * @gup_flags: FOLL_* flags of the read
 * @unmarked: NULL, or gets the folio with a reference, to be marked as accessed
 *	later; NULL if there is nothing to mark
 *
 * The lock of the page-table entry is held during the copy, so the page stays
 * mapped. Its mapping is a reference, so it cannot be freed; zero pages live at
 * least as long as the mm. Does not fault.
 *
 * Context: Any in which @vma may be locked. Takes the page-table lock; does not
 * sleep.
 *
 * Return: REMOTE_READ_OK, or the reason why nothing was copied.
 */
static __always_inline enum remote_read_result
remote_copy_page(struct vm_area_struct *vma, unsigned long addr, void *buf,
		 unsigned int len, unsigned int gup_flags,
		 struct folio **unmarked)
{
	struct folio_walk fw __uninitialized;
	enum remote_read_result result;
	struct folio *folio;

	VM_WARN_ON_ONCE(offset_in_page(addr) + len > PAGE_SIZE);

	folio = remote_folio_walk_start(&fw, vma, addr);
	if (!folio)
		return REMOTE_READ_NOT_PRESENT;

	result = remote_check_found(vma, &fw, folio, gup_flags);
	if (result == REMOTE_READ_OK) {
		if (unmarked)
			*unmarked = remote_copy_touch_later(vma, addr, &fw,
							    folio);
		else
			remote_touch(vma, addr, &fw, folio);
		remote_copy_bytes(remote_entry_page(&fw, folio, addr),
				  offset_in_page(addr), buf, len);
	}
	remote_folio_walk_end(&fw, vma);
	return result;
}

/*
 * As remote_copy_page(), for bytes of two pages that one page table, or one
 * huge entry, maps. The first is marked only if both are present: otherwise
 * remote_copy_absent() or the slow path reads the pages again, and must be the
 * first to mark them.
 */
static noinline enum remote_read_result
remote_copy_two_pages(struct vm_area_struct *vma, unsigned long addr, void *buf,
		      unsigned int len, unsigned int gup_flags)
{
	unsigned int first = PAGE_SIZE - offset_in_page(addr);
	unsigned long second = addr + first;
	struct folio_walk fw __uninitialized;
	enum remote_read_result result;
	struct page *next = NULL;
	struct folio *folio;

	VM_WARN_ON_ONCE(len <= first || len - first > PAGE_SIZE);

	folio = remote_folio_walk_start(&fw, vma, addr);
	if (!folio)
		return REMOTE_READ_NOT_PRESENT;

	result = remote_check_found(vma, &fw, folio, gup_flags);
	if (result == REMOTE_READ_OK)
		next = remote_next_page(vma, &fw, folio, addr, gup_flags,
					&result);
	if (next) {
		remote_touch(vma, addr, &fw, folio);
		remote_copy_bytes(remote_entry_page(&fw, folio, addr),
				  offset_in_page(addr), buf, first);
		remote_touch(vma, second, &fw, page_folio(next));
		remote_copy_bytes(next, 0, buf + first, len - first);
	}
	remote_folio_walk_end(&fw, vma);
	return result;
}

/* Does a read have more pages than remote_copy() copies? */
static bool remote_is_long(unsigned long addr, unsigned int len)
{
	return len > REMOTE_COPY_PAGES * PAGE_SIZE - offset_in_page(addr);
}

/*
 * Copy pages of several tables, or more than two pages, one after the other. If
 * a page is absent, remote_copy_absent() starts over; if the address space has
 * changed, the slow path does. Either marks each page as accessed, so none is
 * marked here before all are copied. If a read has more folios than the array,
 * it is left to remote_copy_absent(), which marks pages as it copies them.
 */
static noinline enum remote_read_result
remote_copy_pages(struct vm_area_struct *vma, unsigned long addr, void *buf,
		  unsigned int len, unsigned int gup_flags,
		  const unsigned int *seq)
{
	struct folio *folios[REMOTE_COPY_PAGES] __uninitialized;
	enum remote_read_result result = REMOTE_READ_OK;
	unsigned int nr = 0, i, bytes;

	if (remote_is_long(addr, len))
		return REMOTE_READ_NOT_PRESENT;

	for (; len; len -= bytes) {
		if (nr && !remote_copy_goes_on()) {
			result = REMOTE_READ_FATAL_SIGNAL;
			break;
		}
		bytes = min_t(unsigned int, len,
			      PAGE_SIZE - offset_in_page(addr));
		result = remote_copy_page(vma, addr, buf, bytes, gup_flags,
					  &folios[nr]);
		if (result != REMOTE_READ_OK)
			break;
		nr++;
		addr += bytes;
		buf += bytes;
	}

	if (result == REMOTE_READ_OK && seq &&
	    mmap_lock_speculate_retry(vma->vm_mm, *seq))
		result = REMOTE_READ_LEAVES_VMA;
	for (i = 0; i < nr; i++) {
		if (!folios[i])
			continue;
		if (result == REMOTE_READ_OK)
			folio_mark_accessed(folios[i]);
		folio_put(folios[i]);
	}
	return result;
}

/**
 * remote_copy - copy resident memory of one VMA
 * @vma: the VMA, read-locked; not hugetlb
 * @addr: where to read, in bytes
 * @buf: kernel memory to copy to; undefined unless all is copied
 * @len: number of bytes, not 0; all of them inside @vma
 * @gup_flags: FOLL_* flags of the read
 * @seq: NULL, or the mmap lock's sequence count, which must not have changed
 *	when all is copied
 *
 * Marks the same pages as accessed as GUP, or none if it fails. Does not fault.
 *
 * Context: Process context. May sleep, but only to be rescheduled.
 *
 * Return: REMOTE_READ_OK, or the reason why not all was copied;
 * REMOTE_READ_NOT_PRESENT also if there are too many pages for this function,
 * which remote_copy_absent() may copy.
 */
enum remote_read_result remote_copy(struct vm_area_struct *vma,
				    unsigned long addr, void *buf,
				    unsigned int len, unsigned int gup_flags,
				    const unsigned int *seq)
{
	if (!remote_copy_goes_on())
		return REMOTE_READ_FATAL_SIGNAL;
	if (unlikely(seq))
		return remote_copy_pages(vma, addr, buf, len, gup_flags, seq);
	if (likely(len <= PAGE_SIZE - offset_in_page(addr)))
		return remote_copy_page(vma, addr, buf, len, gup_flags, NULL);
	if (len <= PAGE_SIZE && remote_is_one_table(addr, len))
		return remote_copy_two_pages(vma, addr, buf, len, gup_flags);
	return remote_copy_pages(vma, addr, buf, len, gup_flags, NULL);
}

/**
 * struct remote_piece - bytes of one page
 * @addr: their address
 * @buf: kernel memory to copy to
 * @len: their number, not beyond the end of the page
 * @gup_flags: FOLL_* flags of the read
 * @may_fault: the result of remote_may_fault() for the VMA
 */
struct remote_piece {
	unsigned long addr;
	void *buf;
	unsigned int len;
	unsigned int gup_flags;
	bool may_fault;
};

/* As remote_copy_page(), for hugetlb memory. May sleep. */
static noinline enum remote_read_result
remote_copy_hugetlb_page(struct vm_area_struct *vma,
			 const struct remote_piece *piece)
{
	struct folio_walk fw __uninitialized;

	if (!remote_hugetlb_walk_start(&fw, vma, piece->addr))
		return REMOTE_READ_NOT_PRESENT;
	remote_copy_bytes(fw.page, offset_in_page(piece->addr), piece->buf,
			  piece->len);
	remote_hugetlb_walk_end(&fw, vma);
	return REMOTE_READ_OK;
}

/* Copy out of one page if it is present: a remote_look_fn. */
static enum remote_read_result remote_copy_piece(struct vm_area_struct *vma,
						 void *arg)
{
	const struct remote_piece *piece = arg;

	if (is_vm_hugetlb_page(vma))
		return remote_copy_hugetlb_page(vma, piece);
	return remote_copy_page(vma, piece->addr, piece->buf, piece->len,
				piece->gup_flags, NULL);
}

/*
 * Copy out of one page, and fault it in if it is absent. *@vmap becomes NULL if
 * the fault dropped the VMA's lock. *@failed becomes true if the fault failed.
 */
static enum remote_read_result
remote_copy_absent_page(struct vm_area_struct **vmap,
			struct remote_piece *piece, bool *failed)
{
	enum remote_read_result result;

	if (!remote_copy_goes_on())
		return REMOTE_READ_FATAL_SIGNAL;
	result = remote_copy_piece(*vmap, piece);
	if (result != REMOTE_READ_NOT_PRESENT || !piece->may_fault)
		return result;
	return remote_fault_in(vmap, piece->addr, remote_copy_piece, piece,
			       failed);
}

/**
 * remote_copy_absent - copy memory of one VMA, and fault in absent pages
 * @vmap: the VMA, read-locked; becomes NULL if that lock was dropped
 * @addr: where to read, in bytes
 * @buf: kernel memory to copy to
 * @len: number of bytes, not 0; all of them inside the VMA. Becomes
 *	shorter if a fault fails
 * @gup_flags: FOLL_* flags of the read
 *
 * For reads that remote_copy() cannot do: absent pages, many pages, and
 * hugetlb. Marks each page as accessed before it faults in the next, as GUP
 * does. If it fails after that, the slow path marks such pages a second time.
 * If the VMA does not permit faults and remote_copy() has found a page absent,
 * it returns at once, with no page marked.
 *
 * Context: Process context. May sleep in a fault.
 *
 * Return: REMOTE_READ_OK, or the reason why not all was copied.
 */
enum remote_read_result remote_copy_absent(struct vm_area_struct **vmap,
					   unsigned long addr, void *buf,
					   int *len, unsigned int gup_flags)
{
	struct remote_piece piece = {
		.addr = addr, .buf = buf, .gup_flags = gup_flags,
		.may_fault = remote_may_fault(*vmap, 0),
	};
	enum remote_read_result result;
	unsigned long end = addr + *len;
	bool failed = false;

	if (!piece.may_fault && !remote_is_long(addr, *len))
		return REMOTE_READ_NOT_PRESENT;
	do {
		piece.len = min(end - piece.addr,
				PAGE_SIZE - offset_in_page(piece.addr));
		result = remote_copy_absent_page(vmap, &piece, &failed);
		if (result != REMOTE_READ_OK)
			return result;
		if (failed)
			break;
		piece.addr += piece.len;
		piece.buf += piece.len;
	} while (piece.addr != end);

	*len = piece.addr - addr;
	return REMOTE_READ_OK;
}
