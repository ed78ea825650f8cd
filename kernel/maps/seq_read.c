// SPDX-License-Identifier: GPL-2.0
/*
 * read(2) of /proc/PID/maps and smaps, and of numa_maps on 6.12. Stock 6.12
 * holds the mmap lock from the first line to the last. Stock 7.3 read-locks
 * each VMA, but queues for the mmap lock if a writer waits for that VMA.
 *
 * ->start() of these seq_files takes a lock that ->stop() drops. Livepatch may
 * switch a task between two functions, unless a replaced function is on the
 * task's stack. If ->start() and ->stop() were replaced, a task could take one
 * lock and drop the other. Therefore seq_read() is replaced, which is on the
 * stack during both. For these files the replacement does the work of
 * seq_read_iter(): it calls the kernel's own ->show() for each VMA, under the
 * lock of that VMA. It leaves the seq_file in the same state between two reads,
 * so either version can serve the next read.
 */
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "maps.h"

struct vm_area_struct *get_gate_vma(struct mm_struct *mm);

/* Values of m->index that are no addresses, as in m_next(). */
#define MAPS_GATE	((loff_t)-2UL)
#define MAPS_END	((loff_t)-1UL)

enum maps_step {
	MAPS_STEP_SHOWN,
	MAPS_STEP_OVERFLOWED,	/* more than the buffer has room for */
	MAPS_STEP_END,
};

/* Show the gate VMA, which belongs to no process and follows the others. */
static enum maps_step maps_show_gate(struct seq_file *m, struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	if (m->index == MAPS_END)
		return MAPS_STEP_END;
	m->index = MAPS_GATE;
	vma = get_gate_vma(mm);
	if (!vma)
		return MAPS_STEP_END;
	m->op->show(m, vma);
	if (seq_has_overflowed(m))
		return MAPS_STEP_OVERFLOWED;
	m->index = MAPS_END;
	return MAPS_STEP_SHOWN;
}

/*
 * A reader that is preempted with a VMA locked blocks a writer of that VMA
 * until the reader runs again, which takes long at low priority. So preemption
 * is disabled while a line of maps is shown: show_map() does not sleep. With
 * PREEMPT_RT, its spinlocks sleep.
 */
static void maps_begin_line(bool is_atomic)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) && is_atomic)
		preempt_disable();
}

static void maps_end_line(bool is_atomic)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) && is_atomic)
		preempt_enable();
}

/*
 * As maps_iter_lock_next(). If this returns a VMA, the caller must call
 * maps_end_line().
 */
static struct vm_area_struct *maps_lock_line(struct mm_struct *mm,
					     struct maps_iter *iter,
					     unsigned long addr, bool is_atomic)
{
	struct vm_area_struct *vma;

	maps_begin_line(is_atomic);
	vma = maps_iter_try_next(mm, iter, addr);
	if (unlikely(vma == ERR_PTR(-EAGAIN))) {
		maps_end_line(is_atomic);
		vma = maps_iter_wait_next(mm, iter, addr);
		maps_begin_line(is_atomic);
	}
	if (IS_ERR_OR_NULL(vma))
		maps_end_line(is_atomic);
	return vma;
}

/*
 * show_map() does not sleep, so it is called without leaving the RCU read-side
 * section of the lookup. show_smap() and show_numa_map() may sleep.
 */
static void maps_show_vma(struct seq_file *m, struct maps_iter *iter,
			  struct vm_area_struct *vma, bool is_atomic)
{
	if (is_atomic || m->op->show == show_map) {
		show_map(m, vma);
		return;
	}
	maps_show_walked(m, vma);
	maps_iter_resume(iter, vma->vm_mm, vma->vm_end);
}

/*
 * Show the first VMA that ends above the position, where @iter is, and advance
 * the position to its end. Returns enum maps_step, or a negative error.
 */
static int maps_show_next(struct seq_file *m, struct mm_struct *mm,
			  struct maps_iter *iter, bool is_atomic)
{
	struct vm_area_struct *vma = NULL;
	enum maps_step step = MAPS_STEP_SHOWN;
	loff_t pos = maps_position(m);

	if (pos != MAPS_GATE && pos != MAPS_END)
		vma = maps_lock_line(mm, iter, pos, is_atomic);
	if (!vma)
		return maps_show_gate(m, mm);
	if (IS_ERR(vma))
		return PTR_ERR(vma);

	maps_show_vma(m, iter, vma, is_atomic);
	if (seq_has_overflowed(m))
		step = MAPS_STEP_OVERFLOWED;
	else
		maps_set_position(m, vma->vm_end);
	maps_end_read(vma);
	maps_end_line(is_atomic);
	return step;
}

/*
 * Fill the empty buffer with records that fit, until there is enough for the
 * reader's @room. Returns 0; MAPS_STEP_OVERFLOWED if not even one record fits;
 * or an error, and then the buffer is empty.
 */
