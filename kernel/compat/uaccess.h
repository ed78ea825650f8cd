/* SPDX-License-Identifier: GPL-2.0 */
/* Copies to user memory with accesses of a known width. */
#ifndef _COMPAT_UACCESS_H
#define _COMPAT_UACCESS_H

#include <linux/mmdebug.h>
#include <linux/uaccess.h>

/*
 * raw_copy_to_user() of whole words: @to passed access_ok(), both sides are
 * aligned to words, and @len is a multiple of the word size. Returns the number
 * of bytes not copied.
 *
 * With ERMS or FSRM, raw_copy_to_user() is rep movsb, which may read a word in
 * parts while it is written to.
 */
static __always_inline __must_check unsigned long
copy_words_to_user(void __user *to, const void *from, unsigned long len)
{
	unsigned long words = len / sizeof(long);

	VM_WARN_ON_ONCE((len | (unsigned long)from) % sizeof(long));

	__uaccess_begin();
	asm volatile("1: rep movsq\n"
		     "2:\n"
		     _ASM_EXTABLE_UA(1b, 2b)
		     : "+c" (words), "+D" (to), "+S" (from)
		     :
		     : "memory");
	__uaccess_end();
	return words * sizeof(long);
}

#endif /* _COMPAT_UACCESS_H */
