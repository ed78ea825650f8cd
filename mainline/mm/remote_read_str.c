// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a string of another process under the VMA's read lock. As in
 * remote_read.c, one VMA's lock covers all of it, and what is not plainly fine
 * is left to the slow path from the first byte on.
 */
#include <linux/cacheflush.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "internal.h"
#include "remote_read.h"
#include "remote_read_str.h"
#include "remote_stats.h"
#include "remote_untag.h"
#include "remote_walk.h"

/* Pages that a string may be in. */
#define REMOTE_READ_STR_PAGES	16

/*
 * Copy the last @len bytes of what was found, which lie in one page and are at
 * @addr, up to the end of the string. Returns the number of characters; @len
 * means that the string goes on.
 */
static int remote_read_str_copy(const struct remote_batch *batch,
				struct vm_area_struct *vma, unsigned long addr,
				char *buf, int len)
{
	const struct remote_run *run = &batch->runs[batch->nr - 1];
	unsigned long offset = run->offset + run->len - len;
	struct page *page = folio_page(run->folio, offset >> PAGE_SHIFT);
	char *maddr;
	int nr;

	maddr = kmap_local_page(page);
	nr = strnlen(maddr + offset_in_page(offset), len);
	copy_from_user_page(vma, page, addr, buf,
			    maddr + offset_in_page(offset), nr);
	kunmap_local(maddr);

	/* It may have become shorter while it was copied. */
	return strnlen(buf, nr);
}

/*
 * Page by page, as only those that hold the string may be looked at and marked
 * accessed. Sets *@copied to the number of characters.
 */
static enum remote_read_event
remote_read_str_batch(struct remote_batch *batch, struct vm_area_struct *vma,
		      unsigned long addr, char *buf, int len, int *copied)
{
	int done = 0, nr, bytes;

	while (done < len) {
		if (addr == vma->vm_end)
			return REMOTE_READ_LEAVES_VMA;
		if (fatal_signal_pending(current))
			return REMOTE_READ_FATAL_SIGNAL;
		cond_resched();

		bytes = min_t(unsigned long, len - done,
			      PAGE_SIZE - offset_in_page(addr));
		if (remote_batch_fill(batch, vma, addr, addr + bytes) !=
		    addr + bytes)
			return batch->miss;
		nr = remote_read_str_copy(batch, vma, addr, buf + done, bytes);
		done += nr;
		addr += nr;
		if (nr < bytes)
			break;
	}
	remote_batch_mark(batch);

	/* A string that is too long loses its last character. */
	*copied = min(done, len - 1);
	buf[*copied] = '\0';
	return REMOTE_READ_FAST;
}

static enum remote_read_event
remote_read_str_vma(struct vm_area_struct *vma, unsigned long addr, char *buf,
		    int len, unsigned int gup_flags, int *copied)
{
	enum remote_read_event event = remote_read_check_vma(vma, gup_flags);
	struct remote_run runs[REMOTE_READ_STR_PAGES] __uninitialized;
	struct remote_batch batch;

	if (event != REMOTE_READ_FAST)
		return event;
	remote_batch_init(&batch, runs, ARRAY_SIZE(runs), gup_flags, false);
	event = remote_read_str_batch(&batch, vma, addr, buf, len, copied);
	remote_batch_put(&batch);
	return event;
}

/**
 * remote_read_str - read a string of another address space without its mmap lock
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: address to read from, possibly tagged
 * @buf: kernel memory to read into; its content is undefined on an error
 * @len: size of @buf, greater than 0
 * @gup_flags: FOLL_* flags, as for copy_remote_vm_str()
 *
 * Context: Process context. Takes a VMA's read lock, never the mmap lock; does
 * not fault; may sleep only to be rescheduled.
 *
 * Return: the number of characters in @buf, which ends with a NUL byte in any
 * case; or -EAGAIN, and then the slow path must be taken.
 */
int remote_read_str(struct mm_struct *mm, unsigned long addr, void *buf,
		    int len, unsigned int gup_flags)
{
	enum remote_read_event event = REMOTE_READ_NOT_PERMITTED;
	struct vm_area_struct *vma;
	int copied = -EAGAIN;

	if (gup_flags & ~(FOLL_FORCE | FOLL_ANON))
		goto out;

	addr = remote_untag(mm, addr);
	vma = lock_vma_under_rcu(mm, addr);
	if (!vma) {
		event = REMOTE_READ_NO_VMA;
		goto out;
	}
	event = remote_read_str_vma(vma, addr, buf, len, gup_flags, &copied);
	vma_end_read(vma);
out:
	remote_read_count(event);
	return copied;
}
