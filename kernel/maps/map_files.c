// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/map_files: a link for each mapping of a file. A link's name is the
 * range of its VMA, START-END; only a VMA with exactly this range matches.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/hex.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/security.h>

#include "maps.h"

/* Parse one number of a link's name, and advance *@name beyond it. */
static bool map_files_number(const char **name, unsigned long *number)
{
	const char *s = *name;
	int digit;

	*number = 0;
	for (; (digit = hex_to_bin(*s)) >= 0; s++) {
		if (*number >> (BITS_PER_LONG - 4))
			return false;
		*number = *number << 4 | digit;
	}
	/* Leading zeros are invalid. No digits at all are a 0, as in stock. */
	if (**name == '0' && s != *name + 1)
		return false;
	*name = s;
	return true;
}

/* Is this the name of a link? If so, return its range. */
static bool map_files_range(const struct dentry *dentry, unsigned long *start,
			    unsigned long *end)
{
	const char *name = dentry->d_name.name;

	return map_files_number(&name, start) && *name++ == '-' &&
	       map_files_number(&name, end) && !*name;
}

/*
 * Read-lock the VMA with exactly the range from @start to @end. Returns NULL if
 * there is none, or ERR_PTR(-EINTR) if the reader was killed.
 */
static struct vm_area_struct *map_files_lock(struct mm_struct *mm,
					     unsigned long start,
					     unsigned long end)
{
	struct vm_area_struct *vma = maps_lock_next(mm, start);

	if (IS_ERR_OR_NULL(vma) ||
	    (vma->vm_start == start && vma->vm_end == end))
		return vma;
	vma_end_read(vma);
	return NULL;
}

/* Returns 1 if the link is still valid, 0 if it is not, or an error. */
static int map_files_check(struct task_struct *task, struct dentry *dentry)
{
	struct mm_struct *mm = mm_access(task, PTRACE_MODE_READ_FSCREDS);
	struct inode *inode = d_inode(dentry);
	struct vm_area_struct *vma = NULL;
	unsigned long start, end;

	if (IS_ERR_OR_NULL(mm))
		return 0;
	if (map_files_range(dentry, &start, &end))
		vma = map_files_lock(mm, start, end);
	if (!IS_ERR_OR_NULL(vma))
		vma_end_read(vma);
	mmput(mm);
	if (IS_ERR_OR_NULL(vma))
		return PTR_ERR(vma);

	task_dump_owner(task, 0, &inode->i_uid, &inode->i_gid);
	security_task_to_inode(task, inode);
	return 1;
}

/*
 * Inline, because livepatch looks for the replacement functions on the stack: a
 * tail call of this function would remove its caller from there.
 */
static __always_inline int map_files_revalidate(struct dentry *dentry,
						unsigned int flags)
{
	struct task_struct *task;
	int status;

	if (flags & LOOKUP_RCU)
		return -ECHILD;
	maps_count(map_files);
	task = maps_get_task(d_inode(dentry));
	if (!task)
		return 0;
	status = map_files_check(task, dentry);
	put_task_struct(task);
	return status;
}

/* Replaces map_files_d_revalidate(). */
#ifdef HAVE_REVALIDATE_BY_NAME
int vmapeek_map_files_d_revalidate(struct inode *dir, const struct qstr *name,
				   struct dentry *dentry, unsigned int flags)
{
	return map_files_revalidate(dentry, flags);
}
#else
int vmapeek_map_files_d_revalidate(struct dentry *dentry, unsigned int flags)
{
	return map_files_revalidate(dentry, flags);
}
#endif

/* Replaces map_files_get_link(). */
int vmapeek_map_files_get_link(struct dentry *dentry, struct path *path,
			       struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	struct vm_area_struct *vma = NULL;
	unsigned long start, end;
	int err = -ENOENT;

	maps_count(map_files);
	if (!mm)
		return -ENOENT;
	if (map_files_range(dentry, &start, &end))
		vma = map_files_lock(mm, start, end);
	else
		err = -EINVAL;
	if (IS_ERR(vma)) {
		err = PTR_ERR(vma);
	} else if (vma) {
		if (vma->vm_file) {
			*path = *file_user_path(vma->vm_file);
			path_get(path);
			err = 0;
		}
		vma_end_read(vma);
	}
	mmput(mm);
	return err;
}

