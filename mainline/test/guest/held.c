// SPDX-License-Identifier: GPL-2.0
/*
 * Reads of all kinds of memory by all interfaces while the target's mmap lock
 * is held for writing. With the series they come back meanwhile, without it
 * they wait. Then which lock was taken, by the events of /proc/vmstat.
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
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hold.h"
#include "readv.h"
#include "run.h"

#define OFFSET		64	/* of what is read; titles end with a page */
#define READS		500		/* per count of events */

enum bytes { PATTERN_BYTES, ZERO_BYTES, PAGE_PATTERN };

struct held_case {
	enum kind kind;
	size_t size;
	enum bytes content;
	bool anonymous;		/* cmdline and environ show it */
};

static const struct held_case held_cases[] = {
	{ ANON, 16 * PAGE, PATTERN_BYTES, true },
	{ SWAPPED, 16 * PAGE, PATTERN_BYTES, true },
	{ UNTOUCHED, 16 * PAGE, ZERO_BYTES, true },
	{ ZERO_PAGE, 16 * PAGE, ZERO_BYTES, true },
	{ HUGE, HUGE_PAGE, PATTERN_BYTES, true },
	{ HUGE_ZERO, HUGE_PAGE, ZERO_BYTES, true },
	{ MERGED, 16 * PAGE, PAGE_PATTERN, true },
	{ FORKED, 16 * PAGE, PATTERN_BYTES, true },
	{ SHARED, 16 * PAGE, PATTERN_BYTES, false },
	{ FILE_PRIVATE, 16 * PAGE, PATTERN_BYTES, false },
	{ FILE_UNTOUCHED, 16 * PAGE, PATTERN_BYTES, false },
	{ HUGETLB, HUGE_PAGE, PATTERN_BYTES, false },
};

static const enum interface interfaces[] = {
	MEM, PEEKDATA, CMDLINE, ENVIRON, READV,
};

#define NR_HELD		(ARRAY_SIZE(held_cases) * ARRAY_SIZE(interfaces))

static struct target *target;
static const struct held_case *wanted;

struct result {
	long n;
	unsigned char bytes[8];
};

static struct result *result;

static void prepare(struct target *t)
{
	kinds[wanted->kind].make(t, (char *)TARGET_AT, wanted->size);
	if (wanted->anonymous &&
	    (!show_memory(false, TARGET_AT, TARGET_AT + wanted->size) ||
	     !show_memory(true, TARGET_AT, TARGET_AT + wanted->size)))
		broken(t, "PR_SET_MM");
}

static unsigned long address(enum interface how)
{
	return OFFSET + (how == CMDLINE || how == ENVIRON ? 0 : TARGET_AT);
}

/* It opens or attaches before the lock is held, and reads when told to. */
static pid_t reader_start(enum interface how, pid_t pid, int *go)
{
	int opened[2], start[2];
	struct reader r;
	pid_t reader;
	char byte;

	if (pipe(opened) || pipe(start))
		die("pipe: %s", strerror(errno));
	memset(result, 0, sizeof(*result));
	fflush(stdout);
	reader = fork();
	if (!reader) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		result->n = reader_open(&r, how, pid);
		close(start[1]);
		if (write(opened[1], "o", 1) != 1 ||
		    read(start[0], &byte, 1) != 1)
			_exit(1);
		if (!result->n)
			result->n = reader_read(&r, address(how),
						result->bytes,
						sizeof(result->bytes));
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

static unsigned char expected(size_t i)
{
	if (wanted->content == ZERO_BYTES)
		return 0;
	i += OFFSET;
	return pattern(wanted->content == PAGE_PATTERN ? i % PAGE : i);
}

static void held(void **state)
{
	size_t nr = (size_t)*state;
	enum interface how = interfaces[nr % ARRAY_SIZE(interfaces)];
	int hold, go;
	pid_t pid, reader;
	bool ended;

	wanted = &held_cases[nr / ARRAY_SIZE(interfaces)];
	pid = target_start(prepare, target);
	assert_string_equal(target->broken, "");
	if (target->lacks[0]) {
		printf("# this kernel or machine lacks: %s\n", target->lacks);
		target_stop(pid);
		skip();
	}
	reader = reader_start(how, pid, &go);
	hold = hold_begin("write", pid);
	hold_wait(hold, "held");
	if (write(go, "g", 1) != 1)
		die("the reader died");
	close(go);
	ended = ends_without_mmap_lock(reader);
	/* A claim about the lock is worth nothing once it is let go. */
	assert_true(hold_is(hold, "held"));
	close(hold);
	if (!ended)
		waitpid(reader, NULL, 0);
	target_stop(pid);

	assert_int_equal(result->n, sizeof(result->bytes));
	for (size_t i = 0; i < sizeof(result->bytes); i++)
		assert_int_equal(result->bytes[i], expected(i));
	assert_int_equal(ended, mainline() == PATCHED);
}

static unsigned long vma_locks(void)
{
	FILE *file = fopen("/proc/vmstat", "r");
	unsigned long n = 0;
	char line[128];

	if (!file)
		die("/proc/vmstat: %s", strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "vma_lock_success %lu", &n) == 1)
			break;
	fclose(file);
	return n;
}

