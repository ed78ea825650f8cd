// SPDX-License-Identifier: GPL-2.0
/*
 * copy_remote_vm_str(): reading a string of another process under the VMA's
 * lock. BPF programs do so, by bpf_copy_from_user_task_str().
 *
 * As access_remote_vm.c, with three differences. Pages are looked up one by one
 * until the string ends, so their number is not known beforehand. If a page
 * cannot be read, the result is -EFAULT, and the caller gets the bytes before
 * it. The slow path is part of this module: the kernel's cannot be called,
 * because the compiler inlines it into the replaced function.
 */
#include <linux/highmem.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/swap.h>

#include "remote.h"
#include "remote_walk.h"

#ifdef HAVE_COPY_REMOTE_VM_STR

/* Flags whose meaning for a read is known here. */
#define REMOTE_STR_FLAGS	FOLL_FORCE

/* Up to this many pages of a string are marked as accessed later. */
#define REMOTE_STR_PAGES	16

/**
 * struct remote_str - a string that is being read
 * @buf: destination of the next byte
 * @addr: address of the next byte, not tagged
 * @len: room at @buf; 0 when the string is complete
 */
struct remote_str {
	char *buf;
	unsigned long addr;
	unsigned int len;
};

/**
 * struct remote_str_marks - pages still to be marked as accessed
 * @nr: number of pages
 * @folios: the folio of each page, with a reference
 *
 * If the read falls back to the slow path, only the slow path may mark them.
 */
struct remote_str_marks {
	unsigned int nr;
	struct folio *folios[REMOTE_STR_PAGES];
};

static void remote_str_mark(struct remote_str_marks *marks, bool is_accessed)
{
	unsigned int i;

	for (i = 0; i < marks->nr; i++) {
		if (is_accessed)
			folio_mark_accessed(marks->folios[i]);
		folio_put(marks->folios[i]);
	}
	marks->nr = 0;
}

/*
 * Copy the part of the string in @page. strscpy() terminates each part with a
 * NUL, even where the string continues: the last byte of such a page is read a
 * second time, as in the kernel's own function.
 */
static __always_inline void remote_str_copy(struct remote_str *str,
					    struct page *page)
{
	unsigned int offset = offset_in_page(str->addr);
	unsigned int bytes = min_t(unsigned int, str->len, PAGE_SIZE - offset);
	char *maddr = kmap_local_page(page);
	ssize_t found = strscpy(str->buf, maddr + offset, bytes);

	if (found >= 0) {
		str->buf += found;
		str->len = 0;
	} else if (bytes == str->len) {
		str->buf += bytes - 1;
		str->len = 0;
	} else {
		str->buf[bytes - 1] = READ_ONCE(maddr[PAGE_SIZE - 1]);
		str->buf += bytes;
		str->addr += bytes;
		str->len -= bytes;
	}
	kunmap_local(maddr);
}

/* Mark the page at once if nothing can fail any more. */
static __always_inline void remote_str_touch(struct remote_str *str,
					     struct folio *folio,
					     struct remote_str_marks *marks)
{
	if (!str->len) {
		folio_mark_accessed(folio);
		return;
	}
	folio_get(folio);
	marks->folios[marks->nr++] = folio;
}

static noinline enum remote_read_result
remote_str_copy_hugetlb(struct vm_area_struct *vma, struct remote_str *str)
{
	struct folio_walk fw __uninitialized;

	if (!remote_hugetlb_walk_start(&fw, vma, str->addr))
		return REMOTE_READ_NOT_PRESENT;
	remote_str_copy(str, fw.page);
	remote_hugetlb_walk_end(&fw, vma);
	return REMOTE_READ_OK;
}

/* Copy the part in the page at @str->addr, if that page is present. */
static enum remote_read_result
remote_str_copy_page(struct vm_area_struct *vma, struct remote_str *str,
		     unsigned int gup_flags, struct remote_str_marks *marks)
{
	unsigned long addr = str->addr;
	struct folio_walk fw __uninitialized;
	enum remote_read_result result;
	struct folio *folio;

	if (is_vm_hugetlb_page(vma))
		return remote_str_copy_hugetlb(vma, str);
	if (marks->nr == REMOTE_STR_PAGES)
		remote_str_mark(marks, true);

	folio = remote_folio_walk_start(&fw, vma, addr);
	if (!folio)
		return REMOTE_READ_NOT_PRESENT;
	result = remote_check_entry(vma, &fw, gup_flags);
	if (result == REMOTE_READ_OK && is_pci_p2pdma_page(&folio->page))
		result = REMOTE_READ_SPECIAL;
	if (result == REMOTE_READ_OK) {
		remote_str_copy(str, remote_entry_page(&fw, folio, addr));
		if (fw.level == FW_LEVEL_PTE)
			remote_str_touch(str, folio, marks);
		else
			remote_touch_pmd(vma, addr, &fw);
	}
	remote_folio_walk_end(&fw, vma);
	return result;
}

/* struct remote_str_look - the arguments of remote_str_copy_page() */
struct remote_str_look {
	struct remote_str *str;
	unsigned int gup_flags;
	struct remote_str_marks *marks;
};

static enum remote_read_result remote_str_look(struct vm_area_struct *vma,
					       void *arg)
{
	const struct remote_str_look *look = arg;

	return remote_str_copy_page(vma, look->str, look->gup_flags,
				    look->marks);
}

/*
 * Fault in an absent page and copy the part in it. *@vmap becomes NULL if the
 * fault dropped the VMA's lock. *@failed becomes true if the fault failed.
 */
