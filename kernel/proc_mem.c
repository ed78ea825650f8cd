// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/mem: reads without a bounce page.
 *
 * Stock's mem_rw() reads chunks of PAGE_SIZE bytes from the file's position on:
 * access_remote_vm() reads a chunk into a page of kernel memory, and
 * copy_to_user() copies it to the reader with no lock held. Here the chunk of a
 * short read is on the stack. A chunk of a long read is copied straight to the
 * reader's memory with page faults disabled, under the VMA's lock and the lock
 * of the page-table entries. The reader could notice the difference
 *
 * - if source and destination are the same memory. Therefore the address spaces
 *   must differ, and one side must be private anonymous memory, of which a
 *   writable page has no other mapping.
 * - by the width of accesses. A copy of bytes, as copy_to_user() may be, could
 *   read words in parts that stock reads in one access; so could a copy between
 *   differently aligned addresses. Therefore words are copied, both addresses
 *   must be aligned to words, and a chunk of another length takes a page.
 * - if the reader's memory is not present. Faulting it in may take long, and
 *   stock reads the bytes before that. Therefore the chunk is read again, into
 *   a page, and copied from there.
 *
 * A read that cannot be served as a whole ends in a tail call to mem_rw(): a
 * reader that waits there for the mmap lock does not delay the disable
 * transition.
 */
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/instrumented.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "compat/proc-inode.h"
#include "compat/proc-mem.h"
#include "compat/uaccess.h"
#include "remote.h"
#include "remote_walk.h"

/* The longest read that is buffered on the stack. */
#define MEM_SHORT	256

/* Chunks that are copied under one hold of the VMA's lock. */
#define MEM_BATCH	16

/**
 * struct mem_read - progress of a read
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: the address, possibly tagged, which is the file's position
 * @buf: the reader's memory
 * @count: bytes still to be read
 * @copied: bytes read so far
 * @gup_flags: FOLL_FORCE or 0
 */
struct mem_read {
	struct mm_struct *mm;
	unsigned long addr;
	char __user *buf;
	size_t count;
	ssize_t copied;
	unsigned int gup_flags;
};

/**
 * struct mem_vmas - VMAs that are read-locked while chunks are copied
 * @from: the VMA that is read
 * @to: the VMA of the reader's memory, or NULL if it need not be locked
 */
struct mem_vmas {
	struct vm_area_struct *from;
	struct vm_area_struct *to;
};

static void mem_advance(struct mem_read *mr, unsigned int len)
{
	mr->addr += len;
	mr->buf += len;
	mr->count -= len;
	mr->copied += len;
}

/* Read one chunk through @bytes, as stock does. May fault and sleep. */
static int mem_read_chunk(struct mem_read *mr, void *bytes)
{
	int len = min(mr->count, PAGE_SIZE);

	switch (remote_try_read(mr->mm, mr->addr, bytes, &len, mr->gup_flags)) {
	case REMOTE_READ_OK:
		break;
	case REMOTE_READ_FATAL_SIGNAL:
		remote_count(REMOTE_READ_FATAL_SIGNAL);
		len = 0;
		break;
	default:
		return -EAGAIN;
	}
	if (!len) {
		mr->count = 0;
		return mr->copied ? 0 : -EIO;
	}
	/* raw_copy_to_user() skips check_object_size(): @len is in bounds. */
	might_fault();
	instrument_copy_to_user(mr->buf, bytes, len);
	if (raw_copy_to_user(mr->buf, bytes, len))
		return -EFAULT;
	mem_advance(mr, len);
	return 0;
}

static noinline int mem_read_short(struct mem_read *mr)
{
	char bytes[MEM_SHORT] __uninitialized;
	int err;

	do
		err = mem_read_chunk(mr, bytes);
	while (unlikely(mr->count) && !err);
	return err;
}

/* Copy whole words to the reader's memory, if it is present. */
static __always_inline bool mem_copy_out(char __user *buf, struct page *page,
					 unsigned int offset, unsigned int len)
{
	void *maddr = kmap_local_page(page);
	unsigned long left;

	instrument_copy_to_user(buf, maddr + offset, len);
	pagefault_disable();
	left = copy_words_to_user(buf, maddr + offset, len);
	pagefault_enable();
	kunmap_local(maddr);
	return !left;
}

