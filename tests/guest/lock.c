// SPDX-License-Identifier: GPL-2.0
/*
 * /proc and ptrace while the target's mmap lock is held, see lib/lock-cases.h;
 * switching on and off while a reader waits for the lock.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hold.h"
#include "lock-cases.h"
#include "readv.h"
#include "run.h"
#include "vmapeek.h"

#define LARGE		(64 * KIB)

/* Resident memory, then an absent page, then another VMA. */
static void prepare_memory(struct target *t)
{
	char *p = map(t, LARGE + 3 * PAGE);

	pattern_fill(p, LARGE);
	memset(p + LARGE + 2 * PAGE, 1, PAGE);
	if (mprotect(p + LARGE + 2 * PAGE, PAGE, PROT_READ))
		broken(t, "mprotect");
	t->addr = (unsigned long)p;
}

static void prepare(struct target *t)
{
	prepare_memory(t);
	if (!show_memory(true, t->addr, t->addr + LARGE))
		broken(t, "PR_SET_MM");
}

/* A read of environ crosses the border of two VMAs. */
static void prepare_environ(struct target *t)
{
	prepare_memory(t);
	t->addr += LARGE + 2 * PAGE - 300;
	if (!show_memory(true, t->addr, t->addr + 400))
		broken(t, "PR_SET_MM");
}

/*
 * A read of cmdline crosses it, too; a last byte of 0 means that it is no
 * title.
 */
static void prepare_cmdline(struct target *t)
{
	char *second;

	prepare_memory(t);
	t->addr += LARGE + 2 * PAGE - 300;
	second = (char *)t->addr + 300;
	if (mprotect(second, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC))
		broken(t, "mprotect");
	second[99] = '\0';
	if (!show_memory(false, t->addr, t->addr + 400))
		broken(t, "PR_SET_MM");
}

PREPARE_KIND(swapped, SWAPPED, LARGE)
PREPARE_KIND(file, FILE_UNTOUCHED, LARGE)
PREPARE_KIND(past_end, FILE_ENDS, LARGE)
PREPARE_KIND(merged, MERGED, LARGE)
PREPARE_KIND(hugetlb, HUGETLB, HUGE_PAGE)
PREPARE_KIND(secret, SECRET, LARGE)
PREPARE_KIND(untouched, UNTOUCHED, LARGE)
PREPARE_KIND(forked, FORKED, LARGE)

/* For cmdline and environ, which show the memory from its start. */
#define PREPARE_SHOWN(_name)						\
	static void prepare_shown_##_name(struct target *t)		\
	{								\
		prepare_##_name(t);					\
		show_both(t);						\
	}

static void show_both(struct target *t)
{
	if (!show_memory(false, t->addr, t->addr + LARGE) ||
	    !show_memory(true, t->addr, t->addr + LARGE))
		broken(t, "PR_SET_MM");
}

PREPARE_SHOWN(swapped)
PREPARE_SHOWN(untouched)
PREPARE_SHOWN(forked)
PREPARE_SHOWN(merged)
PREPARE_SHOWN(nothing)

/* All pages have the same content. */
static unsigned char byte_merged(unsigned long offset)
{
	return pattern(offset % PAGE);
}

/* After the resident pages: two pages of zeros, then ones. */
static unsigned char byte_behind(unsigned long offset)
{
	return offset >= LARGE + 2 * PAGE;
}

static unsigned char byte_of_environ(unsigned long offset)
{
	return byte_behind(offset + LARGE + 2 * PAGE - 300);
}

static unsigned char byte_of_cmdline(unsigned long offset)
{
	return offset < 399 && byte_of_environ(offset);
}

static unsigned char byte_of_title(unsigned long offset)
{
	return TITLE[offset];
}

/* The kernel reads the instruction, by access_process_vm(). */
static long single_step(const struct lock_case *c, pid_t pid,
			unsigned long addr, void *buf)
{
	(void)c;
	(void)addr;
	(void)buf;
	return ptrace(PTRACE_SINGLESTEP, pid, 0, 0) ? -errno : 0;
}

#define BY_PROC(_name, _prepare, ...)					\
	{ .name = _name ", mem", .prepare = _prepare, .how = MEM,	\
	  .offset = 64, .len = 8, __VA_ARGS__ },			\
	{ .name = _name ", PEEKDATA", .prepare = _prepare,		\
	  .how = PEEKDATA, .offset = 64, .len = 8, __VA_ARGS__ }
