// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/maps and its relatives, of processes with every kind of memory that
 * nobody changes. The output is the same, byte by byte, with vmapeek off, on,
 * and on while the mmap lock is held; read whole and in pieces.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "layout.h"
#include "looks.h"
#include "readv.h"
#include "run.h"
#include "vmapeek.h"

#define ROUNDS		3
#define MAX_TEXT	(4 * MIB)

static struct layout layout;
static struct target *target;
static pid_t pid;

/* The result of a look: results of calls, and bytes. */
struct text {
	char *bytes;
	size_t len;
};

static void add(struct text *t, const void *bytes, size_t len)
{
	if (t->len + len > MAX_TEXT)
		die("more than %lu bytes", MAX_TEXT);
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

/* Returns the call's result, or its negative error. */
static long add_result(struct text *t, long ret)
{
	char line[64];

	ret = ret < 0 ? -errno : ret;
	add(t, line, snprintf(line, sizeof(line), "\n<%ld>\n", ret));
	return ret;
}

static int open_file(struct text *t, const char *file)
{
	int fd = open_of(pid, file);

	if (fd < 0)
		add_result(t, fd);
	return fd;
}

struct look {
	const char *name;
	const char *file;
	size_t piece;
	void (*take)(const struct look *l, struct text *t);
	bool may_wait;		/* for the mmap lock */
};

/* Reads the whole file. */
static void in_pieces(const struct look *l, struct text *t)
{
	static char buf[128 * KIB];
	int fd = open_file(t, l->file);
	long n;

	if (fd < 0)
		return;
	do {
		n = read(fd, buf, l->piece);
		if (n > 0)
			add(t, buf, n);
	} while (n > 0);
	add_result(t, n);
	close(fd);
}

static void read_at(struct text *t, int fd, long offset, size_t len)
{
	char buf[8 * KIB];
	long n = add_result(t, pread(fd, buf, len, offset));

	if (n > 0)
		add(t, buf, n);
}

static void jumping(const struct look *l, struct text *t)
{
	static const struct {
		long offset;
		size_t len;
	} jumps[] = {
		{ 0, 100 }, { 1000, 100 }, { 300, 5000 }, { 300, 10 },
		{ 0, 0 }, { 0, 4000 }, { 4000, 100 }, { 1L << 40, 10 },
		{ -1, 10 }, { 100, 1 },
	};
	int fd = open_file(t, l->file);
	char buf[256];

	if (fd < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(jumps); i++)
		read_at(t, fd, jumps[i].offset, jumps[i].len);
	for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
		long n;

		add_result(t, lseek(fd, jumps[i].offset,
				    i & 1 ? SEEK_CUR : SEEK_SET));
		n = add_result(t, read(fd, buf, sizeof(buf)));
		if (n > 0)
			add(t, buf, n);
	}
	add_result(t, lseek(fd, 0, SEEK_END));
	close(fd);
}

/* Reads into a buffer that ends early, then continues after the bytes read. */
static void to_bad_memory(const struct look *l, struct text *t)
{
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_file(t, l->file);

	munmap(p + 2 * PAGE, PAGE);
	for (int i = 0; fd >= 0 && i < 4; i++) {
		char *to = p + 2 * PAGE - 64;
		long n;

		add_result(t, read(fd, p + 2 * PAGE, PAGE));
		n = add_result(t, read(fd, to, PAGE));
		if (n > 0)
			add(t, to, n);
		n = add_result(t, read(fd, p, 2 * PAGE));
		if (n > 0)
			add(t, p, n);
	}
	munmap(p, 2 * PAGE);
	if (fd >= 0)
		close(fd);
}

/* Every region, with its neighbours. */
static void entries(const struct look *l, struct text *t)
{
	int fd = open_file(t, l->file);

	for (unsigned int i = 0; fd >= 0 && i < layout.nr; i++) {
		const struct region *r = &layout.regions[i];
		unsigned long page = r->start / PAGE - 20;
		unsigned long end = (r->start + r->size) / PAGE + 20;

		for (; page < end; page += l->piece)
			read_at(t, fd, page * 8, l->piece * 8);
	}
	if (fd >= 0)
		close(fd);
}

