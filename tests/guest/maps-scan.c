// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl(PAGEMAP_SCAN) of /proc/PID/pagemap: results, written arguments and
 * regions are the same in each byte with vmapeek off, on, and on while the mmap
 * lock is held.
 */
#include <errno.h>
#include <fcntl.h>
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

#include "kinds-make.h"
#include "layout.h"
#include "looks.h"
#include "pagemap-scan.h"
#include "run.h"
#include "vmapeek.h"

#define MAX_FOUND	4096
#define MAX_ANSWERS	(8 * MIB)
#define NR_COMBINATIONS	300

/*
 * Every second page is present; more regions than the 512 that the kernel
 * collects.
 */
#define SPARSE_PAGES	2400UL
#define ASYNC_PAGES	16UL

/* The result of one call, and all bytes that it wrote. */
struct answer {
	size_t size;		/* of this structure, with the regions */
	long ret;
	struct scan scan;
	struct region_found found[];
};

struct answers {
	size_t size;
	char *bytes;
};

static struct layout layout;
static struct target *target;
static pid_t pid;
static unsigned long sparse_at, async_at, all_end;

/* The default buffer for regions. */
static struct region_found found[MAX_FOUND + 1];

static struct answer *keep(struct answers *a, long ret, const struct scan *s,
			   const struct region_found *from, size_t nr)
{
	struct answer *answer = (void *)(a->bytes + a->size);

	answer->size = sizeof(*answer) + nr * sizeof(*from);
	if (a->size + answer->size > MAX_ANSWERS)
		die("more answers than %lu bytes", MAX_ANSWERS);
	a->size += answer->size;
	answer->ret = ret < 0 ? -errno : ret;
	answer->scan = *s;
	memcpy(answer->found, from, nr * sizeof(*from));
	return answer;
}

/* Compares the region after the last one, too, which must stay unchanged. */
static struct answer *ask(struct answers *a, int fd, struct scan s)
{
	size_t room = s.vec_len < MAX_FOUND ? s.vec_len : MAX_FOUND;
	long ret;

	if (!s.size)
		s.size = sizeof(s);
	if (s.vec_len && !s.vec)
		s.vec = (unsigned long)found;
	memset(found, 0xa5, (room + 1) * sizeof(*found));
	ret = ioctl(fd, PAGEMAP_SCAN, &s);
	return keep(a, ret, &s, found, ret > 0 ? ret + 1 : 1);
}

/* Scan all of the target's memory, with the caller's flags and categories. */
static struct answer *ask_all(struct answers *a, int fd, struct scan s)
{
	s.start = layout.regions[0].start - 20 * PAGE;
	s.end = all_end + 20 * PAGE;
	s.vec_len = MAX_FOUND;
	return ask(a, fd, s);
}

static void everything(struct answers *a, int fd)
{
	ask_all(a, fd, (struct scan){ .returned = IS_6_12 });
	ask_all(a, fd, (struct scan){ .returned = IS_7_3 });
	ask_all(a, fd, (struct scan){ .returned = 0 });
	ask(a, fd, (struct scan){ .end = 1UL << 46, .returned = IS_6_12,
				  .vec_len = MAX_FOUND });
}

static void by_category(struct answers *a, int fd)
{
	for (uint64_t is = 1; is <= 2 * IS_ACCESSED; is <<= 1) {
		for (uint64_t inverted = 0; inverted <= is; inverted += is) {
			struct scan s = { .inverted = inverted };

			s.returned = IS_6_12;
			s.all_of = is;
			ask_all(a, fd, s);
			s.returned = is;
			ask_all(a, fd, s);
			s.all_of = 0;
			s.any_of = is;
			ask_all(a, fd, s);
		}
	}
}

/* Few of all bits at a time, because otherwise no page matches. */
static uint64_t some_categories(void)
{
	uint64_t some = below(IS_7_3 + 1) & below(IS_7_3 + 1);

	return percent(80) ? some & IS_6_12 : some;
}

