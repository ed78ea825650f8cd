// SPDX-License-Identifier: GPL-2.0
/*
 * Read-lock a VMA that a writer waits for, by joining the readers that it waits
 * for.
 *
 * A page fault sleeps in a file system with its VMA read-locked. If a writer
 * comes to that VMA, it waits with the mmap lock held, and the VMA lock refuses
 * all further readers, though nothing has been changed. While the fault holds the
 * VMA lock the writer cannot take it, and one reader more does no harm: the lock
 * that it has is an ordinary one, dropped by vma_end_read().
 *
 * Readers that joined each other could keep the writer waiting for ever. So there
 * must be a reader that did not join. The kernel's own readers drop the lock by
 * themselves, so a reader counts as joined until its system call returns: a file
 * that it has put the last reference to is released then, wherever livepatch has
 * switched the task to meanwhile.
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

/* A task in a system call in which it has joined readers. */
struct maps_joiner {
	struct list_head list;
	const struct task_struct *task;
	/* Joined the readers of that last; maybe unlocked since. Or NULL. */
	const struct vm_area_struct *vma;
};

static LIST_HEAD(maps_joiners);
static DEFINE_SPINLOCK(maps_joiners_lock);

/* Only a task itself adds and removes its own. */
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
 * Return: 0; or a negative error, and the caller cannot join.
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
	/* It never returns to user space. */
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
	/* Released when the system call returns. */
	fput(file);
	return 0;
}

/**
 * maps_join_readers - read-lock a VMA that a writer waits for
 * @mm: the address space
 * @vma: a VMA found in its tree in this RCU read-side section
 *
 * Context: After maps_begin_join(), in an RCU read-side section, which may be
 * another one if this fails.
 *
 * Return: 0; -EBUSY if all that have locked it may have joined, too: then the
 * writer's turn comes, or theirs ends; -EAGAIN if nobody has locked it for reading.
 */
int maps_join_readers(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct maps_joiner *joiner;
	int joined = 0, err;

	/* So that nobody joins between the two: the rest can only get less. */
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
 * maps_end_join - the caller has not joined, or has unlocked the VMA again
 *
 * Context: After maps_begin_join().
 */
void maps_end_join(void)
{
	spin_lock(&maps_joiners_lock);
	maps_joiner_find()->vma = NULL;
	spin_unlock(&maps_joiners_lock);
}
