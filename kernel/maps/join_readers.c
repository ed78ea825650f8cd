// SPDX-License-Identifier: GPL-2.0
/*
 * Read-lock a VMA that a writer waits for, by joining the readers that hold its
 * lock.
 *
 * A page fault may sleep in a file system while it holds the read lock of its
 * VMA. A writer of that VMA then waits with the mmap lock held, and the VMA
 * lock refuses further readers, although nothing has changed yet. The writer
 * cannot take the VMA lock before the fault drops it, so one more reader does
 * no harm. That reader holds an ordinary read lock, dropped by vma_end_read().
 *
 * Readers that join each other could starve the writer. Therefore a reader
 * joins only if another reader holds the lock without having joined. The unlock
 * cannot be hooked, because on 7.3 the kernel's own readers drop the VMA lock.
 * So a reader counts as joined until its system call returns: it opens an
 * anonymous file and drops it at once, and the kernel releases that file on the
 * return to user space, even if livepatch has switched the task meanwhile.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "maps.h"

/**
 * struct maps_joiner - a task that has called maps_begin_join()
 * @list: in maps_joiners
 * @task: the task
 * @vma: the last VMA whose readers it joined, maybe unlocked since; or NULL
 */
struct maps_joiner {
	struct list_head list;
	const struct task_struct *task;
	const struct vm_area_struct *vma;
};

static LIST_HEAD(maps_joiners);
static DEFINE_SPINLOCK(maps_joiners_lock);

/* Find the caller's entry, which only the caller itself adds and removes. */
static struct maps_joiner *maps_joiner_find(void)
{
	struct maps_joiner *joiner;

	lockdep_assert_held(&maps_joiners_lock);
	list_for_each_entry(joiner, &maps_joiners, list)
		if (joiner->task == current)
			return joiner;
	return NULL;
}

static int maps_joiner_release(struct inode *inode, struct file *file)
{
	struct maps_joiner *joiner = file->private_data;

	spin_lock(&maps_joiners_lock);
	list_del(&joiner->list);
	spin_unlock(&maps_joiners_lock);
	kfree(joiner);
	return 0;
}

static const struct file_operations maps_joiner_fops = {
	.owner = THIS_MODULE,
	.release = maps_joiner_release,
};

/**
 * maps_begin_join - prepare to join the readers of a VMA
 *
 * Context: Process context, may sleep. The caller has no VMA locked.
 *
 * Return: 0; or a negative error if the caller cannot join.
 */
int maps_begin_join(void)
{
	struct maps_joiner *joiner;
	struct file *file;

	spin_lock(&maps_joiners_lock);
	joiner = maps_joiner_find();
	spin_unlock(&maps_joiners_lock);
	if (joiner)
		return 0;
	/* A kernel thread never returns to user space, where this ends. */
	if (current->flags & PF_KTHREAD)
		return -EPERM;

	joiner = kzalloc_obj(*joiner, GFP_KERNEL);
	if (!joiner)
		return -ENOMEM;
	joiner->task = current;
	file = anon_inode_getfile("[vmapeek_maps]", &maps_joiner_fops, joiner,
				  O_RDONLY);
	if (IS_ERR(file)) {
		kfree(joiner);
		return PTR_ERR(file);
	}
	spin_lock(&maps_joiners_lock);
	list_add(&joiner->list, &maps_joiners);
	spin_unlock(&maps_joiners_lock);
	/* maps_joiner_release() runs when the system call returns. */
	fput(file);
	return 0;
}

/**
 * maps_join_readers - read-lock a VMA that a writer waits for
 * @mm: the address space
 * @vma: a VMA found in the tree of @mm in this RCU read-side section
 *
 * Context: After maps_begin_join(), in an RCU read-side section, which may be
 * another one if this fails.
 *
 * Return: 0; -EBUSY if possibly all readers that hold the VMA lock have joined,
 * so that the caller must wait for them or the writer; or -EAGAIN if no reader
 * holds it.
 */
int maps_join_readers(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct maps_joiner *joiner;
	int joined = 0, err;

	/* Under this lock nobody else joins: joined readers only get fewer. */
	spin_lock(&maps_joiners_lock);
	list_for_each_entry(joiner, &maps_joiners, list)
		joined += joiner->vma == vma && joiner->task != current;
	err = maps_add_reader(vma, joined);
	if (!err)
		maps_joiner_find()->vma = vma;
	spin_unlock(&maps_joiners_lock);
	if (!err && !maps_check_read(mm, vma))
		err = -EAGAIN;
	return err;
}

/**
 * maps_end_join - the caller did not join, or dropped the VMA lock again
 *
 * Context: After maps_begin_join().
 */
void maps_end_join(void)
{
	spin_lock(&maps_joiners_lock);
	maps_joiner_find()->vma = NULL;
	spin_unlock(&maps_joiners_lock);
}
