// SPDX-License-Identifier: GPL-2.0
/*
 * With the target's mmap lock held on purpose: what the fast path serves comes
 * back while it is still held; everything else is seen waiting for it, and is
 * right once it is let go. No time is measured.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hold.h"
#include "reader.h"
#include "target.h"
#include "vmapeek.h"

#define LARGE		(64 * KIB)
#define TIME_LIMIT	280	/* seconds; only a failure takes so long */

/* Resident, then a page that is not, then another VMA. */
static void prepare(struct target *t)
{
	char *p = map(t, LARGE + 3 * PAGE);

	pattern_fill(p, LARGE);
	memset(p + LARGE + 2 * PAGE, 1, PAGE);
	if (mprotect(p + LARGE + 2 * PAGE, PAGE, PROT_READ))
		broken(t, "mprotect");
	t->addr = (unsigned long)p;

	if (!show_memory(true, t->addr, t->addr + LARGE))
		broken(t, "PR_SET_MM");
}

enum content { PATTERN, ZEROS, IS_TITLE, ONES };

struct lock_case {
	const char *name;
	enum interface how;
	long offset;
	size_t len;
	enum content content;
	bool fast;
	bool of_title;		/* the target is a process with a title */
	bool step;		/* instead of a read, let the target step */
};

static const struct lock_case cases[] = {
	{ "mem, 8 bytes", MEM, 64, 8, PATTERN, .fast = true },
	{ "mem, 64 KiB", MEM, 0, LARGE, PATTERN, .fast = true },
	{ "mem, traced", MEM_TRACED, 64, 8, PATTERN, .fast = true },
	{ "PEEKDATA", PEEKDATA, 64, 8, PATTERN, .fast = true },
	{ "PEEKTEXT", PEEKTEXT, 64, 8, PATTERN, .fast = true },
	{ "environ", ENVIRON, 0, LARGE, PATTERN, .fast = true },
	{ "cmdline of a process with a title", CMDLINE, 0, sizeof(TITLE),
	  IS_TITLE, .fast = true, .of_title = true },
	/* The kernel reads the instruction, by access_process_vm(). */
	{ "single step", PEEKDATA, 0, 0, PATTERN, .fast = true, .step = true },
	{ "a page that is not present", MEM, LARGE, 8, ZEROS,
	  .fast = false },
	{ "a page that is not present, PEEKDATA", PEEKDATA, LARGE, 8, ZEROS,
	  .fast = false },
	{ "two VMAs", PEEKDATA, LARGE + 2 * PAGE - 4, 8, ONES,
	  .fast = false },
};

struct result {
	ssize_t n;
	unsigned char bytes[LARGE];
};

static struct target *target;
static struct result *result;

/*
 * The reader opens and attaches before the lock is held, as only the read is
 * of interest, and reads when told to.
 */
static pid_t reader_start(const struct lock_case *c, pid_t pid, int *go)
{
	int opened[2], start[2];
	struct reader r;
	char byte;
	pid_t reader;

	if (pipe(opened) || pipe(start))
		die("pipe: %s", strerror(errno));
	memset(result, 0, sizeof(*result));
	fflush(stdout);
	reader = fork();
	if (!reader) {
		unsigned long addr = c->offset;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (c->how != CMDLINE && c->how != ENVIRON)
			addr += target->addr;
		result->n = reader_open(&r, c->how, pid);
		close(start[1]);
		if (write(opened[1], "o", 1) != 1 ||
		    read(start[0], &byte, 1) != 1)
			_exit(1);
		if (c->step)
			result->n = ptrace(PTRACE_SINGLESTEP, pid, 0, 0) ?
					    -errno : 0;
		else if (!result->n)
			result->n = reader_read(&r, addr, result->bytes,
						c->len);
		_exit(0);
	}
	close(start[0]);
	close(opened[1]);
	if (read(opened[0], &byte, 1) != 1)
		die("the reader died");
	close(opened[0]);
	*go = start[1];
	return reader;
}

/* Until the reader has ended or is seen waiting for the mmap lock. */
static bool reader_ended(pid_t reader)
{
	for (;;) {
		if (waitpid(reader, NULL, WNOHANG) == reader)
			return true;
		if (waits_for_mmap_lock(reader))
			return false;
		sched_yield();
	}
}

static void check_content(const struct lock_case *c)
{
	static const unsigned char ones[] = { 0, 0, 0, 0, 1, 1, 1, 1 };
	static const unsigned char zeros[8];

	assert_int_equal(result->n, c->len);
	switch (c->content) {
	case IS_TITLE:
		assert_memory_equal(result->bytes, TITLE, sizeof(TITLE));
		break;
	case ZEROS:
		assert_memory_equal(result->bytes, zeros, c->len);
		break;
	case ONES:
		assert_memory_equal(result->bytes, ones, c->len);
		break;
	case PATTERN:
		for (size_t i = 0; i < c->len; i++)
			assert_int_equal(result->bytes[i],
					 pattern(c->offset + i));
		break;
	}
}

