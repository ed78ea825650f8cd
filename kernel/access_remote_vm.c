// SPDX-License-Identifier: GPL-2.0
/*
 * access_remote_vm(): reading another process's memory under the VMA's lock.
 *
 * Stock holds the mmap lock of the other address space for the whole transfer.
 * Here the VMA is found under RCU and read-locked instead, as in a page fault;
 * an absent page is faulted in under the same lock. If that does not yield the
 * slow path's result for certain, the read takes the slow path, which can grow
 * stacks and wait for a writer.
 *
 * One VMA lock covers a whole transfer. Continuing in the next VMA under the
 * next lock could show an address space that never existed.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>

#include "remote.h"

/* Flags whose meaning for a read is known here. */
#define REMOTE_READ_FLAGS	(FOLL_FORCE | FOLL_ANON)

/*
 * Does a read that crosses the end of @vma end there, because a hole follows?
 * The slow path returns the bytes before the hole: *@len becomes their number.
 * **@seq becomes the mmap lock's sequence count. The caller compares it after
 * the copy, or the bytes could be newer than the hole.
 *
 * cmdline and environ (FOLL_ANON) read titles across the end of the stack, a
 * page at a time. They must not wait for a writer, so they accept a hole seen
 * while a writer is active, and any change after that: *@seq becomes NULL. See
 * "Titles" in docs/locking.md.
 */
static bool remote_read_ends(struct vm_area_struct *vma, unsigned long addr,
			     int *len, unsigned int gup_flags,
			     unsigned int **seq)
{
	bool is_title = (vma->vm_flags & VM_GROWSDOWN) &&
			(gup_flags & FOLL_ANON);
	struct mm_struct *mm = vma->vm_mm;

	if (vma->vm_flags & VM_GROWSUP)
		return false;
	if (!mmap_lock_speculate_try_begin(mm, *seq) ||
	    !remote_is_hole(mm, vma->vm_end) ||
	    (is_title && mmap_lock_speculate_retry(mm, **seq))) {
		if (!is_title ||
		    !remote_is_hole_under_writer(mm, vma->vm_end))
			return false;
	}
	if (is_title)
		*seq = NULL;
	*len = vma->vm_end - addr;
	return true;
}

/* Read the bytes before a hole. On failure *@len is unchanged. */
static noinline enum remote_read_result
remote_read_short(struct vm_area_struct *vma, unsigned long addr, void *buf,
		  int *len, unsigned int gup_flags)
{
	unsigned int value, *seq = &value;
	enum remote_read_result result;
	int wanted = *len;

	if (!remote_read_ends(vma, addr, len, gup_flags, &seq))
		return REMOTE_READ_LEAVES_VMA;
	result = remote_copy(vma, addr, buf, *len, gup_flags, seq);
	if (result != REMOTE_READ_OK)
		*len = wanted;
	return result;
}

/*
 * Read under the VMA's lock. *@len becomes shorter where the slow path's result
 * would be shorter, too.
 */
static __always_inline enum remote_read_result
remote_read_vma(struct vm_area_struct *vma, unsigned long addr, void *buf,
		int *len, unsigned int gup_flags)
{
	enum remote_read_result result = remote_check_vma(vma, gup_flags);

	if (result != REMOTE_READ_OK)
		return result;
	if (*len > vma->vm_end - addr)
		return remote_read_short(vma, addr, buf, len, gup_flags);
	return remote_copy(vma, addr, buf, *len, gup_flags, NULL);
}

/*
 * As remote_read_vma(), for absent memory, for more pages than
 * remote_read_vma() reads, and for hugetlb. Drops the VMA's lock.
 */
static enum remote_read_result
remote_read_absent(struct vm_area_struct *vma, unsigned long addr, void *buf,
		   int *len, unsigned int gup_flags)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned int value, *seq = NULL;
	enum remote_read_result result;
	int wanted;

	if (*len > vma->vm_end - addr) {
		seq = &value;
		if (!remote_read_ends(vma, addr, len, gup_flags, &seq)) {
			vma_end_read(vma);
			return REMOTE_READ_LEAVES_VMA;
		}
	}
	wanted = *len;
	result = remote_copy_absent(&vma, addr, buf, len, gup_flags);
	if (result == REMOTE_READ_OK && *len == wanted && seq &&
	    mmap_lock_speculate_retry(mm, *seq))
		result = REMOTE_READ_LEAVES_VMA;
	if (vma)
		vma_end_read(vma);
	return result;
}

static bool remote_has_access(const struct vm_area_struct *vma)
{
	return vma->vm_ops && vma->vm_ops->access;
}

/*
 * Retry after remote_read_vma() failed with @result. Drops the VMA's lock.
 *
 * If GUP refuses the VMA and it has no ->access(), the slow path would read
 * nothing: return that result.
 */
static noinline enum remote_read_result
remote_read_again(struct vm_area_struct *vma, unsigned long addr, void *buf,
		  int *len, unsigned int gup_flags,
		  enum remote_read_result result)
{
	if (remote_check_any_vma(vma, gup_flags) != REMOTE_READ_OK) {
		if (!remote_has_access(vma)) {
			*len = 0;
			result = REMOTE_READ_OK;
		}
	} else if (result == REMOTE_READ_NOT_PRESENT ||
		   is_vm_hugetlb_page(vma)) {
		return remote_read_absent(vma, addr, buf, len, gup_flags);
	}
	vma_end_read(vma);
	return result;
}

