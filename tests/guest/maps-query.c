// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl(PROCMAP_QUERY) of /proc/PID/maps: the answers are the same, in each
 * byte that the kernel writes, with vmapeek off, on, and on while the mmap lock
 * is held.
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
#include <unistd.h>
#include <cmocka.h>

#include "layout.h"
#include "looks.h"
#include "procmap.h"
#include "run.h"
#include "vmapeek.h"

#define MAX_ANSWERS	4096

/* The result of one call, and all bytes that it writes. */
struct answer {
	long ret;
	struct query query;
	char name[256], build_id[32];
};

struct answers {
	size_t nr;
	struct answer answer[MAX_ANSWERS];
};

static struct layout layout;
static struct target *target;
static pid_t pid;

/* @wanted has no addresses of buffers; they are set here. */
static struct answer *ask_with(struct answers *a, int fd, struct query wanted,
			       unsigned int cmd)
{
	struct answer *answer = &a->answer[a->nr++];
	struct query q = wanted;

	if (a->nr == MAX_ANSWERS)
		die("more answers than %u", MAX_ANSWERS);
	memset(answer, 0xa5, sizeof(*answer));
	if (q.name_size && !q.name_addr)
		q.name_addr = (unsigned long)answer->name;
	if (q.build_id_size && !q.build_id_addr)
		q.build_id_addr = (unsigned long)answer->build_id;
	answer->ret = ioctl(fd, cmd, &q);
	if (answer->ret)
		answer->ret = -errno;
	/* Clear the addresses, which the kernel does not write. */
	q.name_addr = 0;
	q.build_id_addr = 0;
	answer->query = q;
	return answer;
}

static struct answer *ask(struct answers *a, int fd, struct query wanted)
{
	if (!wanted.size)
		wanted.size = sizeof(wanted);
	return ask_with(a, fd, wanted, PROCMAP_QUERY);
}

/* From VMA to VMA, as profilers do. */
static void walk(struct answers *a, int fd, struct query wanted)
{
	const struct answer *answer;

	wanted.flags |= QUERY_OR_NEXT;
	do {
		answer = ask(a, fd, wanted);
		wanted.addr = answer->query.vma_end;
	} while (!answer->ret);
}

/* Query the VMA at @at, even if its name is too long; returns its end. */
static uint64_t step(struct answers *a, int fd, uint64_t at, uint32_t name_size)
{
	const struct answer *answer;

	ask(a, fd, (struct query){ .addr = at, .flags = QUERY_OR_NEXT,
				   .name_size = name_size });
	answer = ask(a, fd, (struct query){ .addr = at, .flags = QUERY_OR_NEXT });
	return answer->ret ? -1UL : answer->query.vma_end;
}

static void all(struct answers *a, int fd)
{
	walk(a, fd, (struct query){ .name_size = 256, .build_id_size = 32 });
}

static void by_flags(struct answers *a, int fd)
{
	for (uint64_t flags = 0; flags < 4 * QUERY_FILE_BACKED; flags++)
		ask(a, fd, (struct query){ .flags = flags,
					   .addr = layout.regions[0].start });
	walk(a, fd, (struct query){ .flags = QUERY_FILE_BACKED });
	walk(a, fd, (struct query){ .flags = QUERY_READABLE | QUERY_EXECUTABLE });
	walk(a, fd, (struct query){ .flags = QUERY_SHARED | QUERY_WRITABLE });
}

static void by_address(struct answers *a, int fd)
{
	static const uint64_t more[] = { 0, 1, PAGE, 1UL << 47, -PAGE, -1UL };

	/* In each region and between regions, most of which have some pages. */
	for (unsigned int i = 0; i < layout.nr; i++)
		for (long at = -1; at < 6; at++)
			ask(a, fd, (struct query){
				.addr = layout.regions[i].start + at * PAGE + 9,
				.name_size = 256 });
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		ask(a, fd, (struct query){ .addr = more[i] });
		ask(a, fd, (struct query){ .addr = more[i], .flags = QUERY_OR_NEXT });
	}
}

/* Sizes too small, just enough for "[stack]" and the like, and larger. */
static void by_size(struct answers *a, int fd)
{
	static const uint32_t sizes[] = { 1, 2, 6, 7, 8, 9, 20, 21 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (uint64_t at = 0; at != -1UL;)
			at = step(a, fd, at, sizes[i]);
	for (uint32_t size = 1; size < 32; size++)
		ask(a, fd, (struct query){ .flags = QUERY_OR_NEXT | QUERY_FILE_BACKED,
					   .build_id_size = size });
}

static void bad(struct answers *a, int fd)
{
	static const uint64_t sizes[] = {
		1, 16, 23, 24, 32, 100, sizeof(struct query), 1000, PAGE,
		PAGE + 1, -1UL,
	};
	struct query next = { .flags = QUERY_OR_NEXT };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		next.size = sizes[i];
		ask(a, fd, next);
	}
	ask(a, fd, (struct query){ .flags = 0x40 });
	ask(a, fd, (struct query){ .flags = 1UL << 40 });
	ask(a, fd, (struct query){ .flags = QUERY_OR_NEXT, .name_addr = 1 });
	ask(a, fd, (struct query){ .flags = QUERY_OR_NEXT, .build_id_addr = 1 });
	ask(a, fd, (struct query){ .flags = QUERY_OR_NEXT, .name_size = 256,
				   .name_addr = 1 });
	ask(a, fd, (struct query){ .flags = QUERY_OR_NEXT | QUERY_FILE_BACKED,
				   .build_id_size = 32, .build_id_addr = 1 });
	ask_with(a, fd, next, PROCMAP_QUERY + 1);
	ask_with(a, fd, next, _IO('f', 17));
}

