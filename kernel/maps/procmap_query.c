// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl(PROCMAP_QUERY) of /proc/PID/maps: describes the VMA at an address in
 * binary form.
 */
#include <linux/buildid.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/kdev_t.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "maps.h"

#ifdef HAVE_MAPS_UNDER_MMAP_LOCK

/* Flags PROCMAP_QUERY_VMA_*, each with the VMA flag that it selects. */
static const struct {
	u64 query;
	vm_flags_t vm_flag;
} procmap_flags[] = {
	{ PROCMAP_QUERY_VMA_READABLE, VM_READ },
	{ PROCMAP_QUERY_VMA_WRITABLE, VM_WRITE },
	{ PROCMAP_QUERY_VMA_EXECUTABLE, VM_EXEC },
	{ PROCMAP_QUERY_VMA_SHARED, VM_MAYSHARE },
};

#define PROCMAP_VMA_FLAGS						\
	(PROCMAP_QUERY_VMA_READABLE | PROCMAP_QUERY_VMA_WRITABLE |	\
	 PROCMAP_QUERY_VMA_EXECUTABLE | PROCMAP_QUERY_VMA_SHARED)
#define PROCMAP_FLAGS							\
	(PROCMAP_VMA_FLAGS | PROCMAP_QUERY_COVERING_OR_NEXT_VMA |	\
	 PROCMAP_QUERY_FILE_BACKED_VMA)

/* Properties of a VMA that are needed after its lock is dropped. */
struct procmap_found {
	char *buf;		/* for the name, or NULL; freed by the caller */
	size_t size;
	const char *name;	/* in @buf */
	struct file *file;	/* referenced, for its build ID; or NULL */
};

static u64 procmap_vma_flags(const struct vm_area_struct *vma)
{
	u64 flags = 0;

	for (int i = 0; i < ARRAY_SIZE(procmap_flags); i++)
		if (vma->vm_flags & procmap_flags[i].vm_flag)
			flags |= procmap_flags[i].query;
	return flags;
}

/* Does a query with these flags accept @vma, which ends above @addr? */
static bool procmap_accepts(const struct vm_area_struct *vma,
			    unsigned long addr, u64 flags)
{
	u64 wanted = flags & PROCMAP_VMA_FLAGS;

	if ((flags & PROCMAP_QUERY_FILE_BACKED_VMA) && !vma->vm_file)
		return false;
	if ((procmap_vma_flags(vma) & wanted) != wanted)
		return false;
	return (flags & PROCMAP_QUERY_COVERING_OR_NEXT_VMA) ||
	       vma->vm_start <= addr;
}

/*
 * Read-lock the VMA that a query selects. Returns it or an error. Each VMA that
 * is skipped was checked under its own lock.
 */
static struct vm_area_struct *procmap_lock(struct mm_struct *mm,
					   unsigned long addr, u64 flags)
{
	struct vm_area_struct *vma;

	while ((vma = maps_lock_next(mm, addr))) {
		if (IS_ERR(vma) || procmap_accepts(vma, addr, flags))
			return vma;
		addr = vma->vm_end;
		vma_end_read(vma);
		if (!(flags & PROCMAP_QUERY_COVERING_OR_NEXT_VMA))
			break;
		cond_resched();
	}
	return ERR_PTR(-ENOENT);
}

/* The name that maps shows in brackets, or NULL if there is none. */
static const char *procmap_special_name(struct vm_area_struct *vma)
{
	const char *name = NULL;

	if (vma->vm_ops && vma->vm_ops->name)
		name = vma->vm_ops->name(vma);
	if (!name)
		name = arch_vma_name(vma);
	if (!name && vma_is_initial_heap(vma))
		name = "[heap]";
	if (!name && vma_is_initial_stack(vma))
		name = "[stack]";
	return name;
}

static struct anon_vma_name *procmap_anon_name(struct vm_area_struct *vma)
{
#ifdef CONFIG_ANON_VMA_NAME
	return vmapeek_anon_vma_name(vma);
#else
	return NULL;
#endif
}

/*
 * Write the name of @vma, as maps shows it, to found->buf. Returns its size
 * including the NUL, 0 if there is no name, or a negative error.
 */
static long procmap_name(struct vm_area_struct *vma,
			 struct procmap_found *found)
{
	struct anon_vma_name *anon_name = procmap_anon_name(vma);
	const char *special = vma->vm_file ? NULL : procmap_special_name(vma);
	size_t size;

	if (vma->vm_file && !anon_name) {
		found->name = d_path(file_user_path(vma->vm_file), found->buf,
				     found->size);
		return IS_ERR(found->name) ? PTR_ERR(found->name) :
		       found->buf + found->size - found->name;
	}
	if (!special && !anon_name)
		return 0;
	found->name = found->buf;
	if (special)
		size = snprintf(found->buf, found->size, "%s", special);
	else
		size = snprintf(found->buf, found->size,
				vma->vm_file ? "[anon_shmem:%s]" : "[anon:%s]",
				anon_name->name);
	return size < found->size ? size + 1 : -ENAMETOOLONG;
}

