// SPDX-License-Identifier: GPL-2.0
/*
 * BPF programs that read a process while its mmap lock is held, see
 * lib/lock-cases.h.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "bpf/programs.h"
#include "kinds-make.h"
#include "lock-cases.h"
#include "readv.h"
#include "run.h"

#define SIZE	(64 * KIB)
#define MANY	(24 * PAGE)

PREPARE_KIND(resident, ANON, SIZE)
PREPARE_KIND(untouched, UNTOUCHED, SIZE)
PREPARE_KIND(swapped, SWAPPED, SIZE)
PREPARE_KIND(many, ANON, MANY)
PREPARE_KIND(many_swapped, SWAPPED, MANY)
PREPARE_KIND(file, FILE_UNTOUCHED, SIZE)
PREPARE_KIND(hugetlb, HUGETLB, HUGE_PAGE)
PREPARE_KIND(no_access, NO_ACCESS, SIZE)

static void prepare_two_vmas(struct target *t)
{
	make_kind(t, ANON, SIZE);
	must(t, !mprotect((char *)TARGET_AT + SIZE / 2, SIZE / 2, PROT_READ),
	     "mprotect");
}

static long read_by_bpf(const struct lock_case *c, pid_t pid,
			unsigned long addr, void *buf)
{
	enum bpf_form form = c->segment;
	long ret = bpf_read(form, pid, addr, buf, c->len);

	/* For an empty string, compare the byte at its end. */
	if (form >= BPF_STRING && c->byte)
		return ret;
	return bpf_length(form, ret, c->len);
}

/* @want is for strings; an error is the same for memory. */
static const struct lock_case reads[] = {
	{ .name = "resident", .prepare = prepare_resident,
	  .offset = PAGE - 50, .len = 200, .want = 199, .fast = true },
	{ .name = "untouched", .prepare = prepare_untouched,
	  .offset = PAGE - 50, .len = 200, .want = 1, .byte = byte_zero,
	  .fast = true },
	{ .name = "untouched, where a huge page fits",
	  .prepare = prepare_huge_untouched, .offset = PAGE - 50, .len = 200,
	  .want = 1, .byte = byte_zero },
	{ .name = "swapped out", .prepare = prepare_swapped,
	  .offset = PAGE - 50, .len = 200, .want = 199, .fast = true },
	{ .name = "many pages, there", .prepare = prepare_many,
	  .offset = 100, .len = 20 * PAGE, .want = 20 * PAGE - 1,
	  .fast = true },
	{ .name = "many pages, swapped out", .prepare = prepare_many_swapped,
	  .offset = 100, .len = 20 * PAGE, .want = 20 * PAGE - 1,
	  .fast = true },
	{ .name = "a file that is not mapped", .prepare = prepare_file,
	  .offset = PAGE - 50, .len = 200, .want = 199, .fast = true },
	{ .name = "hugetlb", .prepare = prepare_hugetlb,
	  .offset = PAGE - 50, .len = 200, .want = 199, .fast = true },
	{ .name = "PROT_NONE", .prepare = prepare_no_access, .len = 200,
	  .want = -EFAULT, .fast = true },
	{ .name = "nothing mapped", .prepare = prepare_nothing, .len = 200,
	  .want = -EFAULT, .fast_if_read = true },
	{ .name = "into a hole", .prepare = prepare_resident,
	  .offset = SIZE - 50, .len = 200, .want = -EFAULT,
	  .fast_if_read = true },
	{ .name = "two VMAs", .prepare = prepare_two_vmas,
	  .offset = SIZE / 2 - 50, .len = 200, .want = 199 },
};

static struct lock_case make_case(const struct lock_case *from,
				  enum bpf_form form)
{
	struct lock_case c = *from;
	char *name;

	if (asprintf(&name, "%s: %s", bpf_form_names[form], from->name) < 0)
		die("no memory");
	c.name = name;
	c.how = MEM;
	c.read = read_by_bpf;
	c.segment = form;
	if (form < BPF_STRING && c.want > 0)
		c.want = 0;
	return c;
}

static void lacking(void **state)
{
	skip_lacking(*state);
}

#define NR_READS	ARRAY_SIZE(reads)

int main(int argc, char **argv)
{
	static struct lock_case cases[NR_BPF_FORMS * NR_READS];
	static struct CMUnitTest more[NR_BPF_FORMS];
	size_t nr = 0, nr_more = 0;

	select_tests(argc, argv);
	bpf_start();
	for (enum bpf_form form = 0; form < NR_BPF_FORMS; form++) {
		const char *lacks_what = bpf_lacks(form);

		if (lacks_what) {
			more[nr_more++] = (struct CMUnitTest){
				.name = bpf_form_names[form],
				.test_func = lacking,
				.initial_state = (void *)lacks_what,
			};
			continue;
		}
		for (size_t i = 0; i < NR_READS; i++)
			cases[nr++] = make_case(&reads[i], form);
	}
	return lock_main(cases, nr, more, nr_more);
}