#define REFUSED(_name, _prepare, ...)					\
	{ .name = _name ", mem", .prepare = _prepare, .how = MEM,	\
	  .len = 8, .want = -EIO, __VA_ARGS__ },			\
	{ .name = _name ", PEEKDATA", .prepare = _prepare,		\
	  .how = PEEKDATA, .len = 8, .want = -EIO, __VA_ARGS__ }
/* Arguments without a final NUL byte are a title. */
#define BY_SHOWN(_name, _prepare, ...)					\
	{ .name = _name ", environ", .prepare = _prepare,		\
	  .how = ENVIRON, .offset = 64, .len = PAGE, __VA_ARGS__ },	\
	{ .name = _name ", cmdline", .prepare = _prepare,		\
	  .how = CMDLINE, .offset = 64, .len = 8, __VA_ARGS__ }
#define MEM_64K		0
#define TWO_VMAS	1
#define TWO_VMAS_MEM	2
#define TWO_VMAS_LONG	3
#define TWO_VMAS_ENV	4
#define TWO_VMAS_CMD	5
#define PEEK		6
#define ENV_64K		7
#define WITH_TITLE	8

static const struct lock_case cases[] = {
	[MEM_64K] = { .name = "mem, 64 KiB", .prepare = prepare, .how = MEM,
		      .len = LARGE, .fast = true },
	[TWO_VMAS] = { .name = "two VMAs", .prepare = prepare,
		       .how = PEEKDATA, .offset = LARGE + 2 * PAGE - 4,
		       .len = 8, .byte = byte_behind },
	[TWO_VMAS_MEM] = { .name = "two VMAs, mem", .prepare = prepare,
			   .how = MEM, .offset = LARGE + 2 * PAGE - 4,
			   .len = 8, .byte = byte_behind },
	[TWO_VMAS_LONG] = { .name = "two VMAs, mem, 400 bytes",
			    .prepare = prepare, .how = MEM,
			    .offset = LARGE + 2 * PAGE - 300, .len = 400,
			    .byte = byte_behind },
	[TWO_VMAS_ENV] = { .name = "two VMAs, environ",
			   .prepare = prepare_environ, .how = ENVIRON,
			   .len = 400, .byte = byte_of_environ },
	[TWO_VMAS_CMD] = { .name = "two VMAs, cmdline",
			   .prepare = prepare_cmdline, .how = CMDLINE,
			   .len = 400, .byte = byte_of_cmdline },
	[PEEK] = { .name = "PEEKDATA", .prepare = prepare, .how = PEEKDATA,
		   .offset = 64, .len = 8, .fast = true },
	[ENV_64K] = { .name = "environ", .prepare = prepare, .how = ENVIRON,
		      .len = LARGE, .fast = true },
	[WITH_TITLE] = { .name = "cmdline of a process with a title",
			 .how = CMDLINE, .len = sizeof(TITLE),
			 .byte = byte_of_title, .fast = true },
	{ .name = "mem, 8 bytes", .prepare = prepare, .how = MEM,
	  .offset = 64, .len = 8, .fast = true },
	{ .name = "mem, traced", .prepare = prepare, .how = MEM_TRACED,
	  .offset = 64, .len = 8, .fast = true },
	{ .name = "PEEKTEXT", .prepare = prepare, .how = PEEKTEXT,
	  .offset = 64, .len = 8, .fast = true },
	{ .name = "single step", .prepare = prepare, .how = PEEKDATA,
	  .read = single_step, .fast = true },
	BY_PROC("swapped out", prepare_swapped, .fast = true),
	BY_PROC("a file that is not mapped", prepare_file, .fast = true),
	BY_PROC("KSM", prepare_merged, .byte = byte_merged, .fast = true),
	BY_PROC("hugetlb", prepare_hugetlb, .fast = true),
	BY_PROC("shared with a child", prepare_forked, .fast = true),
	BY_SHOWN("swapped out", prepare_shown_swapped, .fast = true),
	BY_SHOWN("untouched", prepare_shown_untouched, .byte = byte_zero,
		 .fast = true),
	BY_SHOWN("shared with a child", prepare_shown_forked, .fast = true),
	BY_SHOWN("KSM", prepare_shown_merged, .byte = byte_merged,
		 .fast = true),
	BY_PROC("untouched, where a huge page fits", prepare_huge_untouched,
		.byte = byte_zero),
	REFUSED("past the end of a file", prepare_past_end,
		.offset = LARGE / 2, .fast = true),
	REFUSED("secret memory", prepare_secret, .fast = true),
	REFUSED("nothing mapped", prepare_nothing, .fast_if_read = true),
	{ .name = "nothing mapped, environ", .prepare = prepare_shown_nothing,
	  .how = ENVIRON, .len = 8, .want = NO_BYTES, .fast_if_read = true },
	{ .name = "nothing mapped, cmdline", .prepare = prepare_shown_nothing,
	  .how = CMDLINE, .len = 8, .want = NO_BYTES, .fast_if_read = true },
	{ .name = "a page that is not present", .prepare = prepare,
	  .how = MEM, .offset = LARGE, .len = 8, .byte = byte_behind,
	  .fast = true },
	{ .name = "a page that is not present, PEEKDATA", .prepare = prepare,
	  .how = PEEKDATA, .offset = LARGE, .len = 8, .byte = byte_behind,
	  .fast = true },
};

