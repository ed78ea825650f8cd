// SPDX-License-Identifier: GPL-2.0
/*
 * Two adjacent mappings, and a thread that replaces the second with
 * mremap(MREMAP_FIXED) in a loop. During a replacement, while the mmap lock is
 * held for writing, there is a hole. No reader may observe it: a word that
 * straddles the two mappings can always be read.
 *
 * The one exception is a title after a stack (see "Titles" in docs/locking.md):
 * its read may end at the end of the stack, and nowhere else.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
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
#include "run.h"
#include "target.h"
#include "vmapeek.h"

#define READS	100000

static struct target *target;
/* The number of replacements, counted by the target. */
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

/* Another protection, so that the two do not merge. */
static void prepare_plain(struct target *t)
{
	prepare(t, PROT_READ | PROT_WRITE | PROT_EXEC, 0);
}

static void prepare_stack(struct target *t)
{
	prepare(t, PROT_READ | PROT_WRITE, MAP_GROWSDOWN);
}

static void spin(void)
{
	for (volatile int i = 0; i < 2000; i++)
		;
}

/*
 * A hole follows a mapping; sometimes memory is mapped there. The last byte of
 * the mapping is odd only during that time.
 */
static void *fill(void *arg)
{
	volatile unsigned char *last = (unsigned char *)target->addr;
	char *second = arg;

	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		use_cpu(1);
	for (;;) {
		/* Another protection, so that the two do not merge. */
		if (mmap(second, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		    second)
			_exit(1);
		++*last;
		spin();
		++*last;
		if (munmap(second, PAGE))
			_exit(1);
		/*
		 * Give readers that wait for the lock the time to find the
		 * hole.
		 */
		spin();
		++*replaced;
	}
	return NULL;
}

static void prepare_filled(struct target *t)
{
	char *p = map(t, 16 * PAGE);
	pthread_t thread;

	munmap(p + PAGE, 15 * PAGE);
	t->addr = (unsigned long)p + PAGE - 1;
	if (pthread_create(&thread, NULL, fill, p + PAGE))
		broken(t, "thread");
}

/*
 * A read that ends at the hole must return the byte of a time with the hole.
 * The reader may be preempted between its check of the hole and the copy.
 */
static void older_than_hole(int reads)
{
	unsigned long wrong = 0, cut = 0;
	unsigned char bytes[2];
	struct reader r;
	pid_t pid, busy;

	pid = target_start(prepare_filled, target);
	assert_string_equal(target->broken, "");
	assert_int_equal(reader_open(&r, MEM, pid), 0);
	use_cpu(0);
	busy = keep_cpu_busy();
	for (int i = 0; i < reads && wrong < 3; i++) {
		long n = reader_read(&r, target->addr, bytes, 2);

		cut += n == 1;
		wrong += n != 2 && !(n == 1 && bytes[0] % 2 == 0);
	}
	printf("# %d reads, %lu of them end at the hole, %lu wrong\n", reads,
	       cut, wrong);
	target_stop(busy);
	reader_close(&r);
	target_stop(pid);
	assert_true(cut);
	assert_int_equal(wrong, 0);
}

static void off_filled(void **state)
{
	(void)state;
	vmapeek_off();
	older_than_hole(READS);
}

static void on_filled(void **state)
{
	(void)state;
	vmapeek_on();
	older_than_hole(6 * READS);
}

/*
 * A title that begins below the end of a stack, without a NUL byte. A title may
 * be as long as arguments and environment together.
 */
static void prepare_title(struct target *t)
{
	prepare_stack(t);
	if (!show_memory(false, t->addr, t->addr + 4) ||
	    !show_memory(true, t->addr + 4, t->addr + PAGE))
		broken(t, "PR_SET_MM");
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
	/* The thread replaced the mapping meanwhile. */
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

static bool is_title(const unsigned char *text, long n, bool may_be_cut)
{
	if (n != (long)PAGE && !(n == 4 && may_be_cut))
		return false;
	for (long i = 0; i < n; i++)
		if (text[i] != (i < 4 ? 1 : 2))
			return false;
	return true;
}

static void title(bool may_be_cut)
{
	static unsigned char text[2 * PAGE];
	unsigned long wrong = 0, cut = 0;
	struct reader r;
	pid_t pid;

	pid = target_start(prepare_title, target);
	assert_string_equal(target->broken, "");
	assert_int_equal(reader_open(&r, CMDLINE, pid), 0);
	for (int i = 0; i < READS / 2; i++) {
		long n = reader_read(&r, 0, text, sizeof(text));

		cut += n == 4;
		wrong += !is_title(text, n, may_be_cut);
	}
	printf("# %d titles, %lu of them end with the stack, %lu wrong\n",
	       READS / 2, cut, wrong);
	reader_close(&r);
	target_stop(pid);
	assert_int_equal(wrong, 0);
}

static void off_title(void **state)
{
	(void)state;
	vmapeek_off();
	title(false);
}

static void on_title(void **state)
{
	(void)state;
	vmapeek_on();
	title(true);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		/* These four only if vmapeek can be switched off. */
		{ "off, a mapping", off, NULL, NULL, (void *)prepare_plain },
		{ "off, a stack", off, NULL, NULL, (void *)prepare_stack },
		cmocka_unit_test(off_title),
		cmocka_unit_test(off_filled),
		{ "on, a mapping", on, NULL, NULL, (void *)prepare_plain },
		{ "on, a stack", on, NULL, NULL, (void *)prepare_stack },
		{ "on, a mapping, process_vm_readv()", on_readv, NULL, NULL,
		  (void *)prepare_plain },
		{ "on, a stack, process_vm_readv()", on_readv, NULL, NULL,
		  (void *)prepare_stack },
		cmocka_unit_test(on_title),
		cmocka_unit_test(on_filled),
	};
	size_t first = mainline() == MODULE ? 0 : 4;

	select_tests(argc, argv);
	target = target_alloc();
	replaced = shared_alloc(PAGE);
	return run_selected("hole", tests + first, ARRAY_SIZE(tests) - first,
			    900);
}
