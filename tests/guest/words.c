// SPDX-License-Identifier: GPL-2.0
/*
 * The target writes a word in a loop, with all bytes the same. If the stock
 * kernel reads that word in one access, vmapeek must, too: a copy by narrower
 * accesses returns torn words. If the stock kernel copies byte by byte on this
 * CPU, it returns torn words itself, and nothing is required.
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
#include <unistd.h>
#include <cmocka.h>

#include "reader.h"
#include "readv.h"
#include "run.h"
#include "vmapeek.h"

/* Reads after which the word has changed; a torn word is found much earlier. */
#define CHANGED_READS	20000
#define SIZE		(8 * PAGE)

/* The word begins @before bytes after the start of the read. */
struct word_case {
	const char *name;
	enum interface how;
	unsigned int before;
	unsigned int len;
	unsigned int size;
};

static struct target *target;
static const struct word_case *wanted;

static void *write_words(void *arg)
{
	volatile uint64_t *word = arg;
	volatile uint32_t *half = arg;

	use_cpu(1);
	for (uint64_t n = 0;; n++) {
		uint64_t value = (n & 0xff) * 0x0101010101010101UL;

		if (wanted->size == sizeof(*half))
			*half = value;
		else
			*word = value;
	}
	return NULL;
}

static void prepare(struct target *t)
{
	char *p = map(t, SIZE);
	pthread_t thread;

	memset(p, 0, SIZE);
	if (wanted->how == ENVIRON &&
	    !show_memory(true, (unsigned long)p, (unsigned long)p + SIZE))
		broken(t, "PR_SET_MM");
	t->addr = wanted->how == ENVIRON ? 0 : (unsigned long)p;
	if (pthread_create(&thread, NULL, write_words, p + wanted->before))
		broken(t, "thread");
}

static bool is_whole(const unsigned char *word, size_t size)
{
	for (size_t i = 1; i < size; i++)
		if (word[i] != word[0])
			return false;
	return true;
}

/* Is a word ever torn? */
static bool is_torn(const struct word_case *c)
{
	static unsigned char buf[SIZE] __attribute__((aligned(PAGE)));
	const unsigned char *word = buf + c->before;
	unsigned long reads = 0, changed = 0;
	unsigned char last = 0;
	bool whole = true;
	struct reader r;
	pid_t pid;

	wanted = c;
	pid = target_start(prepare, target);
	assert_string_equal(target->broken, "");
	assert_int_equal(reader_open(&r, c->how, pid), 0);
	while (whole && changed < CHANGED_READS) {
		assert_int_equal(reader_read(&r, target->addr, buf, c->len),
				 c->len);
		whole = is_whole(word, c->size);
		changed += word[0] != last;
		last = word[0];
		reads++;
	}
	reader_close(&r);
	target_stop(pid);
	printf("# %lu reads, %s\n", reads, whole ? "each of a whole word" :
						   "the last in parts");
	return !whole;
}

static void off_and_on(void **state)
{
	const struct word_case *c = *state;

	vmapeek_off();
	if (is_torn(c))
		skip_lacking(c->how == READV ?
			     "whole words by process_vm_readv" :
			     "whole words by /proc and ptrace");
	vmapeek_on();
	assert_false(is_torn(c));
}

static const struct word_case cases[] = {
	{ "PEEKDATA", PEEKDATA, 0, 8, 8 },
	{ "mem, a word", MEM, 0, 8, 8 },
	{ "mem, a word in the longest short read", MEM, 128, 256, 8 },
	{ "mem, half a word at the end of a short read", MEM, 248, 252, 4 },
	{ "mem, a word in a page", MEM, PAGE / 2, PAGE, 8 },
	{ "mem, a word in pages", MEM, 3 * PAGE + 64, 5 * PAGE, 8 },
	{ "mem, half a word at the end of pages", MEM, PAGE + 8, PAGE + 12,
	  4 },
	{ "environ, a word", ENVIRON, 64, PAGE, 8 },
	{ "process_vm_readv, a word", READV, 0, 8, 8 },
	{ "process_vm_readv, a word in pages", READV, 3 * PAGE + 64, 5 * PAGE,
	  8 },
};

int main(int argc, char **argv)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases)] = { 0 };

	select_tests(argc, argv);
	use_cpu(0);
	target = target_alloc();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tests[i].name = cases[i].name;
		tests[i].test_func = off_and_on;
		tests[i].initial_state = (void *)&cases[i];
	}
	return run_selected("words", tests, ARRAY_SIZE(tests), 300);
}
