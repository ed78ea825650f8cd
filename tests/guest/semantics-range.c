// SPDX-License-Identifier: GPL-2.0
/* Lengths, ends of mappings and of the address space, stacks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cases.h"
#include "run.h"

#define LAST_PAGE	0x7fffffffe000UL
#define KERNEL_ADDR	0xffff888000000000UL
#define VSYSCALL_ADDR	0xffffffffff600000UL

static void prepare_large(struct target *t)
{
	void *p = map(t, MIB + PAGE);

	pattern_fill(p, MIB + PAGE);
	t->addr = (unsigned long)p;
}

/* Two adjacent VMAs, both resident. */
static void two_vmas(struct target *t, int second_prot)
{
	char *p = map(t, 2 * PAGE);

	pattern_fill(p, 2 * PAGE);
	if (mprotect(p + PAGE, PAGE, second_prot))
		broken(t, "mprotect");
	t->addr = (unsigned long)p;
}

static void prepare_two_vmas(struct target *t)
{
	two_vmas(t, PROT_READ);
}

/* The first VMA is followed by secret memory, which nobody may read. */
static void prepare_then_secret(struct target *t)
{
	char *p = map(t, PAGE);
	int fd = syscall(SYS_memfd_secret, 0);

	if (fd < 0)
		lacks(t, "secret memory");
	if (ftruncate(fd, PAGE))
		broken(t, "secret memory");
	pattern_fill(p, PAGE);
	memset(map_at(t, (unsigned long)p + PAGE, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd), 1, PAGE);
	t->addr = (unsigned long)p;
}

static void prepare_then_hole(struct target *t)
{
	char *p = map(t, 2 * PAGE);

	pattern_fill(p, 2 * PAGE);
	t->addr = (unsigned long)p;
}

/* A stack that can grow, @gap bytes above the end of a mapping of @size. */
static void below_a_stack(struct target *t, size_t size, size_t gap)
{
	char *p = map_at(t, 0, 64 * MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *stack = p + size + gap;

	munmap(p + size, 64 * MIB - size);
	pattern_fill(p, size);
	memset(map_at(t, (unsigned long)stack, PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1), 1,
	       PAGE);
	t->addr = (unsigned long)p;
	t->size = size + gap;
}

/*
 * Within the guard gap, so the stack does not grow to the mapping. Not so near
 * that the kernel warns of a program that relies on growth.
 */
#define NEAR	(32 * PAGE)

static void prepare_then_stack(struct target *t)
{
	below_a_stack(t, PAGE, NEAR);
}

/* Far enough that the stack grows down to the end of the mapping. */
static void prepare_then_far_stack(struct target *t)
{
	below_a_stack(t, PAGE, 8 * MIB);
}

/*
 * As prepare_then_stack(), but the mapping below is inaccessible, so that no
 * guard gap is required: the slow path grows the stack and returns zeros.
 */
static void prepare_then_growing_stack(struct target *t)
{
	below_a_stack(t, PAGE, NEAR);
	if (mprotect((void *)t->addr, PAGE, PROT_NONE))
		broken(t, "mprotect");
}

static void prepare_below_stack(struct target *t)
{
	below_a_stack(t, PAGE, 8 * MIB);
	t->addr += t->size - PAGE;
}

/* The start of the stack above target.addr. */
static long stack_start(pid_t pid, const struct target *t)
{
	unsigned long start, end, found = 0;
	char path[64], line[256];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	while (!found && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2 &&
		    end > t->addr + PAGE)
			found = start;
	}
	fclose(maps);
	/* Addresses vary from run to run, offsets do not. */
	return found - t->addr;
}

/* The end of the initial stack, with the kernel's data. */
static void prepare_stack_end(struct target *t)
{
	unsigned long start, end = 0;
	char line[256];
	FILE *maps = fopen("/proc/self/maps", "r");

	while (fgets(line, sizeof(line), maps)) {
		if (strstr(line, "[stack]"))
			sscanf(line, "%lx-%lx", &start, &end);
	}
	fclose(maps);
	if (!end)
		broken(t, "no stack");
	t->addr = end;
}

static void prepare_last_page(struct target *t)
{
	char *p = map_at(t, LAST_PAGE, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);

	pattern_fill(p, PAGE);
	t->addr = LAST_PAGE;
}

static void prepare_nothing(struct target *t)
{
	t->addr = 0;
}

static void prepare_tagged(struct target *t)
{
	prepare_large(t);
	tag_address(t);
}

#define LENGTH(_len, _how, _name)					\
	{ .name = _name ", " #_len " bytes", .prepare = prepare_large,	\
	  .how = _how, .len = _len, .want = _len,			\
	  .events = (_len) ? EV(FAST) : NO_EVENTS }
#define LENGTHS(_how, _name)						\
	LENGTH(0, _how, _name), LENGTH(1, _how, _name),			\
	LENGTH(4095, _how, _name), LENGTH(4096, _how, _name),		\
	LENGTH(4097, _how, _name), LENGTH(65536, _how, _name),		\
	LENGTH(1048576, _how, _name)

