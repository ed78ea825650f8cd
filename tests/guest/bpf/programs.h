/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sleepable BPF programs that read memory of another process, and run on
 * request. They are assembled here for each read, so no BPF compiler is needed.
 */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <stddef.h>
#include <sys/types.h>

enum bpf_form {
	BPF_MEMORY,		/* bpf_copy_from_user_task() */
	BPF_MEMORY_DYNPTR,	/* bpf_copy_from_user_task_dynptr() */
	BPF_STRING,		/* bpf_copy_from_user_task_str() */
	BPF_STRING_PADDED,	/* the same with BPF_F_PAD_ZEROS */
	BPF_STRING_DYNPTR,	/* bpf_copy_from_user_task_str_dynptr() */
	NR_BPF_FORMS
};

/* The function that each of them calls. */
extern const char *const bpf_form_names[NR_BPF_FORMS];

#define BPF_MOST	(128 * 1024UL)	/* maximum length of a read */

/*
 * To be called first, and before fork(): all children share the programs'
 * destination.
 */
void bpf_start(void);

/* NULL, or the feature that this kernel lacks. */
const char *bpf_lacks(enum bpf_form form);

/*
 * Read @len bytes, or a string into a buffer of that size. The buffer has the
 * content of @buf before, and is copied to @buf as a whole. Returns the result
 * of the kernel's function, or -ESRCH if there is no such process.
 */
long bpf_read(enum bpf_form form, pid_t pid, unsigned long addr, void *buf,
	      size_t len);

/* The result in the form of other readers: bytes read, without the NUL. */
long bpf_length(enum bpf_form form, long ret, size_t len);

#endif