static void of(struct answers *a, int fd)
{
	ask(a, fd, (struct query){ .flags = QUERY_OR_NEXT });
}

static const struct look {
	const char *name;
	void (*take)(struct answers *a, int fd);
	enum { THE_TARGET, ENDED, KERNEL_THREAD } whose;
} looks[] = {
	{ "all mappings", all, THE_TARGET },
	{ "by flags", by_flags, THE_TARGET },
	{ "by address", by_address, THE_TARGET },
	{ "by size of the buffers", by_size, THE_TARGET },
	{ "bad arguments", bad, THE_TARGET },
	{ "of a process that has ended", of, ENDED },
	{ "of a kernel thread", of, KERNEL_THREAD },
};

static void take(struct answers *a, const struct look *l)
{
	int fd = l->whose == ENDED ? open_of_ended("maps") :
		 open_of(l->whose == KERNEL_THREAD ? 2 : pid, "maps");

	if (fd < 0)
		die("maps: %s", strerror(errno));
	memset(a, 0, sizeof(*a));
	l->take(a, fd);
	close(fd);
}

static struct answers answers[NR_STATES][ARRAY_SIZE(looks)];

static void take_all(enum look_state state)
{
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		if (!is_selected(looks[i].name))
			continue;
		limit_set(60, looks[i].name);
		take(&answers[state][i], &looks[i]);
		limit_end();
	}
}

static void compare(enum look_state state, size_t look)
{
	const struct answers *off = &answers[OFF][look];
	const struct answers *on = &answers[state][look];

	assert_int_equal(on->nr, off->nr);
	for (size_t i = 0; i < off->nr; i++) {
		const struct answer *a = &on->answer[i], *b = &off->answer[i];

		if (memcmp(a, b, sizeof(*a)))
			fail_msg("%s, answer %zu of %zu: %ld instead of %ld, VMA %lx-%lx instead of %lx-%lx",
				 look_states[state], i, off->nr, a->ret, b->ret,
				 a->query.vma_start, a->query.vma_end,
				 b->query.vma_start, b->query.vma_end);
	}
}

static void is_same(void **state)
{
	size_t look = (size_t)*state;

	assert_true(answers[OFF][look].nr > 0);
	for (enum look_state s = ON; s < NR_STATES; s++)
		compare(s, look);
}

/* The answers must include each kind of name. */
static void is_told(void **state)
{
	size_t named = 0, special = 0, anon = 0, shmem = 0, with_id = 0;
	struct answers *a = &answers[OFF][0];
	static char page[PAGE] __attribute__((aligned(PAGE)));

	(void)state;
	take(a, &looks[0]);
	for (size_t i = 0; i + 1 < a->nr; i++) {
		const struct answer *answer = &a->answer[i];

		named += answer->query.name_size && answer->name[0] == '/';
		special += answer->query.name_size && answer->name[0] == '[';
		anon += !strncmp(answer->name, "[anon:", 6);
		shmem += !strncmp(answer->name, "[anon_shmem:", 12);
		with_id += answer->query.build_id_size == 20;
	}
	assert_true(named > 3);
	assert_true(special - anon - shmem > 2);
	if (name_memory(page, PAGE, "page")) {
		assert_true(anon > 3);
		assert_true(shmem > 0);
	}
	assert_true(with_id > 0);
	assert_int_equal(a->answer[a->nr - 1].ret, -ENOENT);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[ARRAY_SIZE(looks) + 1];
	size_t n = 0;
	int failed;

	select_tests(argc, argv);
	vmapeek_module = "vmapeek_maps";
	random_seed = 1;
	target = target_alloc();
	layout_find_kinds();
	layout_make(&layout, 0);
	pid = layout_start(&layout, target, target_fork_when_asked);
	for (; n < ARRAY_SIZE(looks); n++)
		tests[n] = (struct CMUnitTest){
			.name = looks[n].name,
			.test_func = is_same,
			.initial_state = (void *)n,
		};
	tests[n++] = (struct CMUnitTest){
		.name = "names and build IDs are told",
		.test_func = is_told,
	};
	look_in_all_states(take_all, pid);
	target_fork(target, pid);
	failed = run_selected("off and on", tests, n, 120);
	target_stop(pid);
	return failed;
}