/* Two VMAs, and a hole behind. */
static void prepare_counted(struct target *t)
{
	char *at = (char *)TARGET_AT;

	kinds[ANON].make(t, at, 16 * PAGE);
	if (mprotect(at + 8 * PAGE, 8 * PAGE, PROT_READ))
		broken(t, "mprotect");
}

struct counted_case {
	const char *name;
	enum interface how;
	unsigned long addr;
	bool one_vma;
};

static const struct counted_case counted_cases[] = {
	{ "mem", MEM, TARGET_AT + 64, true },
	{ "PEEKDATA", PEEKDATA, TARGET_AT + 64, true },
	{ "process_vm_readv", READV, TARGET_AT + 64, true },
	{ "mem, two pages", MEM, TARGET_AT + PAGE - 4, true },
	{ "process_vm_readv, two pages", READV, TARGET_AT + PAGE - 4, true },
	{ "mem, two VMAs", MEM, TARGET_AT + 8 * PAGE - 4, false },
	{ "PEEKDATA, two VMAs", PEEKDATA, TARGET_AT + 8 * PAGE - 4, false },
	{ "process_vm_readv, two VMAs", READV, TARGET_AT + 8 * PAGE - 4, false },
};

/*
 * The events count page faults as well; there are far fewer of these while
 * nobody does anything but read.
 */
static void counted(void **state)
{
	const struct counted_case *c = *state;
	unsigned char bytes[8];
	unsigned long n;
	struct reader r;
	pid_t pid;

	pid = target_start(prepare_counted, target);
	assert_string_equal(target->broken, "");
	assert_int_equal(reader_open(&r, c->how, pid), 0);
	n = vma_locks();
	for (int i = 0; i < READS; i++)
		assert_int_equal(reader_read(&r, c->addr, bytes, 8), 8);
	n = vma_locks() - n;
	printf("# %lu of %d\n", n, READS);
	reader_close(&r);
	target_stop(pid);
	if (c->one_vma && mainline() == PATCHED)
		assert_in_range(n, READS, 2 * READS);
	else
		assert_in_range(n, 0, READS - 1);
}

int main(void)
{
	static struct CMUnitTest tests[NR_HELD + ARRAY_SIZE(counted_cases)];
	static char names[NR_HELD][96];
	size_t n = 0;

	target = target_alloc();
	result = shared_alloc(sizeof(*result));
	for (size_t i = 0; i < NR_HELD; i++) {
		enum interface how = interfaces[i % ARRAY_SIZE(interfaces)];
		const struct held_case *c =
			&held_cases[i / ARRAY_SIZE(interfaces)];

		if ((how == CMDLINE || how == ENVIRON) && !c->anonymous)
			continue;
		snprintf(names[i], sizeof(names[i]), "held: %s, %s",
			 kinds[c->kind].name, interface_names[how]);
		tests[n].name = names[i];
		tests[n].test_func = held;
		tests[n++].initial_state = (void *)i;
	}
	for (size_t i = 0; i < ARRAY_SIZE(counted_cases); i++) {
		tests[n].name = counted_cases[i].name;
		tests[n].test_func = counted;
		tests[n++].initial_state = (void *)&counted_cases[i];
	}
	return run_selected("held", tests, n, 280);
}