/*
 * A reader that waits in the slow path has no function of vmapeek on its stack,
 * so it does not delay switching off.
 */
static void off_while_blocked(void **state)
{
	const struct lock_case *c = *state;
	struct lock_reader r;
	pid_t pid;
	int hold;

	vmapeek_on();
	pid = lock_target(c);
	r = lock_reader_blocked(c, pid, &hold);

	vmapeek_off();
	assert_false(vmapeek_is_loaded());
	assert_true(waits_for_mmap_lock(r.pid));

	close(hold);
	waitpid(r.pid, NULL, 0);
	target_stop(pid);
	lock_reader_check(c, &r);
}

/*
 * An operator's case: readers hang already, and then vmapeek is loaded. They do
 * not delay the transition, because no replaced function is on their stacks.
 * They continue to wait; new readers do not wait.
 */
static void on_while_blocked(void **state)
{
	const struct lock_case *c = *state, *other = c;
	struct lock_reader old, new;
	pid_t pid;
	int hold;

	if (!has_tail_calls())
		skip_lacking("tail calls");
	/* A process can have only one tracer. */
	if (c->how == PEEKDATA)
		other = &cases[MEM_64K];
	vmapeek_off();
	pid = lock_target(c);
	old = lock_reader_blocked(c, pid, &hold);

	vmapeek_on();
	new = lock_reader_start(other, pid);
	lock_reader_go(&new);
	assert_true(ends_without_mmap_lock(new.pid));
	assert_true(hold_is(hold, "held"));
	lock_reader_check(other, &new);
	assert_true(waits_for_mmap_lock(old.pid));

	close(hold);
	waitpid(old.pid, NULL, 0);
	target_stop(pid);
	lock_reader_check(c, &old);
}

static unsigned long faults(void)
{
	char text[32];

	if (!read_line("/sys/module/vmapeek/stats/faults", text, sizeof(text)))
		die("no counter of faults");
	return strtoul(text, NULL, 10);
}

/*
 * A short read of mem that takes the slow path passes both replaced functions,
 * and tries the fast path once.
 */
static void tried_once(void **state)
{
	static const struct lock_case untouched = {
		.prepare = prepare_huge_untouched, .how = MEM, .len = 8,
		.byte = byte_zero,
	};
	unsigned long before;
	struct lock_reader r;
	pid_t pid;
	int hold;

	(void)state;
	vmapeek_on();
	pid = lock_target(&untouched);
	before = faults();
	r = lock_reader_blocked(&untouched, pid, &hold);
	assert_int_equal(faults() - before, 1);

	close(hold);
	waitpid(r.pid, NULL, 0);
	target_stop(pid);
	lock_reader_check(&untouched, &r);
}

int main(int argc, char **argv)
{
#define OFF(_case, _what)						\
	{ .name = "switching off while a reader of " _what " waits",	\
	  .test_func = off_while_blocked,				\
	  .initial_state = (void *)&cases[_case] }
#define LOADING(_case, _what)						\
	{ .name = "loading while a reader of " _what " waits",		\
	  .test_func = on_while_blocked,				\
	  .initial_state = (void *)&cases[_case] }
	static const struct CMUnitTest more[] = {
		OFF(TWO_VMAS, "PEEKDATA"),
		OFF(TWO_VMAS_MEM, "mem"),
		OFF(TWO_VMAS_LONG, "mem, 400 bytes"),
		OFF(TWO_VMAS_ENV, "environ"),
		OFF(TWO_VMAS_CMD, "cmdline"),
		LOADING(MEM_64K, "mem"),
		LOADING(PEEK, "PEEKDATA"),
		LOADING(ENV_64K, "environ"),
		LOADING(WITH_TITLE, "cmdline"),
		{ .name = "a fault that needs the mmap lock is tried once",
		  .test_func = tried_once },
	};

	title_main(argc, argv);
	select_tests(argc, argv);
	return lock_main(cases, ARRAY_SIZE(cases), more,
			 mainline() == MODULE ? ARRAY_SIZE(more) : 0);
}