static const struct read_case cases[] = {
	LENGTHS(MEM, "mem"),
	LENGTHS(MEM_TRACED, "mem, traced"),
	{ .name = "PEEKDATA", .prepare = prepare_large, .how = PEEKDATA,
	  .offset = 16, .len = 8, .want = 8, .events = EV(FAST) },
	{ .name = "PEEKTEXT", .prepare = prepare_large, .how = PEEKTEXT,
	  .offset = 16, .len = 8, .want = 8, .events = EV(FAST) },
	{ .name = "PEEKDATA, not aligned, across pages",
	  .prepare = prepare_large, .how = PEEKDATA, .offset = PAGE - 3,
	  .len = 8, .want = 8, .events = EV(FAST) },

	{ .name = "two VMAs", .prepare = prepare_two_vmas, .how = MEM,
	  .offset = 3996, .len = 200, .want = 200, .events = EV(LEAVES_VMA) },
	{ .name = "two VMAs, PEEKDATA", .prepare = prepare_two_vmas,
	  .how = PEEKDATA, .offset = PAGE - 4, .len = 8, .want = 8,
	  .events = EV(LEAVES_VMA) },
	{ .name = "a VMA, then secret memory", .prepare = prepare_then_secret,
	  .how = MEM, .offset = 3996, .len = 200, .want = 100,
	  .events = EV(LEAVES_VMA) | EV(FAST) },
	{ .name = "a VMA, then secret memory, PEEKDATA",
	  .prepare = prepare_then_secret, .how = PEEKDATA, .offset = PAGE - 4,
	  .len = 8, .want = -EIO, .content = ANYTHING,
	  .events = EV(LEAVES_VMA) },
	{ .name = "a VMA, then a hole", .prepare = prepare_then_hole,
	  .how = MEM, .offset = 8092, .len = 200, .want = 100,
	  .events = EV(FAST) },
	{ .name = "a VMA, then a hole, PEEKDATA", .prepare = prepare_then_hole,
	  .how = PEEKDATA, .offset = 2 * PAGE - 4, .len = 8, .want = -EIO,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "a hole below a stack", .prepare = prepare_then_stack,
	  .how = MEM, .offset = 3996, .len = 200, .want = 100,
	  .content = PATTERN, .events = EV(LEAVES_VMA) | EV(NO_VMA),
	  .extra = stack_start },
	{ .name = "a hole far below a stack",
	  .prepare = prepare_then_far_stack, .how = MEM, .offset = 3996,
	  .len = 200, .want = COMPARE, .content = ANYTHING,
	  .events = ANY_EVENTS, .extra = stack_start },
	{ .name = "a hole that a stack grows into",
	  .prepare = prepare_then_growing_stack, .how = PEEKDATA,
	  .offset = PAGE - 4, .len = 8, .want = 8, .content = ANYTHING,
	  .events = EV(LEAVES_VMA), .extra = stack_start },
	{ .name = "just below a stack, which grows",
	  .prepare = prepare_below_stack, .how = MEM, .len = 200,
	  .want = 200, .content = ZEROS, .events = EV(NO_VMA),
	  .extra = stack_start },
	{ .name = "the end of the stack", .prepare = prepare_stack_end,
	  .how = MEM, .offset = -8, .len = 100, .want = 8, .content = ANYTHING,
	  .events = EV(FAST) },

	{ .name = "last byte of the address space",
	  .prepare = prepare_last_page, .how = MEM, .offset = PAGE - 1,
	  .len = 1, .want = 1, .events = EV(FAST) },
	{ .name = "beyond the last byte of the address space",
	  .prepare = prepare_last_page, .how = MEM, .offset = PAGE - 1,
	  .len = 2, .want = 1, .events = EV(FAST) },
	{ .name = "address 0", .prepare = prepare_nothing, .how = MEM, .len = 8,
	  .want = -EIO, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "kernel address", .prepare = prepare_nothing, .how = MEM,
	  .offset = KERNEL_ADDR, .len = 8, .want = -EIO, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "kernel address, PEEKDATA", .prepare = prepare_nothing,
	  .how = PEEKDATA, .offset = KERNEL_ADDR, .len = 8, .want = -EIO,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "vsyscall page", .prepare = prepare_nothing, .how = MEM,
	  .offset = VSYSCALL_ADDR, .len = 8, .want = COMPARE,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "not canonical", .prepare = prepare_nothing, .how = PEEKDATA,
	  .offset = 1L << 60, .len = 8, .want = -EIO, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "the very last address", .prepare = prepare_nothing,
	  .how = PEEKDATA, .offset = -4, .len = 8, .want = -EIO,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "tagged address", .prepare = prepare_tagged, .how = PEEKDATA,
	  .len = 8, .want = 8, .events = EV(FAST) },
	{ .name = "tagged address, mem", .prepare = prepare_tagged, .how = MEM,
	  .offset = 100, .len = 2 * PAGE, .want = 2 * PAGE,
	  .events = EV(FAST) },
};

int main(int argc, char **argv)
{
	select_tests(argc, argv);
	return run_cases(cases, ARRAY_SIZE(cases));
}
