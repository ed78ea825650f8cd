// SPDX-License-Identifier: GPL-2.0
/*
 * hold_mmap_lock - hold a process's mmap lock, for tests.
 *
 * /dev/hold_mmap_lock: write "write PID" or "read PID" and a kernel thread
 * takes that lock of that process and holds it until the file is closed.
 * Reading the file returns the state: "starting", "queued" (waits for the lock,
 * visible to others) or "held".
 *
 * Each read(2) returns the whole word, whatever the offset.
 *
 *	exec 3<>/dev/hold_mmap_lock; echo "write $PID" >&3; ...; exec 3>&-
 */
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

struct hold {
	struct mutex start;		/* one thread for each file */
	struct mm_struct *mm;
	struct task_struct *thread;
	bool for_write;
	bool held;
};

/* A kernel thread: no task may return to user space with a lock held. */
static int hold_thread(void *data)
{
	struct hold *hold = data;
	struct mm_struct *mm = hold->mm;

	if (hold->for_write)
		mmap_write_lock(mm);
	else
		mmap_read_lock(mm);
	WRITE_ONCE(hold->held, true);

	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);

	if (hold->for_write)
		mmap_write_unlock(mm);
	else
		mmap_read_unlock(mm);
	return 0;
}

static struct mm_struct *mm_of_pid(pid_t nr)
{
	struct pid *pid = find_get_pid(nr);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
	struct mm_struct *mm = NULL;

	put_pid(pid);
	if (task) {
		mm = get_task_mm(task);
		put_task_struct(task);
	}
	return mm;
}

static int hold_start(struct hold *hold, bool for_write, pid_t nr)
{
	struct task_struct *thread;

	if (hold->thread)
		return -EBUSY;
	hold->mm = mm_of_pid(nr);
	if (!hold->mm)
		return -ESRCH;
	/*
	 * The caller's exit and the file's release would wait for each other.
	 */
	if (hold->mm == current->mm) {
		mmput(hold->mm);
		return -EDEADLK;
	}

	hold->for_write = for_write;
	thread = kthread_run(hold_thread, hold, "hold_mmap_lock");
	if (IS_ERR(thread)) {
		mmput(hold->mm);
		return PTR_ERR(thread);
	}
	hold->thread = thread;
	return 0;
}

static ssize_t hold_write(struct file *file, const char __user *ubuf,
			  size_t len, loff_t *ppos)
{
	struct hold *hold = file->private_data;
	char buf[32], mode[8];
	int nr, err;

	if (len >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, ubuf, len))
		return -EFAULT;
	buf[len] = '\0';
	if (sscanf(buf, "%7s %d", mode, &nr) != 2 ||
	    (strcmp(mode, "read") && strcmp(mode, "write")))
		return -EINVAL;

	mutex_lock(&hold->start);
	err = hold_start(hold, !strcmp(mode, "write"), nr);
	mutex_unlock(&hold->start);
	return err ?: len;
}

static ssize_t hold_read(struct file *file, char __user *ubuf, size_t len,
			 loff_t *ppos)
{
	struct hold *hold = file->private_data;
	const char *state = "starting\n";
	loff_t start = 0;

	mutex_lock(&hold->start);
	if (hold->thread) {
		if (READ_ONCE(hold->held))
			state = "held\n";
		else if (READ_ONCE(hold->thread->__state) ==
				 TASK_UNINTERRUPTIBLE &&
			 mmap_lock_is_contended(hold->mm))
			state = "queued\n";
	}
	mutex_unlock(&hold->start);
	return simple_read_from_buffer(ubuf, len, &start, state, strlen(state));
}

static int hold_open(struct inode *inode, struct file *file)
{
	struct hold *hold = kzalloc(sizeof(*hold), GFP_KERNEL);

	if (!hold)
		return -ENOMEM;
	mutex_init(&hold->start);
	file->private_data = hold;
	return 0;
}

static int hold_release(struct inode *inode, struct file *file)
{
	struct hold *hold = file->private_data;

	if (hold->thread) {
		kthread_stop(hold->thread);
		mmput(hold->mm);
	}
	kfree(hold);
	return 0;
}

static const struct file_operations hold_fops = {
	.owner = THIS_MODULE,
	.open = hold_open,
	.release = hold_release,
	.read = hold_read,
	.write = hold_write,
};

static struct miscdevice hold_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "hold_mmap_lock",
	.fops = &hold_fops,
	.mode = 0600,
};

module_misc_device(hold_device);

MODULE_DESCRIPTION("Hold a process's mmap lock on purpose, for tests");
MODULE_LICENSE("GPL");