static int maps_fill_buffer(struct seq_file *m, struct mm_struct *mm,
			    size_t room)
{
	/* With a longer buffer, preemption would be disabled for too long. */
	bool is_atomic = m->op->show == show_map && m->size <= PAGE_SIZE;
	struct maps_iter iter;
	int step;

	rcu_read_lock();
	maps_iter_set(&iter, mm, maps_position(m));
	do {
		size_t shown = m->count;

		step = maps_show_next(m, mm, &iter, is_atomic);
		if (step != MAPS_STEP_SHOWN) {
			m->count = shown;
			break;
		}
		/* A record may be empty. */
	} while (!m->count || m->count < room);
	rcu_read_unlock();
	return m->count || step == MAPS_STEP_END ? 0 : step;
}

static int maps_grow_buffer(struct seq_file *m, size_t size)
{
	kvfree(m->buf);
	m->count = 0;
	m->size = size;
	m->buf = size <= MAX_RW_COUNT ? kvmalloc(size, GFP_KERNEL_ACCOUNT) :
					NULL;
	return m->buf ? 0 : -ENOMEM;
}

/* maps_fill_buffer(), but grow the buffer until a record fits. */
static int maps_fill(struct seq_file *m, struct mm_struct *mm, size_t room)
{
	int err;

	while ((err = maps_fill_buffer(m, mm, room)) == MAPS_STEP_OVERFLOWED) {
		err = maps_grow_buffer(m, m->size << 1);
		if (err)
			break;
	}
	return err;
}

static int maps_fill_with_policy(struct seq_file *m, struct mm_struct *mm,
				 struct task_struct *task, size_t room)
{
	struct proc_maps_private *priv = m->private;
	int err;

	if (maps_is_numa_maps(m))
		maps_hold_policy(priv, task);
	err = maps_fill(m, mm, room);
	if (maps_is_numa_maps(m))
		maps_release_policy(priv);
	return err;
}

/* The work of ->start() to ->stop(). A process without an mm shows nothing. */
static int maps_fill_task(struct seq_file *m, size_t room)
{
	struct proc_maps_private *priv = m->private;
	struct mm_struct *mm = maps_private_mm(priv);
	struct task_struct *task;
	int err = 0;

	if (m->index == MAPS_END)
		return 0;
	task = maps_get_task(priv->inode);
	if (!task)
		return -ESRCH;
	if (mm && mmget_not_zero(mm)) {
		err = maps_fill_with_policy(m, mm, task, room);
		mmput(mm);
	}
	put_task_struct(task);
	return err;
}

/* Copy the buffer to the reader, up to @size. Returns the number of bytes. */
static size_t maps_copy(struct seq_file *m, char __user *buf, size_t size)
{
	size_t len = min(m->count, size);

	len -= copy_to_user(buf, m->buf + m->from, len);
	m->count -= len;
	m->from += len;
	return len;
}

static ssize_t maps_read_locked(struct seq_file *m, char __user *buf,
				size_t size)
{
	size_t copied;
	int err = 0;

	if (!m->buf)
		err = maps_grow_buffer(m, PAGE_SIZE);
	if (err)
		return err;

	copied = maps_copy(m, buf, size);
	if (!m->count) {
		m->from = 0;
		err = maps_fill_task(m, size - copied);
		copied += maps_copy(m, buf + copied, size - copied);
	}
	if (copied)
		return copied;
	return m->count ? -EFAULT : err;
}

/* Returns -EAGAIN if the position is not where the last read ended. */
static ssize_t maps_read(struct seq_file *m, char __user *buf, size_t size,
			 loff_t *ppos)
{
	ssize_t ret = -EAGAIN;

	mutex_lock(&m->lock);
	if (!*ppos) {
		m->index = 0;
		m->count = 0;
		m->from = 0;
		m->read_pos = 0;
	}
	if (*ppos == m->read_pos) {
		ret = maps_read_locked(m, buf, size);
		if (ret > 0) {
			m->read_pos += ret;
			*ppos += ret;
		}
	}
	mutex_unlock(&m->lock);
	return ret;
}

/* Is this a file that maps_read() serves? Counts the read. */
static bool maps_is_meant(const struct seq_file *m)
{
	if (m->op->show == show_map)
		maps_count(maps);
	else if (m->op->show == show_smap)
		maps_count(smaps);
#ifdef HAVE_MAPS_UNDER_MMAP_LOCK
	else if (m->op->show == show_numa_map)
		maps_count(numa_maps);
#endif
	else
		return false;
	return true;
}

/*
 * Replaces seq_read(). For other files this cannot be a tail call, because the
 * kiocb is on the stack: a reader that waits in there delays the disable
 * transition.
 */
ssize_t vmapeek_seq_read(struct file *file, char __user *buf, size_t size,
			 loff_t *ppos)
{
	struct seq_file *m = file->private_data;
	struct iov_iter iter;
	struct kiocb kiocb;
	ssize_t ret;

	if (size && maps_is_meant(m)) {
		ret = maps_read(m, buf, size, ppos);
		if (ret != -EAGAIN)
			return ret;
	}
	init_sync_kiocb(&kiocb, file);
	iov_iter_ubuf(&iter, ITER_DEST, buf, size);
	kiocb.ki_pos = *ppos;
	ret = seq_read_iter(&kiocb, &iter);
	*ppos = kiocb.ki_pos;
	return ret;
}