static void combined(struct answers *a, int fd)
{
	random_start(0, 0);
	for (int i = 0; i < NR_COMBINATIONS; i++) {
		struct scan s = {
			.inverted = some_categories(),
			.all_of = percent(50) ? some_categories() : 0,
			.any_of = percent(50) ? some_categories() : 0,
			.returned = some_categories(),
			.flags = percent(5) ? SCAN_CHECK_WPASYNC : 0,
			.max_pages = percent(30) ? below(3000) : 0,
		};

		ask_all(a, fd, s);
	}
}

/* Each region with its neighbours, with a small buffer. */
static void by_region(struct answers *a, int fd)
{
	static const uint64_t limits[] = { 0, 1, 2, 5, 512, 513 };

	for (unsigned int i = 0; i < layout.nr; i++) {
		const struct region *r = &layout.regions[i];
		struct scan s = {
			.start = r->start - 3 * PAGE,
			.end = r->start + r->size + 3 * PAGE,
			.returned = IS_6_12,
		};

		for (size_t j = 0; j < ARRAY_SIZE(limits); j++) {
			s.max_pages = limits[j];
			for (s.vec_len = 0; s.vec_len < 4; s.vec_len++)
				ask(a, fd, s);
		}
		s.start = r->start + PAGE;
		s.end = r->start + r->size - PAGE / 2;
		s.vec_len = MAX_FOUND;
		ask(a, fd, s);
	}
}

/* Continue where the last call ended, as CRIU does. */
static void go_on(struct answers *a, int fd, struct scan s)
{
	const struct answer *answer;
	uint64_t end = s.end;

	do {
		answer = ask(a, fd, s);
		s.start = answer->scan.walk_end;
	} while (answer->ret >= 0 && s.start < end);
}

static void in_pieces(struct answers *a, int fd)
{
	static const uint64_t sizes[] = {
		1, 2, 511, 512, 513, 600, 1023, 1024, 1025, 1199, 1200, 1201,
		2400, MAX_FOUND
	};
	struct scan s = { .returned = IS_6_12 };

	for (size_t i = 2; i < ARRAY_SIZE(sizes); i++) {
		s.start = sparse_at - PAGE;
		s.end = sparse_at + (SPARSE_PAGES + 1) * PAGE;
		for (s.all_of = 0; s.all_of <= IS_PRESENT; s.all_of += IS_PRESENT) {
			s.vec_len = sizes[i];
			s.max_pages = 0;
			go_on(a, fd, s);
			s.vec_len = MAX_FOUND;
			s.max_pages = sizes[i];
			go_on(a, fd, s);
		}
	}
	s.all_of = 0;
	for (size_t i = 0; i < 3; i++) {
		s.start = TARGET_AT;
		s.end = layout.end;
		s.vec_len = sizes[i];
		s.max_pages = 0;
		go_on(a, fd, s);
		s.vec_len = MAX_FOUND;
		s.max_pages = 100 * sizes[i];
		go_on(a, fd, s);
	}
}

static void checked(struct answers *a, int fd)
{
	struct scan s = { .flags = SCAN_CHECK_WPASYNC, .returned = IS_6_12 };

	for (s.vec_len = 0; s.vec_len <= 100; s.vec_len += 100) {
		for (unsigned int i = 0; i < layout.nr; i++) {
			s.start = layout.regions[i].start;
			s.end = s.start + layout.regions[i].size;
			ask(a, fd, s);
		}
		for (long before = 0; before <= 16; before += 4) {
			s.start = async_at - before * MIB / 4;
			s.end = async_at + ASYNC_PAGES * PAGE;
			ask(a, fd, s);
			s.end += before * PAGE;
			ask(a, fd, s);
			s.end += MIB;
			ask(a, fd, s);
		}
		s.start = layout.end + PAGE;
		s.end = layout.end + 2 * PAGE;
		ask(a, fd, s);
	}
}