static void entries_elsewhere(const struct look *l, struct text *t)
{
	static const struct {
		unsigned long offset;
		size_t len;
	} places[] = {
		{ 0, 8000 }, { 4, 8 }, { 8, 4 }, { 8, 0 }, { 3, 0 },
		{ ((1UL << 47) / PAGE - 5) * 8, 800 },
		{ (1UL << 47) / PAGE * 8, 800 },
		{ (1UL << 56) / PAGE * 8, 8 }, { 1UL << 62, 8 },
		{ (TARGET_AT + (1UL << 57)) / PAGE * 8, 80 },
		{ (TARGET_AT + (1UL << 62)) / PAGE * 8, 80 },
	};
	int fd = open_file(t, l->file);

	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(places); i++)
		read_at(t, fd, places[i].offset, places[i].len);
	if (fd >= 0)
		close(fd);
}

static void prepare_nothing(struct target *t)
{
	t->addr = 0;
}

/* Files that were opened before the process exited. */
static void of_ended(const struct look *l, struct text *t)
{
	static struct target *ends;
	pid_t kept = pid;
	char buf[PAGE];
	int fd;

	if (!ends)
		ends = target_alloc();
	pid = target_start(prepare_nothing, ends);
	fd = open_file(t, l->file);
	add_result(t, read(fd, buf, l->piece));
	target_stop(pid);
	/* The rest of the line, and no more. */
	add_result(t, read(fd, buf, sizeof(buf)));
	add_result(t, read(fd, buf, sizeof(buf)));
	add_result(t, pread(fd, buf, sizeof(buf), 0));
	close(fd);
	pid = kept;
}

static void of_kernel_thread(const struct look *l, struct text *t)
{
	pid_t kept = pid;

	pid = 2;
	in_pieces(l, t);
	pid = kept;
}

static void follow(struct text *t, int dir, const char *name)
{
	char path[256];
	struct stat st;
	ssize_t n = readlinkat(dir, name, path, sizeof(path));

	add(t, name, strlen(name));
	if (add_result(t, n) > 0)
		add(t, path, n);
	if (add_result(t, fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) == 0)
		add_result(t, st.st_mode);
	if (add_result(t, fstatat(dir, name, &st, 0)) == 0)
		add_result(t, st.st_ino);
}

/* All links, listed twice through a buffer of the given size. */
static void links(const struct look *l, struct text *t)
{
	static char buf[64 * KIB];
	int fd = open_file(t, l->file);
	long n;

	for (int i = 0; i < 2 && fd >= 0; i++) {
		add_result(t, lseek(fd, 0, SEEK_SET));
		while ((n = syscall(SYS_getdents64, fd, buf, l->piece)) > 0) {
			for (long at = 0; at < n;) {
				struct dirent64 *d = (void *)(buf + at);

				at += d->d_reclen;
				add_result(t, d->d_type);
				/* The directory's inode number may change. */
				if (d->d_name[0] != '.')
					follow(t, fd, d->d_name);
			}
		}
		add_result(t, n);
	}
	if (fd >= 0)
		close(fd);
}

