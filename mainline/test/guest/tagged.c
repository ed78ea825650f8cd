// SPDX-License-Identifier: GPL-2.0
/*
 * Reads through tagged addresses, and of memory that has tags (MTE). On arm64
 * the highest byte of an address is a tag that the MMU ignores. For x86 and LAM
 * there are cases in semantics-range and semantics-readv.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cases.h"

#define TAG(byte)		((unsigned long)(byte) << 56)
#define KERNEL_HALF		(1UL << 55)

/* Not in all headers. */
#define PROT_MTE_MEMORY		0x20
#define HWCAP2_MTE_BIT		(1UL << 18)
#define TAGGED_ADDR_CTRL	55
#define TAGGED_ADDR_ENABLE	1UL
#define TCF_SYNC		(1UL << 1)
#define TAG_SHIFT		3

static void tag(struct target *t, void *p, unsigned long bits)
{
#ifndef __aarch64__
	lacks(t, "addresses of which the highest byte is ignored");
#endif
	t->addr = (unsigned long)p | bits;
}

/* Pages, then another VMA, of which the second page is not there, and a hole. */
static char *map_area(struct target *t)
{
	char *p = map(t, 5 * PAGE);

	pattern_fill(p, 3 * PAGE);
	if (mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ) ||
	    munmap(p + 4 * PAGE, PAGE))
		broken(t, "the area");
	return p;
}

static void prepare_low(struct target *t)
{
	tag(t, map_area(t), TAG(0x01));
}

static void prepare_middle(struct target *t)
{
	tag(t, map_area(t), TAG(0x5a));
}

static void prepare_all_ones(struct target *t)
{
	tag(t, map_area(t), TAG(0xff));
}

/* With this bit set, it is no address of a process, with or without a tag. */
static void prepare_kernel_half(struct target *t)
{
	tag(t, map_area(t), TAG(0x5a) | KERNEL_HALF);
}

static void prepare_file(struct target *t)
{
	int fd = memfd_create("test", 0);
	char *p;

	if (fd < 0 || ftruncate(fd, 2 * PAGE))
		broken(t, "memfd");
	p = map_at(t, 0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	pattern_fill(p, PAGE);
	tag(t, p, TAG(0x5a));
}

static void prepare_untouched(struct target *t)
{
	tag(t, map(t, PAGE), TAG(0x5a));
}

#ifdef __aarch64__
/* Every 16 bytes get the tag that is in @p. */
__attribute__((target("arch=armv8.5-a+memtag")))
static void set_tags(char *p, size_t size)
{
	for (size_t i = 0; i < size; i += 16)
		asm volatile("stg %0, [%0]" : : "r" (p + i) : "memory");
}
#else
static void set_tags(char *p, size_t size)
{
	(void)p;
	(void)size;
}
#endif

static char *map_mte(struct target *t)
{
	if (!(getauxval(AT_HWCAP2) & HWCAP2_MTE_BIT))
		lacks(t, "MTE");
	if (prctl(TAGGED_ADDR_CTRL, TAGGED_ADDR_ENABLE | TCF_SYNC |
		  0xfffeUL << TAG_SHIFT, 0, 0, 0))
		broken(t, "PR_SET_TAGGED_ADDR_CTRL");
	return map_at(t, 0, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_MTE_MEMORY,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* The first page has tags. The second, which is not there, would get some. */
static void prepare_mte(struct target *t, unsigned long bits)
{
	char *p;

	/* Where the compiler may not know which bits are the address. */
#ifndef __aarch64__
	tag(t, NULL, 0);
#endif
	p = map_mte(t);
	p = (char *)((unsigned long)p | TAG(0x05));
	set_tags(p, PAGE);
	pattern_fill(p, PAGE);
	t->addr = ((unsigned long)p & ~TAG(0xff)) | bits;
}

static void prepare_mte_same(struct target *t)
{
	prepare_mte(t, TAG(0x05));
}

/* A load by the process itself would get a signal. */
static void prepare_mte_other(struct target *t)
{
	prepare_mte(t, TAG(0x03));
}

static void prepare_mte_none(struct target *t)
{
	prepare_mte(t, 0);
}

#define CASE(_name, _prepare, _how, _offset, _len, _want, _content) \
	{ .name = _name, .prepare = _prepare, .how = _how, .offset = _offset, \
	  .len = _len, .want = _want, .content = _content, \
	  .events = ANY_EVENTS }
/* A word by each interface. */
#define WORDS(_name, _prepare, _offset, _content)			\
	CASE(_name ", mem", _prepare, MEM, _offset, 8, 8, _content),	\
	CASE(_name ", readv", _prepare, READV, _offset, 8, 8, _content), \
	CASE(_name ", PEEKDATA", _prepare, PEEKDATA, _offset, 8, 8, _content)
/* By those of any length. */
#define SPANS(_name, _prepare, _offset, _len, _want, _want_readv)	\
	CASE(_name ", mem", _prepare, MEM, _offset, _len, _want,	\
	     ANYTHING),							\
	CASE(_name ", readv", _prepare, READV, _offset, _len,		\
	     _want_readv, ANYTHING)

static const struct read_case cases[] = {
	WORDS("a low tag", prepare_low, 16, PATTERN),
	WORDS("a tag", prepare_middle, 16, PATTERN),
	WORDS("a tag, two pages", prepare_middle, PAGE - 4, PATTERN),
	WORDS("a tag, two VMAs", prepare_middle, 2 * PAGE - 4, PATTERN),
	WORDS("a tag, shared file", prepare_file, 16, PATTERN),
	WORDS("a tag, file page not mapped", prepare_file, PAGE + 16,
	      ZEROS),
	WORDS("a tag, untouched", prepare_untouched, 16, ZEROS),
	WORDS("all bits", prepare_all_ones, 16, PATTERN),
	SPANS("a tag, several pages", prepare_middle, 100, 2 * PAGE,
	      2 * PAGE, 2 * PAGE),
	SPANS("a tag, into a hole", prepare_middle, 3 * PAGE, 2 * PAGE, PAGE,
	      PAGE),
	SPANS("a tag, a hole", prepare_middle, 4 * PAGE, 8, -EIO, -EFAULT),
	SPANS("the kernel's half", prepare_kernel_half, 16, 8, -EIO,
	      -EFAULT),
	CASE("the kernel's half, PEEKDATA", prepare_kernel_half, PEEKDATA, 16,
	     8, -EIO, ANYTHING),
	WORDS("MTE, the tag of the memory", prepare_mte_same, 16, PATTERN),
	WORDS("MTE, another tag", prepare_mte_other, 16, PATTERN),
	WORDS("MTE, no tag", prepare_mte_none, 16, PATTERN),
	WORDS("MTE, untouched", prepare_mte_other, PAGE + 16, ZEROS),
};

int main(void)
{
	return run_cases(cases, ARRAY_SIZE(cases));
}