/*
 * Scans that protect nothing: the memory cannot be protected, or no page
 * matches.
 */
static void protecting_nothing(struct answers *a, int fd)
{
	struct scan s = { .flags = SCAN_WRITE_PROTECT, .returned = IS_6_12 };

	s.all_of = IS_PFNZERO | IS_HUGE;
	ask_all(a, fd, s);
	s.flags |= SCAN_CHECK_WPASYNC;
	ask_all(a, fd, s);
	s.start = async_at;
	s.end = async_at + ASYNC_PAGES * PAGE;
	s.vec_len = 100;
	ask(a, fd, s);
}

/* Memory with asynchronous write-protection, for make_*(). */
static void make_async(struct target *t, char *at, bool shared)
{
	size_t size = ASYNC_PAGES * PAGE;
	struct uffdio_writeprotect wp = {
		.range = { .start = (unsigned long)at, .len = size },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	int fd;

	map_at(t, (unsigned long)at, size, PROT_READ | PROT_WRITE,
	       MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE), -1);
	pattern_fill(at, size / 2);
	fd = userfaultfd_on(t, at, size, UFFD_FEATURE_WP_UNPOPULATED |
			    UFFD_FEATURE_WP_ASYNC |
			    UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
			    UFFDIO_REGISTER_MODE_WP);
	must(t, !ioctl(fd, UFFDIO_WRITEPROTECT, &wp), "UFFDIO_WRITEPROTECT");
	/* A write removes the protection of a page. */
	at[2 * PAGE] = 1;
	at[3 * PAGE] = 1;
	at[12 * PAGE] = 1;
}

/* The reader's own memory: protected, written to, and protected again. */
static void protecting(struct answers *a, int fd)
{
	static const uint64_t rooms[] = { 100, 1, 0 };
	char *p = (char *)TARGET_AT;
	struct scan s = {
		.start = TARGET_AT,
		.end = TARGET_AT + ASYNC_PAGES * PAGE,
		.flags = SCAN_WRITE_PROTECT | SCAN_CHECK_WPASYNC,
		.returned = IS_6_12,
	};
	int self = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	(void)fd;
	for (int shared = 0; shared < 2; shared++) {
		make_async(target, p, shared);
		for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
			s.all_of = IS_WRITTEN;
			s.vec_len = rooms[i];
			ask(a, self, s);
			ask(a, self, s);
			ask(a, self, (struct scan){ .start = s.start,
						    .end = s.end,
						    .vec_len = 100,
						    .returned = IS_6_12 });
			p[PAGE] = 2;
			p[9 * PAGE] = 2;
		}
		munmap(p, ASYNC_PAGES * PAGE);
	}
	close(self);
}

