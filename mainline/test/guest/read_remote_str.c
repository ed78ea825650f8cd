// SPDX-License-Identifier: GPL-2.0
/*
 * read_remote_str - copy_remote_vm_str() for tests, which only BPF calls.
 *
 * /dev/read_remote_str: write "PID ADDRESS SIZE" (hexadecimal address) and the
 * function is called with a buffer of that size. read() then returns what it
 * returned, as a long, and the buffer.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define MAX_SIZE	(16 * PAGE_SIZE)

struct answer {
	long ret;
	char text[];
};

static DEFINE_MUTEX(answer_lock);
static struct answer *answer;
static size_t answer_size;

static int call(pid_t nr, unsigned long addr, unsigned int size)
{
	struct pid *pid = find_get_pid(nr);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);

	put_pid(pid);
	if (!task)
		return -ESRCH;
	kvfree(answer);
	answer_size = 0;
	answer = kvzalloc(sizeof(*answer) + size, GFP_KERNEL);
	if (answer) {
		answer_size = sizeof(*answer) + size;
		answer->ret = copy_remote_vm_str(task, addr, answer->text,
						 size, 0);
	}
	put_task_struct(task);
	return answer ? 0 : -ENOMEM;
}

static ssize_t str_write(struct file *file, const char __user *ubuf,
			 size_t len, loff_t *ppos)
{
	unsigned long addr;
	unsigned int size;
	char buf[64];
	int nr, err;

	if (len >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, ubuf, len))
		return -EFAULT;
	buf[len] = '\0';
	if (sscanf(buf, "%d %lx %u", &nr, &addr, &size) != 3 ||
	    size > MAX_SIZE)
		return -EINVAL;
	mutex_lock(&answer_lock);
	err = call(nr, addr, size);
	mutex_unlock(&answer_lock);
	return err ?: len;
}

static ssize_t str_read(struct file *file, char __user *ubuf, size_t len,
			loff_t *ppos)
{
	loff_t start = 0;
	ssize_t ret;

	mutex_lock(&answer_lock);
	ret = simple_read_from_buffer(ubuf, len, &start, answer, answer_size);
	mutex_unlock(&answer_lock);
	return ret;
}

static const struct file_operations str_fops = {
	.owner = THIS_MODULE,
	.read = str_read,
	.write = str_write,
};

static struct miscdevice str_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "read_remote_str",
	.fops = &str_fops,
	.mode = 0600,
};

static int __init str_init(void)
{
	return misc_register(&str_device);
}

static void __exit str_exit(void)
{
	misc_deregister(&str_device);
	kvfree(answer);
}

module_init(str_init);
module_exit(str_exit);

MODULE_DESCRIPTION("copy_remote_vm_str() for tests");
MODULE_LICENSE("GPL");