/*
 * Copy a chunk of one or two pages, and mark them as accessed if all of it is
 * copied. Both are looked up before the first is copied, see remote_copy.c.
 * Returns 0; -EAGAIN if a page must be faulted in or is in another table; or
 * -EFAULT if the reader's memory must be faulted in.
 */
static int mem_copy_chunk(struct vm_area_struct *vma, unsigned long addr,
			  char __user *buf, unsigned int len,
			  unsigned int gup_flags)
{
	unsigned int first = min(len, PAGE_SIZE - offset_in_page(addr));
	struct folio_walk fw __uninitialized;
	enum remote_read_result result;
	struct page *next = NULL;
	struct folio *folio;
	int err = -EAGAIN;

	if (unlikely(!remote_is_one_table(addr, len)))
		return -EAGAIN;
	folio = remote_folio_walk_start(&fw, vma, addr);
	if (!folio)
		return -EAGAIN;

	result = remote_check_found(vma, &fw, folio, gup_flags);
	if (result == REMOTE_READ_OK && first != len)
		next = remote_next_page(vma, &fw, folio, addr, gup_flags,
					&result);
	if (result != REMOTE_READ_OK)
		goto out;

	err = -EFAULT;
	if (!mem_copy_out(buf, remote_entry_page(&fw, folio, addr),
			  offset_in_page(addr), first))
		goto out;
	if (next && !mem_copy_out(buf + first, next, 0, len - first))
		goto out;
	remote_touch(vma, addr, &fw, folio);
	if (next)
		remote_touch(vma, addr + first, &fw, page_folio(next));
	err = 0;
out:
	remote_folio_walk_end(&fw, vma);
	return err;
}

static bool mem_is_words(unsigned long bytes)
{
	return IS_ALIGNED(bytes, sizeof(long));
}

/*
 * Copy chunks of a locked VMA, up to the first that fails. Returns the number
 * of chunks to read through a page: one; or the rest of the batch if the
 * reader's memory is not present, because more of it is likely to be absent.
 */
static unsigned int mem_copy_chunks(struct mem_read *mr,
				    struct vm_area_struct *vma)
{
	unsigned int left;

	for (left = MEM_BATCH; left && mr->count; left--) {
		unsigned int len = min(mr->count, PAGE_SIZE);
		int err = -EAGAIN;

		if (mem_is_words(len) && !fatal_signal_pending(current)) {
			cond_resched();
			err = mem_copy_chunk(vma, remote_untag(mr->mm, mr->addr),
					     mr->buf, len, mr->gup_flags);
		}
		if (unlikely(err))
			return err == -EFAULT ? left : 1;
		remote_count(REMOTE_READ_OK);
		mem_advance(mr, len);
	}
	return 0;
}

static void mem_unlock(struct mem_vmas *vmas)
{
	if (vmas->to)
		vma_end_read(vmas->to);
	vma_end_read(vmas->from);
}

static bool mem_is_inside(const struct vm_area_struct *vma, unsigned long addr,
			  size_t count)
{
	return count <= vma->vm_end - addr;
}

/* Is this private anonymous memory, of which writable pages are mapped once? */
static bool mem_is_private(struct vm_area_struct *vma)
{
	/* A driver may have mapped pages or PFNs of any origin. */
	return vma_is_anonymous(vma) &&
	       !(vma->vm_flags & (VM_MIXEDMAP | VM_PFNMAP | VM_IO));
}

/* Lock the VMA of the reader's memory, if it is private. */
static struct vm_area_struct *mem_lock_to(const struct mem_read *mr)
{
	struct mm_struct *mm = current->mm;
	unsigned long addr = remote_untag(mm, (unsigned long)mr->buf);
	struct vm_area_struct *vma = lock_vma_under_rcu(mm, addr);

	if (!vma || (mem_is_private(vma) &&
		     mem_is_inside(vma, addr, mr->count)))
		return vma;
	vma_end_read(vma);
	return NULL;
}