static void bad(struct answers *a, int fd)
{
	const struct scan good = {
		.start = TARGET_AT, .end = TARGET_AT + 50 * PAGE,
		.vec_len = 100, .returned = IS_6_12,
	};
	const uint64_t none = (unsigned long)found;
	struct scan s;

#define ASK(...)	(s = good, __VA_ARGS__, ask(a, fd, s))
	ASK(s.size = 0);
	for (uint64_t size = 1; size < 3 * sizeof(s); size += 5)
		ASK(s.size = size);
	ASK(s.size = -1UL);
	for (uint64_t bit = 1; bit; bit <<= 1) {
		if (bit != SCAN_WRITE_PROTECT)
			ASK(s.flags = bit);
		ASK(s.inverted = bit);
		ASK(s.all_of = bit);
		ASK(s.any_of = bit);
		ASK(s.returned = bit);
	}
	ASK(s.start++);
	ASK(s.start += PAGE - 1);
	ASK(s.end++);
	ASK(s.end = s.start);
	ASK(s.end = s.start - PAGE);
	ASK(s.end = s.start + 1);
	ASK(s.start = 1UL << 47);
	ASK(s.start = 1UL << 47, s.end = (1UL << 47) + PAGE);
	ASK(s.end = 1UL << 47);
	ASK(s.end = (1UL << 47) - PAGE);
	ASK(s.end = -1UL);
	ASK(s.end = -PAGE);
	ASK(s.start = -PAGE, s.end = 0);
	ASK(s.start |= 1UL << 62);
	ASK(s.start |= 1UL << 62, s.end |= 1UL << 62);
	ASK(s.vec = none | 1UL << 62);
	ASK(s.vec = none + 1);
	ASK(s.vec = none, s.vec_len = 0);
	ASK(s.vec = -PAGE);
	ASK(s.vec = 1UL << 47);
	ASK(s.vec = 1);
	ASK(s.vec = 1, s.vec_len = 0);
	ASK(s.vec = none, s.vec_len = 1UL << 40);
	ASK(s.vec = none, s.vec_len = 1UL << 60);
	ASK(s.vec = none, s.vec_len = -1UL);
	ASK(s.walk_end = 1234);
	ASK(s.max_pages = -1UL);
#undef ASK
	s = good;
	s.size = sizeof(s);
	s.vec = none;
	keep(a, ioctl(fd, PAGEMAP_SCAN + 1, &s), &s, found, 0);
	keep(a, ioctl(fd, _IO('f', 16), &s), &s, found, 0);
	keep(a, ioctl(fd, _IO('f', 1), &s), &s, found, 0);
	s.vec_len = 0;
	s.vec = 0;
	keep(a, ioctl(fd, PAGEMAP_SCAN, &s), &s, found, 0);
}

/* Buffers that end while regions, or the arguments, are copied. */
static void to_bad_memory(struct answers *a, int fd)
{
	static const size_t rooms[] = { 0, 1, 100, 511, 512, 513, 600, 1024 };
	size_t size = 8 * PAGE;
	char *p = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct scan s = {
		.size = sizeof(s),
		.start = sparse_at,
		.end = sparse_at + SPARSE_PAGES * PAGE,
		.returned = IS_6_12,
		.all_of = IS_PRESENT,
		.vec_len = MAX_FOUND,
	};

	munmap(p + size, PAGE);
	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		struct region_found *to = (void *)(p + size);
		struct scan asked = s;
		long ret;

		memset(p, 0xa5, size);
		to -= rooms[i];
		asked.vec = (unsigned long)to;
		ret = ioctl(fd, PAGEMAP_SCAN, &asked);
		/* The address belongs to this process; do not compare it. */
		asked.vec = 0;
		keep(a, ret, &asked, to, rooms[i]);
	}

	for (size_t cut = 0; cut <= sizeof(s); cut += 8) {
		void *arg = p + size - cut;

		memcpy(arg, &s, cut);
		keep(a, ioctl(fd, PAGEMAP_SCAN, arg), &s, found, 0);
	}
	s.vec = (unsigned long)found;
	memcpy(p, &s, sizeof(s));
	mprotect(p, PAGE, PROT_READ);
	memset(found, 0xa5, sizeof(found));
	keep(a, ioctl(fd, PAGEMAP_SCAN, p), (void *)p, found, 100);
	keep(a, ioctl(fd, PAGEMAP_SCAN, NULL), &s, found, 0);
	munmap(p, size);
}

static const struct look {
	const char *name;
	void (*take)(struct answers *a, int fd);
	enum { THE_TARGET, ENDED } whose;
	bool may_wait;		/* for the mmap lock */
} looks[] = {
	{ "everything", everything, THE_TARGET, false },
	{ "by category", by_category, THE_TARGET, false },
	{ "categories combined", combined, THE_TARGET, false },
	{ "by region", by_region, THE_TARGET, false },
	{ "in pieces", in_pieces, THE_TARGET, false },
	{ "checked for asynchronous protection", checked, THE_TARGET, false },
	{ "that would write-protect", protecting_nothing, THE_TARGET, true },
	{ "that write-protects", protecting, THE_TARGET, false },
	{ "bad arguments", bad, THE_TARGET, false },
	{ "to bad memory", to_bad_memory, THE_TARGET, false },
	{ "of a process that has ended", bad, ENDED, false },
};

