// SPDX-License-Identifier: GPL-2.0
/*
 * Two mappings, one right after the other, and a thread that replaces the
 * second with mremap(MREMAP_FIXED) all the time. For a moment, while the mmap
 * lock is held for write, nothing is there. Nobody may ever see that: a word
 * that straddles the two can always be read.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <unistd.h>
#include <cmocka.h>

#include "reader.h"
#include "target.h"
#include "vmapeek.h"

#define READS	100000

static struct target *target;
/* Replacements so far, counted by the target. */
static volatile unsigned long *replaced;

static const unsigned char straddling[8] = { 1, 1, 1, 1, 2, 2, 2, 2 };

static void *replace(void *arg)
{
	char *second = arg, *spare = second + 4 * PAGE;

	for (;;) {
		if (mmap(spare, PAGE, PROT_READ | PROT_WRITE,
			 MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		    spare)
			_exit(1);
		memset(spare, 2, PAGE);
		if (mremap(spare, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   second) != second)
			_exit(1);
		++*replaced;
	}
	return NULL;
}

static void prepare(struct target *t, int prot, int flags)
{
	char *p = map(t, 16 * PAGE);
	pthread_t thread;

	munmap(p, 16 * PAGE);
	memset(map_at(t, (unsigned long)p, PAGE, prot,
		      MAP_PRIVATE | MAP_ANONYMOUS | flags, -1), 1, PAGE);
	memset(map_at(t, (unsigned long)p + PAGE, PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1), 2, PAGE);
	t->addr = (unsigned long)p + PAGE - 4;
	if (pthread_create(&thread, NULL, replace, p + PAGE))
		broken(t, "thread");
}

/* Of other protection, or the two would be one mapping. */
static void prepare_plain(struct target *t)
{
	prepare(t, PROT_READ | PROT_WRITE | PROT_EXEC, 0);
}

static void prepare_stack(struct target *t)
{
	prepare(t, PROT_READ | PROT_WRITE, MAP_GROWSDOWN);
}

static void never_seen(prepare_fn prepare_target, enum interface how)
{
	unsigned long wrong = 0, at_start;
	unsigned char word[8];
	struct reader r;
	pid_t pid;

	pid = target_start(prepare_target, target);
	assert_string_equal(target->broken, "");
	assert_int_equal(reader_open(&r, how, pid), 0);
	at_start = *replaced;
	for (int i = 0; i < READS; i++) {
		if (reader_read(&r, target->addr, word, 8) != 8 ||
		    memcmp(word, straddling, 8))
			wrong++;
	}
	/* The thread was at it meanwhile. */
	assert_true(*replaced > at_start + 100);
	printf("# %d reads, %lu replacements, %lu wrong\n", READS,
	       *replaced - at_start, wrong);
	reader_close(&r);
	target_stop(pid);
	assert_int_equal(wrong, 0);
}

static void off(void **state)
{
	vmapeek_off();
	never_seen((prepare_fn)*state, PEEKDATA);
}

static void on(void **state)
{
	vmapeek_on();
	never_seen((prepare_fn)*state, PEEKDATA);
}

static void on_readv(void **state)
{
	vmapeek_on();
	never_seen((prepare_fn)*state, READV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* These two only where it can be switched off. */
		{ "off, a mapping", off, NULL, NULL, (void *)prepare_plain },
		{ "off, a stack", off, NULL, NULL, (void *)prepare_stack },
		{ "on, a mapping", on, NULL, NULL, (void *)prepare_plain },
		{ "on, a stack", on, NULL, NULL, (void *)prepare_stack },
		{ "on, a mapping, process_vm_readv()", on_readv, NULL, NULL,
		  (void *)prepare_plain },
		{ "on, a stack, process_vm_readv()", on_readv, NULL, NULL,
		  (void *)prepare_stack },
	};
	size_t first = mainline() == MODULE ? 0 : 2;

	alarm(900);
	target = target_alloc();
	replaced = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (replaced == MAP_FAILED)
		die("no memory");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("hole", tests + first,
				       sizeof(tests) / sizeof(*tests) - first,
				       NULL, NULL);
}