/* Names that are no links, and names similar to a link's. */
static void wrong_links(const struct look *l, struct text *t)
{
	static const char *const names[] = {
		"0-0", "-", "1-2-3", "00-1", "0-01", "0x1-2", "abc", "g-h",
		"100000000000", "100000000000-", "-100000000000",
		"100000000000-100000001000", "100000001000-100000004000",
		"100000000000-100000003000", "0100000000000-100000004000",
		"10000000000000000-1", "ffffffffffffffff-0",
		"ffffffffff600000-ffffffffff601000",
	};
	int fd = open_file(t, l->file);
	char buf[512], name[64];
	long n;

	if (fd < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		follow(t, fd, names[i]);

	/* Some links, looked up again, and names similar to theirs. */
	n = syscall(SYS_getdents64, fd, buf, sizeof(buf));
	write_line("/proc/sys/vm/drop_caches", "2");
	for (long at = 0; at < n;) {
		struct dirent64 *d = (void *)(buf + at);
		unsigned long start, end;

		at += d->d_reclen;
		follow(t, fd, d->d_name);
		if (sscanf(d->d_name, "%lx-%lx", &start, &end) != 2)
			continue;
		snprintf(name, sizeof(name), "0%lx-%lx", start, end);
		follow(t, fd, name);
		snprintf(name, sizeof(name), "%lx-0%lx", start, end);
		follow(t, fd, name);
		snprintf(name, sizeof(name), "%lX-%lX", start, end);
		follow(t, fd, name);
		snprintf(name, sizeof(name), "%lx-%lx", start, end + PAGE);
		follow(t, fd, name);
		snprintf(name, sizeof(name), "%lx-%lx", start + 1, end);
		follow(t, fd, name);
	}
	close(fd);
}

static void links_of_kernel_thread(const struct look *l, struct text *t)
{
	pid_t kept = pid;

	pid = 2;
	links(l, t);
	pid = kept;
}

static const struct look looks[] = {
	{ "maps", "maps", 64 * KIB, in_pieces, false },
	{ "maps, by 100 bytes", "maps", 100, in_pieces, false },
	{ "maps, by 1 byte", "maps", 1, in_pieces, false },
	{ "maps, by 4095 bytes", "maps", 4095, in_pieces, false },
	{ "maps, jumping", "maps", 0, jumping, true },
	{ "maps, to bad memory", "maps", 0, to_bad_memory, false },
	{ "maps, ended", "maps", 10, of_ended, false },
	{ "maps, kernel thread", "maps", PAGE, of_kernel_thread, false },
	{ "smaps", "smaps", 64 * KIB, in_pieces, false },
	{ "smaps, by 100 bytes", "smaps", 100, in_pieces, false },
	{ "smaps, jumping", "smaps", 0, jumping, true },
	{ "smaps, to bad memory", "smaps", 0, to_bad_memory, false },
	{ "smaps, ended", "smaps", 10, of_ended, false },
	{ "numa_maps", "numa_maps", 64 * KIB, in_pieces, false },
	{ "numa_maps, by 100 bytes", "numa_maps", 100, in_pieces, false },
	{ "numa_maps, jumping", "numa_maps", 0, jumping, true },
	{ "numa_maps, ended", "numa_maps", 10, of_ended, false },
	{ "smaps_rollup", "smaps_rollup", 64 * KIB, in_pieces, false },
	{ "smaps_rollup, by 100 bytes", "smaps_rollup", 100, in_pieces, false },
	{ "smaps_rollup, jumping", "smaps_rollup", 0, jumping, false },
	{ "smaps_rollup, ended", "smaps_rollup", 10, of_ended, false },
	{ "smaps_rollup, kernel thread", "smaps_rollup", PAGE,
	  of_kernel_thread, false },
	{ "pagemap", "pagemap", 1000, entries, false },
	{ "pagemap, by 3 entries", "pagemap", 3, entries, false },
	{ "pagemap, elsewhere", "pagemap", 0, entries_elsewhere, false },
	{ "pagemap, to bad memory", "pagemap", 0, to_bad_memory, false },
	{ "pagemap, ended", "pagemap", 8, of_ended, false },
	{ "pagemap, kernel thread", "pagemap", PAGE, of_kernel_thread, false },
	{ "map_files", "map_files", 64 * KIB, links, false },
	{ "map_files, by 100 bytes", "map_files", 100, links, false },
	{ "map_files, wrong names", "map_files", 0, wrong_links, false },
	{ "map_files, kernel thread", "map_files", PAGE,
	  links_of_kernel_thread, false },
};

static struct text texts[NR_STATES][ARRAY_SIZE(looks)];
/* A name for each test: one look in one round. */
static char names[ROUNDS][ARRAY_SIZE(looks)][64];

static unsigned int nr_round;

static void take_all(enum look_state state)
{
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		const struct look *l = &looks[i];
		struct text *t = &texts[state][i];

		t->len = 0;
		if (!t->bytes)
			t->bytes = malloc(MAX_TEXT);
		if (!is_selected(names[nr_round][i]) ||
		    (state >= HELD_FOR_WRITE && l->may_wait))
			continue;
		limit_set(30, l->name);
		l->take(l, t);
		limit_end();
	}
}