static void take(struct answers *a, const struct look *l)
{
	int fd = l->whose == ENDED ? open_of_ended("pagemap") :
				     open_of(pid, "pagemap");

	if (fd < 0)
		die("pagemap: %s", strerror(errno));
	a->size = 0;
	if (!a->bytes)
		a->bytes = malloc(MAX_ANSWERS);
	l->take(a, fd);
	close(fd);
}

static struct answers answers[NR_STATES][ARRAY_SIZE(looks)];

static bool is_taken(enum look_state state, const struct look *l)
{
	return is_selected(l->name) &&
	       !(state >= HELD_FOR_WRITE && l->may_wait);
}

static void take_all(enum look_state state)
{
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		if (!is_taken(state, &looks[i]))
			continue;
		limit_set(120, looks[i].name);
		take(&answers[state][i], &looks[i]);
		limit_end();
	}
}

static void compare(enum look_state state, size_t look)
{
	const struct answers *off = &answers[OFF][look];
	const struct answers *on = &answers[state][look];
	size_t at = 0;

	for (size_t nr = 0; at < off->size && at < on->size; nr++) {
		const struct answer *a = (void *)(on->bytes + at);
		const struct answer *b = (void *)(off->bytes + at);

		if (a->size != b->size || memcmp(a, b, a->size))
			fail_msg("%s, answer %zu: %ld instead of %ld, to %lx instead of %lx",
				 look_states[state], nr, a->ret, b->ret,
				 a->scan.walk_end, b->scan.walk_end);
		at += b->size;
	}
	assert_int_equal(on->size, off->size);
}

static void is_same(void **state)
{
	size_t look = (size_t)*state;

	assert_true(answers[OFF][look].size > 0);
	for (enum look_state s = ON; s < NR_STATES; s++)
		if (is_taken(s, &looks[look]))
			compare(s, look);
}

/*
 * The answers must include each category, and more regions than are collected.
 */
static void is_told(void **state)
{
	const uint64_t wanted = IS_WPALLOWED | IS_WRITTEN | IS_FILE |
				IS_PRESENT | IS_SWAPPED | IS_PFNZERO | IS_HUGE;
	struct answers *a = &answers[OFF][0];
	const struct answer *all;
	uint64_t got = 0;

	(void)state;
	take(a, &looks[0]);
	all = (void *)a->bytes;
	assert_true(all->ret > 2 * 512);
	for (long i = 0; i < all->ret; i++)
		got |= all->found[i].categories;
	assert_int_equal(got & wanted, wanted);
}

static void prepare_more(struct target *t)
{
	char *p;

	target_fork_when_asked(t);
	p = map_at(t, sparse_at, SPARSE_PAGES * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1);
	must(t, small_pages_only(p, SPARSE_PAGES * PAGE), "MADV_NOHUGEPAGE");
	for (size_t i = 0; i < SPARSE_PAGES; i += 2)
		p[i * PAGE] = 1;
	make_async(t, (char *)async_at, false);
	make_async(t, (char *)async_at + ASYNC_PAGES * PAGE, true);
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
	sparse_at = layout.end + MIB;
	async_at = sparse_at + SPARSE_PAGES * PAGE + MIB;
	all_end = async_at + 2 * ASYNC_PAGES * PAGE;
	pid = layout_start(&layout, target, prepare_more);
	for (; n < ARRAY_SIZE(looks); n++)
		tests[n] = (struct CMUnitTest){
			.name = looks[n].name,
			.test_func = is_same,
			.initial_state = (void *)n,
		};
	tests[n++] = (struct CMUnitTest){
		.name = "each category is told",
		.test_func = is_told,
	};
	look_in_all_states(take_all, pid);
	target_fork(target, pid);
	failed = run_selected("off and on", tests, n, 120);
	target_stop(pid);
	return failed;
}
