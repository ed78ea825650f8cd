/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BPF programs that read memory of another process: sleepable ones, which run
 * when they are told to. They are put together here, for each read anew, so that
 * no compiler for BPF is needed.
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

/* What each of them calls. */
extern const char *const bpf_form_names[NR_BPF_FORMS];

#define BPF_MOST	(128 * 1024UL)	/* that one read can be asked for */

/*
 * Before anything else, and before fork(): all children share the memory that
 * programs read into.
 */
void bpf_start(void);

/* NULL, or what this kernel lacks for that. */
const char *bpf_lacks(enum bpf_form form);

/*
 * Read @len bytes, or a string into a buffer of that size. All of the buffer is
 * copied to @buf, whose content it has before. Returns what the function that the
 * program calls returns; -ESRCH without one if there is no such process.
 */
long bpf_read(enum bpf_form form, pid_t pid, unsigned long addr, void *buf,
	      size_t len);

/* As other readers return it: the bytes read, without a string's end. */
long bpf_length(enum bpf_form form, long ret, size_t len);

#endif