static noinline enum remote_read_result
remote_str_fault_page(struct vm_area_struct **vmap, struct remote_str *str,
		      unsigned int gup_flags, struct remote_str_marks *marks,
		      bool *failed)
{
	struct remote_str_look look = { str, gup_flags, marks };

	if (!remote_may_fault(*vmap, 0))
		return REMOTE_READ_NOT_PRESENT;
	/* GUP marks each page before it faults in the next. */
	remote_str_mark(marks, true);
	return remote_fault_in(vmap, str->addr, remote_str_look, &look, failed);
}

/*
 * Does a string that continues beyond the end of the VMA run into a hole? Then
 * the read ends with -EFAULT. Bytes and hole are of one moment if no writer was
 * active since @seq. If another VMA follows, the slow path reads the string.
 */
static bool remote_str_ends_in_hole(struct vm_area_struct *vma,
				    const unsigned int *seq)
{
	struct mm_struct *mm = vma->vm_mm;

	return seq && !(vma->vm_flags & VM_GROWSUP) &&
	       remote_is_hole(mm, vma->vm_end) &&
	       !mmap_lock_speculate_retry(mm, *seq);
}

/* Read a string under the lock of the VMA that it begins in. Drops the lock. */
static enum remote_read_result
remote_str_read_vma(struct vm_area_struct *vma, struct remote_str *str,
		    unsigned int gup_flags, const unsigned int *seq,
		    bool *failed)
{
	struct remote_str_marks marks __uninitialized;
	enum remote_read_result result;

	/* copy_remote_vm_str() never calls ->access(). */
	if (remote_check_any_vma(vma, gup_flags) != REMOTE_READ_OK) {
		vma_end_read(vma);
		*failed = true;
		return REMOTE_READ_OK;
	}

	marks.nr = 0;
	do {
		if (str->addr == vma->vm_end) {
			*failed = remote_str_ends_in_hole(vma, seq);
			result = *failed ? REMOTE_READ_OK :
					   REMOTE_READ_LEAVES_VMA;
			break;
		}
		if (fatal_signal_pending(current)) {
			result = REMOTE_READ_FATAL_SIGNAL;
			break;
		}
		cond_resched();
		result = remote_str_copy_page(vma, str, gup_flags, &marks);
		if (result == REMOTE_READ_NOT_PRESENT)
			result = remote_str_fault_page(&vma, str, gup_flags,
						       &marks, failed);
	} while (result == REMOTE_READ_OK && !*failed && str->len);

	remote_str_mark(&marks, result == REMOTE_READ_OK);
	if (vma)
		vma_end_read(vma);
	return result;
}

/* Read without the mmap lock. Returns REMOTE_READ_OK, or why that failed. */
static enum remote_read_result
remote_str_read(struct mm_struct *mm, struct remote_str *str,
		unsigned int gup_flags, bool *failed)
{
	struct vm_area_struct *vma;
	unsigned int seq;
	bool is_quiet;

	if (gup_flags & ~REMOTE_STR_FLAGS)
		return REMOTE_READ_NOT_PERMITTED;

	is_quiet = mmap_lock_speculate_try_begin(mm, &seq);
	str->addr = remote_untag(mm, str->addr);
	vma = lock_vma_under_rcu(mm, str->addr);
	if (vma)
		return remote_str_read_vma(vma, str, gup_flags,
					   is_quiet ? &seq : NULL, failed);

	if (!is_quiet || !remote_is_hole(mm, str->addr) ||
	    mmap_lock_speculate_retry(mm, seq))
		return REMOTE_READ_NO_VMA;
	*failed = true;
	return REMOTE_READ_OK;
}

/* The slow path, as the kernel's own __copy_remote_vm_str(). */
static noinline void remote_read_str_slow(struct mm_struct *mm,
					  struct remote_str *str,
					  unsigned int gup_flags, bool *failed)
{
	*failed = true;
	if (mmap_read_lock_killable(mm))
		return;
	str->addr = untagged_addr_remote(mm, str->addr);
	/* GUP warns about an address just below a stack. */
	*failed = !vma_lookup(mm, str->addr);
	while (!*failed && str->len) {
		struct vm_area_struct *vma;
		struct page *page;

		page = get_user_page_vma_remote(mm, str->addr, gup_flags, &vma);
		*failed = IS_ERR(page);
		if (!*failed) {
			remote_str_copy(str, page);
			put_page(page);
		}
	}
	mmap_read_unlock(mm);
}

/**
 * remote_read_str - read a string of another address space
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: address to read from, possibly tagged
 * @buf: kernel memory to read into
 * @len: its size, not 0
 * @gup_flags: FOLL_* flags, as for copy_remote_vm_str()
 * @why: if not NULL: gets the result of the attempt without the mmap lock
 *
 * @buf always gets a NUL after the bytes that were read, even if the string
 * cannot be read to its end. The bytes after that NUL are undefined.
 *
 * Context: Process context. May sleep. Takes a VMA's read lock. If the string
 * cannot be read under it, takes the mmap lock and starts over.
 *
 * Return: the length of the string, or -EFAULT.
 */
int remote_read_str(struct mm_struct *mm, unsigned long addr, void *buf,
		    int len, unsigned int gup_flags,
		    enum remote_read_result *why)
{
	struct remote_str str = { .buf = buf, .addr = addr, .len = len };
	enum remote_read_result result;
	bool failed = false;

	result = remote_str_read(mm, &str, gup_flags, &failed);
	remote_count(result);
	if (why)
		*why = result;
	if (result != REMOTE_READ_OK) {
		str = (struct remote_str){ buf, addr, len };
		*(char *)buf = '\0';
		remote_read_str_slow(mm, &str, gup_flags, &failed);
	}
	if (failed) {
		*str.buf = '\0';
		return -EFAULT;
	}
	return str.buf - (char *)buf;
}

#endif /* HAVE_COPY_REMOTE_VM_STR */