/* No VMA was locked. If none is mapped there, the slow path reads nothing. */
static noinline enum remote_read_result
remote_read_hole(struct mm_struct *mm, unsigned long addr, int *len)
{
	unsigned int seq;

	if (!mmap_lock_speculate_try_begin(mm, &seq) ||
	    !remote_is_hole(mm, addr) || mmap_lock_speculate_retry(mm, seq))
		return REMOTE_READ_NO_VMA;
	*len = 0;
	return REMOTE_READ_OK;
}

/* *@len becomes the number of bytes that the slow path would have read. */
static __always_inline enum remote_read_result
__remote_read(struct mm_struct *mm, unsigned long addr, void *buf, int *len,
	      unsigned int gup_flags)
{
	enum remote_read_result result;
	struct vm_area_struct *vma;

	addr = remote_untag(mm, addr);
	vma = lock_vma_under_rcu(mm, addr);
	if (unlikely(!vma))
		return remote_read_hole(mm, addr, len);
	result = remote_read_vma(vma, addr, buf, len, gup_flags);
	if (unlikely(result != REMOTE_READ_OK))
		return remote_read_again(vma, addr, buf, len, gup_flags,
					 result);
	vma_end_read(vma);
	return REMOTE_READ_OK;
}

/**
 * struct remote_request - a read that failed under the VMA's lock
 * @task: the reader
 * @nr_switches: the reader's context switches at that time
 * @mm: the address space
 * @addr: the address
 * @len: number of bytes
 * @result: why it failed
 *
 * The slow path of mem_read() issues the same read again, on the same CPU
 * unless the reader is switched out, which invalidates the record.
 */
struct remote_request {
	const struct task_struct *task;
	unsigned long nr_switches;
	const struct mm_struct *mm;
	unsigned long addr;
	int len;
	enum remote_read_result result;
};

static DEFINE_PER_CPU(struct remote_request, remote_tried);

static unsigned long remote_nr_switches(void)
{
	return current->nvcsw + current->nivcsw;
}

static noinline void remote_note_tried(const struct mm_struct *mm,
				       unsigned long addr, int len,
				       enum remote_read_result result)
{
	struct remote_request *tried = get_cpu_ptr(&remote_tried);

	*tried = (struct remote_request){
		.task = current, .nr_switches = remote_nr_switches(),
		.mm = mm, .addr = addr, .len = len, .result = result,
	};
	put_cpu_ptr(&remote_tried);
}

/* Return the record's result if it is of this read, else REMOTE_READ_OK. */
static noinline enum remote_read_result
remote_take_tried(const struct mm_struct *mm, unsigned long addr, int len)
{
	struct remote_request *tried = get_cpu_ptr(&remote_tried);
	enum remote_read_result result = REMOTE_READ_OK;

	if (tried->task == current &&
	    tried->nr_switches == remote_nr_switches() && tried->mm == mm &&
	    tried->addr == addr && tried->len == len) {
		result = tried->result;
		tried->task = NULL;
	}
	put_cpu_ptr(&remote_tried);
	return result;
}

/* If remote_try_read() has just failed on the same read, return its result. */
static __always_inline enum remote_read_result
remote_was_tried(const struct mm_struct *mm, unsigned long addr, int len)
{
	if (likely(this_cpu_read(remote_tried.task) != current))
		return REMOTE_READ_OK;
	return remote_take_tried(mm, addr, len);
}

/**
 * remote_read - read another address space without its mmap lock
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: address to read from, possibly tagged
 * @buf: kernel memory to read into; undefined beyond the bytes read
 * @len: number of bytes
 * @gup_flags: FOLL_* flags, as for access_remote_vm()
 * @why: if not NULL: gets the result
 *
 * Context: Process context. Takes a VMA's read lock; never waits for the mmap
 * lock. May sleep in a fault of the memory that is read.
 *
 * Return: the number of bytes that the slow path would have read (except for
 * titles, see remote_read_ends()); or -EAGAIN if the slow path must be taken,
 * from the first byte on.
 */
int remote_read(struct mm_struct *mm, unsigned long addr, void *buf, int len,
		unsigned int gup_flags, enum remote_read_result *why)
{
	enum remote_read_result result;

	if (gup_flags & FOLL_WRITE)
		result = REMOTE_READ_WRITE;
	else if ((gup_flags & ~REMOTE_READ_FLAGS) || len <= 0)
		result = REMOTE_READ_NOT_PERMITTED;
	else
		result = remote_was_tried(mm, addr, len);
	if (likely(result == REMOTE_READ_OK))
		result = __remote_read(mm, addr, buf, &len, gup_flags);
	remote_count(result);
	if (why)
		*why = result;
	return result == REMOTE_READ_OK ? len : -EAGAIN;
}

/**
 * remote_try_read - remote_read() for a caller whose slow path calls it again
 * @mm: the address space; the caller holds a reference (mm_users)
 * @addr: address to read from, possibly tagged
 * @buf: kernel memory to read into
 * @len: number of bytes, not 0; becomes the number of bytes read
 * @gup_flags: FOLL_FORCE or 0
 *
 * Counts only reads that succeed. After a failure the slow path calls
 * access_remote_vm() for the same read. There remote_read() counts the read and
 * does not retry, because a retry would fault and mark pages a second time.
 *
 * Context: As remote_read().
 *
 * Return: REMOTE_READ_OK; or the reason why the slow path must be taken, from
 * the first byte on.
 */
enum remote_read_result remote_try_read(struct mm_struct *mm,
					unsigned long addr, void *buf, int *len,
					unsigned int gup_flags)
{
	enum remote_read_result result;
	int wanted = *len;

	result = __remote_read(mm, addr, buf, len, gup_flags);
	if (likely(result == REMOTE_READ_OK))
		remote_count(REMOTE_READ_OK);
	else
		remote_note_tried(mm, addr, wanted, result);
	return result;
}
