/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_LINUX_6_12_H
#define _COMPAT_LINUX_6_12_H

#include <linux/mm.h>
#include <linux/sched/coredump.h>
#include <linux/seqlock.h>

/* Linked by a livepatch relocation, as those in compat.h. */
void touch_pmd(struct vm_area_struct *vma, unsigned long addr, pmd_t *pmd,
	       bool write);

/* Later kernels have these two functions, on the same counter. */
static inline bool mmap_lock_speculate_try_begin(struct mm_struct *mm,
						 unsigned int *seq)
{
	*seq = raw_read_seqcount(&mm->mm_lock_seq);
	return !(*seq & 1);
}

static inline bool mmap_lock_speculate_retry(struct mm_struct *mm,
					     unsigned int seq)
{
	return read_seqcount_retry(&mm->mm_lock_seq, seq);
}

/*
 * Copy out of a page with the same accesses as __access_remote_vm(), because
 * their width is visible if the memory is being written to. There the compiler
 * knows that @len is at most PAGE_SIZE, and copies inline, whole words by rep
 * movsq. min_t() tells it so here, but is not enough: gcc 14 drops min_t() where
 * the caller has checked @len, and then calls memcpy(), which copies bytes with
 * FSRM. The option in Kbuild makes it copy inline whatever it knows.
 */
static __always_inline void remote_memcpy(void *to, const void *from,
					  unsigned int len)
{
	memcpy(to, from, min_t(unsigned int, len, PAGE_SIZE));
}

/* Some updates of 6.12 define this. */
#ifndef folio_has_pincount
#define folio_has_pincount(folio)	folio_test_large(folio)
#endif

/* Tell fork() that there may be pins, as GUP does. Never cleared. */
static inline void remote_set_has_pinned(struct mm_struct *mm)
{
	if (!test_bit(MMF_HAS_PINNED, &mm->flags))
		set_bit(MMF_HAS_PINNED, &mm->flags);
}

#endif /* _COMPAT_LINUX_6_12_H */