/* Lock the VMA if it spans the rest of the read and may be copied directly. */
static bool mem_lock(const struct mem_read *mr, struct mem_vmas *vmas)
{
	unsigned long addr = remote_untag(mr->mm, mr->addr);
	struct vm_area_struct *from = lock_vma_under_rcu(mr->mm, addr);

	if (!from)
		return false;
	vmas->from = from;
	vmas->to = NULL;
	if (mem_is_inside(from, addr, mr->count) &&
	    remote_check_vma(from, mr->gup_flags) == REMOTE_READ_OK) {
		if (mem_is_private(from))
			return true;
		vmas->to = mem_lock_to(mr);
		if (vmas->to)
			return true;
	}
	vma_end_read(from);
	return false;
}

/*
 * Can absent pages of the VMA be handled without mem_rw(), unless they belong
 * to a device or are reclaimed again and again? Falling back would mark the
 * pages read so far a second time.
 */
static bool mem_may_miss(struct vm_area_struct *vma)
{
	if (vma_is_anonymous(vma) && !vma->anon_vma)
		return false;
	return remote_may_fault(vma, 0);
}

/* Read up to @nr chunks through *@page, which is allocated at first use. */
static int mem_read_chunks(struct mem_read *mr, void **page, unsigned int nr)
{
	int err = 0;

	if (unlikely(nr && !*page)) {
		*page = (void *)__get_free_page(GFP_KERNEL);
		if (!*page)
			return -EAGAIN;
	}
	for (; nr && mr->count && !err; nr--)
		err = mem_read_chunk(mr, *page);
	return err;
}

static noinline int mem_read_long(struct mem_read *mr)
{
	struct mem_vmas vmas __uninitialized;
	void *page = NULL;
	bool is_locked;
	int err;

	if (mr->mm == current->mm || !mem_is_words(mr->addr) ||
	    !mem_is_words((unsigned long)mr->buf))
		return -EAGAIN;
	is_locked = mem_lock(mr, &vmas);
	if (!is_locked)
		return -EAGAIN;
	if (!mem_may_miss(vmas.from)) {
		mem_unlock(&vmas);
		return -EAGAIN;
	}
	do {
		unsigned int nr = 1;

		if (likely(is_locked)) {
			nr = mem_copy_chunks(mr, vmas.from);
			mem_unlock(&vmas);
		}
		err = mem_read_chunks(mr, &page, nr);
		is_locked = mr->count && !err && mem_lock(mr, &vmas);
	} while (mr->count && !err);
	free_page((unsigned long)page);
	return err;
}

/* FOLL_FORCE as in fs/proc, decided once per read. */
static bool mem_is_forced(const struct file *file, const struct mm_struct *mm)
{
	struct task_struct *task;
	bool is_tracer;

	if (likely(proc_mem_force_override != PROC_MEM_FORCE_PTRACE))
		return proc_mem_force_override != PROC_MEM_FORCE_NEVER;

	rcu_read_lock();
	task = pid_task(proc_inode_pid(file_inode(file)), PIDTYPE_PID);
	is_tracer = task && READ_ONCE(task->ptrace) &&
		    READ_ONCE(task->mm) == mm &&
		    READ_ONCE(task->parent) == current;
	rcu_read_unlock();
	return is_tracer;
}

/**
 * remote_mem_read - read from /proc/PID/mem
 * @file: the open file; its private_data is the address space, with a reference
 *	(mm_count), or NULL
 * @buf: the reader's memory
 * @count: its size
 * @ppos: the file's position, which is the address; advanced by the bytes read
 *
 * Context: Process context, no locks held. May sleep and fault, both in the
 * reader's memory and in the other address space. Never waits for its mmap
 * lock.
 *
 * Return: as mem_rw(); or -EAGAIN, and then mem_rw() must do the whole read.
 */
ssize_t remote_mem_read(const struct file *file, char __user *buf, size_t count,
			loff_t *ppos)
{
	struct mem_read mr = {
		.mm = file->private_data,
		.addr = *ppos,
		.buf = buf,
		.count = count,
	};
	int err;

	if (!mr.mm || !count || !access_ok(buf, count) || !mmget_not_zero(mr.mm))
		return -EAGAIN;
	if (mem_is_forced(file, mr.mm))
		mr.gup_flags = FOLL_FORCE;
	if (count <= MEM_SHORT)
		err = mem_read_short(&mr);
	else
		err = mem_read_long(&mr);
	mmput(mr.mm);
	if (unlikely(err == -EAGAIN))
		return -EAGAIN;
	*ppos = mr.addr;
	return err ? err : mr.copied;
}
