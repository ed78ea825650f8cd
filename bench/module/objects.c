// SPDX-License-Identifier: GPL-2.0
/*
 * objects - the kernel addresses of the objects that readers of a process
 * share.
 *
 * Write a process ID to /sys/module/objects/parameters/of, and read lines from
 * there: address, size, distance to the next object of that kind (0: there is
 * only one), number of objects, name.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

static char text[PAGE_SIZE];
static size_t used;

static void object_array(const char *name, const void *at, size_t size,
			 size_t distance, unsigned long nr)
{
	used += scnprintf(text + used, sizeof(text) - used,
			  "%lx %zu %zu %lu %s\n", (unsigned long)at, size,
			  distance, nr, name);
}

static void object(const char *name, const void *at, size_t size)
{
	object_array(name, at, size, 0, 1);
}

#define OBJECT(name, member) object(name, &(member), sizeof(member))

static void list_task(struct task_struct *task)
{
	OBJECT("task reference", task->usage);
	OBJECT("task alloc_lock", task->alloc_lock);
	OBJECT("exec_update_lock", task->signal->exec_update_lock);
	OBJECT("task siglock", task->sighand->siglock);
	OBJECT("pid reference", task_pid(task)->count);
	object("task, other", task, sizeof(*task));
	object("signal, other", task->signal, sizeof(*task->signal));
}

static void list_vma(struct vm_area_struct *vma)
{
#ifdef VM_REFCNT_EXCLUDE_READERS_FLAG
	OBJECT("VMA lock", vma->vm_refcnt);
#else
	/* The lock is a count in the VMA on newer kernels. */
	OBJECT("VMA lock", *vma->vm_lock);
#endif
}

static void list_mm(struct mm_struct *mm)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;

	OBJECT("mmap lock", mm->mmap_lock);
	OBJECT("mm_users", mm->mm_users);
	OBJECT("mm_count", mm->mm_count);
	object("mm, other", mm, sizeof(*mm));
	mmap_read_lock(mm);
	for_each_vma(vmi, vma)
		list_vma(vma);
	mmap_read_unlock(mm);
}

/* Any page: the reference count of a folio, the lock of a page table. */
static void list_pages(void)
{
	unsigned long nr = 1UL << (MAX_PHYSMEM_BITS - PAGE_SHIFT);
	char *map = (char *)pfn_to_page(0);

	object_array("folio reference", map + offsetof(struct page, _refcount),
		     sizeof(atomic_t), sizeof(struct page), nr);
#if !ALLOC_SPLIT_PTLOCKS
	object_array("page-table lock", map + offsetof(struct ptdesc, ptl),
		     sizeof(spinlock_t), sizeof(struct page), nr);
#endif
	object_array("folio, other", map, sizeof(struct page),
		     sizeof(struct page), nr);
}

static int of_set(const char *value, const struct kernel_param *kp)
{
	struct task_struct *task;
	struct mm_struct *mm;
	int nr, err;

	err = kstrtoint(value, 0, &nr);
	if (err)
		return err;
	rcu_read_lock();
	task = pid_task(find_vpid(nr), PIDTYPE_PID);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	if (!task)
		return -ESRCH;
	mm = get_task_mm(task);
	used = 0;
	if (mm) {
		list_task(task);
		list_mm(mm);
		list_pages();
		mmput(mm);
	}
	put_task_struct(task);
	return mm ? 0 : -EINVAL;
}

static int of_get(char *buf, const struct kernel_param *kp)
{
	memcpy(buf, text, used);
	return used;
}

static const struct kernel_param_ops of_ops = { .set = of_set, .get = of_get };

module_param_cb(of, &of_ops, NULL, 0600);
MODULE_DESCRIPTION("Where in the kernel's memory a process's objects lie");
MODULE_LICENSE("GPL");