/* @mode: how the lock is held; for "read", a writer waits for it, too. */
static void run_held(const struct lock_case *c, const char *mode, bool fast)
{
	pid_t pid = c->of_title ? title_start(0) :
				  target_start(prepare, target);
	int hold, writer = -1, go;
	pid_t reader;
	bool ended;

	if (!c->of_title)
		assert_string_equal(target->broken, "");
	reader = reader_start(c, pid, &go);
	hold = hold_begin(mode, pid);
	hold_wait(hold, "held");
	if (!strcmp(mode, "read")) {
		writer = hold_begin("write", pid);
		hold_wait(writer, "queued");
	}

	if (write(go, "g", 1) != 1)
		die("the reader died");
	close(go);
	ended = reader_ended(reader);
	/* A claim about the lock is worth nothing once it is let go. */
	assert_true(hold_is(hold, "held"));
	if (writer >= 0)
		assert_true(hold_is(writer, "queued"));

	close(hold);
	if (writer >= 0)
		close(writer);
	if (!ended)
		waitpid(reader, NULL, 0);
	target_stop(pid);

	assert_int_equal(ended, fast);
	check_content(c);
}

/* The series for mainline faults under the VMA lock, too. */
static bool is_fast(const struct lock_case *c)
{
	return c->fast || (mainline() == PATCHED && c->content == ZEROS);
}

static void off_write(void **state)
{
	vmapeek_off();
	run_held(*state, "write", false);
}

static void off_read(void **state)
{
	vmapeek_off();
	run_held(*state, "read", false);
}

static void on_write(void **state)
{
	const struct lock_case *c = *state;

	vmapeek_on();
	run_held(c, "write", is_fast(c));
}

static void on_read(void **state)
{
	const struct lock_case *c = *state;

	vmapeek_on();
	run_held(c, "read", is_fast(c));
}

/*
 * A reader that waits in the slow path does not have vmapeek on its stack:
 * switching off does not wait for it.
 */
static void off_while_blocked(void **state)
{
	const struct lock_case *c = *state;
	pid_t pid, reader;
	int hold, go;

	vmapeek_on();
	pid = target_start(prepare, target);
	reader = reader_start(c, pid, &go);
	hold = hold_begin("write", pid);
	hold_wait(hold, "held");
	if (write(go, "g", 1) != 1)
		die("the reader died");
	assert_false(reader_ended(reader));

	alarm(60);
	vmapeek_off();
	alarm(TIME_LIMIT);
	assert_false(vmapeek_is_loaded());
	assert_true(waits_for_mmap_lock(reader));

	close(hold);
	waitpid(reader, NULL, 0);
	target_stop(pid);
	check_content(c);
}

/*
 * The case of an operator: readers already hang, and vmapeek is loaded. Those
 * go on waiting, new ones do not.
 */
static void on_while_blocked(void **state)
{
	const struct lock_case *c = *state;
	pid_t pid, old, new;
	int hold, go;

	vmapeek_off();
	pid = target_start(prepare, target);
	old = reader_start(&cases[0], pid, &go);
	hold = hold_begin("write", pid);
	hold_wait(hold, "held");
	if (write(go, "g", 1) != 1)
		die("the reader died");
	assert_false(reader_ended(old));

	vmapeek_on();
	new = reader_start(c, pid, &go);
	if (write(go, "g", 1) != 1)
		die("the reader died");
	assert_true(reader_ended(new));
	assert_true(hold_is(hold, "held"));
	check_content(c);
	assert_true(waits_for_mmap_lock(old));

	close(hold);
	waitpid(old, NULL, 0);
	target_stop(pid);
	check_content(&cases[0]);
}

#define PASSES	4
#define COUNT	(sizeof(cases) / sizeof(cases[0]))

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		CMUnitTestFunction run;
		enum mainline not_on;
	} passes[PASSES] = {
		{ "off, held for write", off_write, PATCHED },
		{ "off, held for read, a writer waits", off_read, PATCHED },
		{ "on, held for write", on_write, CONTROL },
		{ "on, held for read, a writer waits", on_read, CONTROL },
	};
	static struct CMUnitTest tests[PASSES * COUNT + 2];
	static char names[PASSES * COUNT][96];
	size_t n = 0;

	if (argc > 1)
		title_main(argv);
	alarm(TIME_LIMIT);
	target = target_alloc();
	result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (result == MAP_FAILED)
		die("no memory");

	for (size_t p = 0; p < PASSES; p++) {
		if (mainline() == passes[p].not_on)
			continue;
		for (size_t i = 0; i < COUNT; i++, n++) {
			snprintf(names[n], sizeof(names[n]), "%s: %s",
				 passes[p].name, cases[i].name);
			tests[n].name = names[n];
			tests[n].test_func = passes[p].run;
			tests[n].initial_state = (void *)&cases[i];
		}
	}
	if (mainline() == MODULE) {
		tests[n].name = "switching off while a reader waits";
		tests[n].test_func = off_while_blocked;
		tests[n++].initial_state = (void *)&cases[COUNT - 1];
		tests[n].name = "loading while a reader waits";
		tests[n].test_func = on_while_blocked;
		tests[n++].initial_state = (void *)&cases[1];
	}

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("lock", tests, n, NULL, NULL);
}