/* *@mode becomes the mode of the file that is mapped there, or 0 if none is. */
static int map_files_mode(struct mm_struct *mm, unsigned long start,
			  unsigned long end, fmode_t *mode)
{
	struct vm_area_struct *vma = map_files_lock(mm, start, end);

	*mode = 0;
	if (IS_ERR_OR_NULL(vma))
		return PTR_ERR(vma);
	if (vma->vm_file)
		*mode = vma->vm_file->f_mode;
	vma_end_read(vma);
	return 0;
}

static struct dentry *map_files_lookup_task(struct task_struct *task,
					    struct dentry *dentry)
{
	struct dentry *result;
	unsigned long start, end;
	struct mm_struct *mm;
	fmode_t mode;
	int err;

	if (!map_files_range(dentry, &start, &end))
		return ERR_PTR(-ENOENT);
	mm = mm_access(task, PTRACE_MODE_READ_FSCREDS);
	if (IS_ERR(mm))
		return ERR_CAST(mm);

	err = map_files_mode(mm, start, end, &mode);
	if (err)
		result = ERR_PTR(err);
	else if (!mode)
		result = ERR_PTR(-ENOENT);
	else
		result = proc_map_files_instantiate(dentry, task,
						    (void *)(unsigned long)mode);
	mmput(mm);
	return result;
}

/* Replaces proc_map_files_lookup(). */
struct dentry *vmapeek_proc_map_files_lookup(struct inode *dir,
					     struct dentry *dentry,
					     unsigned int flags)
{
	struct task_struct *task = maps_get_task(dir);
	struct dentry *result;

	maps_count(map_files);
	if (!task)
		return ERR_PTR(-ENOENT);
	result = map_files_lookup_task(task, dentry);
	put_task_struct(task);
	return result;
}

/* Emit one entry. Returns false if the reader has no more room. */
static bool map_files_emit(struct file *file, struct dir_context *ctx,
			   struct task_struct *task, unsigned long start,
			   unsigned long end, fmode_t mode)
{
	char name[4 * sizeof(long) + 2];
	int len = snprintf(name, sizeof(name), "%lx-%lx", start, end);

	return proc_fill_cache(file, ctx, name, len,
			       proc_map_files_instantiate, task,
			       (void *)(unsigned long)mode);
}

/*
 * Emit the mappings of files from position ctx->pos on. Each mapping of a file
 * is one position; 0 and 1 are the dots. No lock is held while the reader's
 * memory is written to.
 */
static int map_files_emit_all(struct file *file, struct dir_context *ctx,
			      struct task_struct *task, struct mm_struct *mm)
{
	unsigned long start, end = 0;
	struct vm_area_struct *vma;
	loff_t pos = 2;
	fmode_t mode;

	while ((vma = maps_lock_next(mm, end))) {
		if (IS_ERR(vma))
			return PTR_ERR(vma);
		start = vma->vm_start;
		end = vma->vm_end;
		mode = vma->vm_file ? vma->vm_file->f_mode : 0;
		vma_end_read(vma);
		if (!mode || ++pos <= ctx->pos)
			continue;
		if (!map_files_emit(file, ctx, task, start, end, mode))
			break;
		ctx->pos++;
	}
	return 0;
}

static int map_files_readdir_task(struct file *file, struct dir_context *ctx,
				  struct task_struct *task)
{
	struct mm_struct *mm;
	int err;

	if (!dir_emit_dots(file, ctx))
		return 0;
	mm = mm_access(task, PTRACE_MODE_READ_FSCREDS);
	/* The directory of a task without an mm is empty. */
	if (IS_ERR(mm))
		return mm == ERR_PTR(-ESRCH) ? 0 : PTR_ERR(mm);
	err = map_files_emit_all(file, ctx, task, mm);
	mmput(mm);
	return err;
}

/* Replaces proc_map_files_readdir(). */
int vmapeek_proc_map_files_readdir(struct file *file, struct dir_context *ctx)
{
	struct task_struct *task = maps_get_task(file_inode(file));
	int err;

	maps_count(map_files);
	if (!task)
		return -ENOENT;
	err = map_files_readdir_task(file, ctx, task);
	put_task_struct(task);
	return err;
}