/* Fill in the answer, except for the build ID. @vma is read-locked. */
static int procmap_fill(struct vm_area_struct *vma, struct procmap_query *query,
			struct procmap_found *found)
{
	long size;

	query->vma_start = vma->vm_start;
	query->vma_end = vma->vm_end;
	query->vma_flags = procmap_vma_flags(vma);
	query->vma_page_size = vma_kernel_pagesize(vma);
	query->vma_offset = 0;
	query->inode = 0;
	query->dev_major = 0;
	query->dev_minor = 0;
	if (vma->vm_file) {
		const struct inode *inode = file_user_inode(vma->vm_file);

		query->vma_offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
		query->inode = inode->i_ino;
		query->dev_major = MAJOR(inode->i_sb->s_dev);
		query->dev_minor = MINOR(inode->i_sb->s_dev);
	}
	if (query->vma_name_size) {
		size = procmap_name(vma, found);
		if (size < 0)
			return size;
		query->vma_name_size = size;
	}
	if (query->build_id_size && vma->vm_file)
		found->file = get_file(vma->vm_file);
	return 0;
}

static int procmap_find(struct mm_struct *mm, struct procmap_query *query,
			struct procmap_found *found)
{
	struct vm_area_struct *vma;
	int err;

	vma = procmap_lock(mm, query->query_addr, query->query_flags);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	err = procmap_fill(vma, query, found);
	vma_end_read(vma);
	return err;
}

/* Read the build ID with no lock held. A file without one is no error. */
static int procmap_build_id(struct procmap_query *query,
			    const struct procmap_found *found, u8 *build_id)
{
	u32 size;

	if (!query->build_id_size)
		return 0;
	if (!found->file ||
	    build_id_parse_file(found->file, build_id, &size)) {
		query->build_id_size = 0;
		return 0;
	}
	if (query->build_id_size < size)
		return -ENAMETOOLONG;
	query->build_id_size = size;
	return 0;
}

static int procmap_answer(struct mm_struct *mm, struct procmap_query *query,
			  struct procmap_found *found)
{
	u8 build_id[BUILD_ID_SIZE_MAX];
	int err;

	if (!mm || !mmget_not_zero(mm))
		return -ESRCH;
	if (query->vma_name_size) {
		found->size = min_t(size_t, PATH_MAX, query->vma_name_size);
		found->buf = kmalloc(found->size, GFP_KERNEL);
	}
	err = query->vma_name_size && !found->buf ? -ENOMEM :
	      procmap_find(mm, query, found);
	mmput(mm);
	if (!err)
		err = procmap_build_id(query, found, build_id);
	if (err)
		return err;

	if (query->vma_name_size &&
	    copy_to_user(u64_to_user_ptr(query->vma_name_addr), found->name,
			 query->vma_name_size))
		return -EFAULT;
	if (query->build_id_size &&
	    copy_to_user(u64_to_user_ptr(query->build_id_addr), build_id,
			 query->build_id_size))
		return -EFAULT;
	return 0;
}

/* Get the caller's structure, which may be of an older or a newer version. */
static int procmap_get_query(struct procmap_query *query, void __user *arg,
			     u64 *size)
{
	int err;

	if (copy_from_user(size, arg, sizeof(*size)))
		return -EFAULT;
	if (*size > PAGE_SIZE)
		return -E2BIG;
	if (*size < offsetofend(struct procmap_query, query_addr))
		return -EINVAL;
	err = copy_struct_from_user(query, sizeof(*query), arg, *size);
	if (err)
		return err;
	if (query->query_flags & ~(u64)PROCMAP_FLAGS)
		return -EINVAL;
	if (!query->vma_name_size != !query->vma_name_addr ||
	    !query->build_id_size != !query->build_id_addr)
		return -EINVAL;
	return 0;
}

/* Replaces procfs_procmap_ioctl(). */
long vmapeek_procfs_procmap_ioctl(struct file *file, unsigned int cmd,
				  unsigned long arg)
{
	struct seq_file *m = file->private_data;
	struct procmap_found found = {};
	struct procmap_query query;
	u64 size;
	int err;

	if (cmd != PROCMAP_QUERY)
		return -ENOIOCTLCMD;
	maps_count(procmap_query);
	err = procmap_get_query(&query, (void __user *)arg, &size);
	if (err)
		return err;
	err = procmap_answer(maps_private_mm(m->private), &query, &found);
	if (found.file)
		fput(found.file);
	kfree(found.buf);
	if (err)
		return err;
	if (copy_to_user((void __user *)arg, &query,
			 min_t(size_t, sizeof(query), size)))
		return -EFAULT;
	return 0;
}

#endif /* HAVE_MAPS_UNDER_MMAP_LOCK */