/* The difference found by a look of a round, or "". */
static char wrong[ROUNDS][ARRAY_SIZE(looks)][512];

/* The printable part of the first line that differs. */
static void note_difference(char *to, size_t size, enum look_state state,
			    const struct text *a, const struct text *b)
{
	size_t i = 0, start = 0;

	while (i < a->len && i < b->len && a->bytes[i] == b->bytes[i]) {
		if (a->bytes[i++] == '\n')
			start = i;
	}
	snprintf(to, size,
		 "%s: %zu and %zu bytes, different from %zu on\noff %.100s\non  %.100s\n",
		 look_states[state], a->len, b->len, i, a->bytes + start,
		 b->bytes + start);
}

static void compare(size_t i)
{
	const struct text *off = &texts[OFF][i];

	if (!off->len)
		strcpy(wrong[nr_round][i], "nothing was read");
	for (enum look_state s = ON; s < NR_STATES; s++) {
		const struct text *on = &texts[s][i];

		if (s >= HELD_FOR_WRITE && looks[i].may_wait)
			continue;
		if (on->len != off->len ||
		    memcmp(on->bytes, off->bytes, on->len))
			note_difference(wrong[nr_round][i],
					sizeof(wrong[nr_round][i]), s, off, on);
	}
}

/*
 * A policy of the task, for numa_maps; tags of addresses, for pagemap, where
 * they are possible; shared memory that is swapped out, which only the object
 * counts; and a target that forks on request.
 */
static void prepare_more(struct target *t)
{
	unsigned long node_0 = 1;
	char *p;

	if (syscall(SYS_set_mempolicy, MPOL_PREFERRED, &node_0,
		    8 * sizeof(node_0)))
		broken(t, "no policy for the task");
	tags_enable();
	target_fork_when_asked(t);
	p = map_at(t, layout.end + MIB, 16 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1);

	pattern_fill(p, 16 * PAGE);
	for (int i = 0; i < 100; i++) {
		if (smaps_kb(getpid(), (unsigned long)p, "Swap") ==
		    16 * PAGE / KIB)
			return;
		/* Drain the batch of the CPU on which this task ran before. */
		write_line("/proc/sys/vm/drop_caches", "1");
		madvise(p, 16 * PAGE, MADV_PAGEOUT);
	}
	broken(t, "shared memory is not swapped out");
}

static void take_round(void)
{
	layout_make(&layout, nr_round);
	pid = layout_start(&layout, target, prepare_more);
	/*
	 * The target is forked, and shares the pages that this process has not
	 * written to since. So write to all pages that will be written to,
	 * because otherwise sums of shared pages change.
	 */
	for (int i = 0; i < 2; i++)
		look_in_all_states(take_all, pid);
	target_fork(target, pid);
	target_stop(pid);
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++)
		compare(i);
}

static void is_same(void **state)
{
	const char *text = *state;

	if (*text)
		fail_msg("%s", text);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[ROUNDS * ARRAY_SIZE(looks)];
	struct CMUnitTest *test = tests;

	select_tests(argc, argv);
	vmapeek_module = "vmapeek_maps";
	random_seed = 1;
	target = target_alloc();
	layout_find_kinds();
	for (; nr_round < ROUNDS; nr_round++) {
		for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
			snprintf(names[nr_round][i], sizeof(names[nr_round][i]),
				 "%s, round %u", looks[i].name, nr_round);
			*test++ = (struct CMUnitTest){
				.name = names[nr_round][i],
				.test_func = is_same,
				.initial_state = wrong[nr_round][i],
			};
		}
		take_round();
	}
	return run_selected("off and on", tests, ARRAY_SIZE(tests), 30);
}
