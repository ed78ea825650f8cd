// SPDX-License-Identifier: GPL-2.0
/*
 * maps and its relatives of a process in which a page fault sleeps in a frozen
 * file system with its VMA read-locked, and a writer holds the mmap lock and
 * waits for that VMA. Stock's readers wait at that VMA. With vmapeek_maps they
 * join the fault, and show the same as before the writer came. The writer waits
 * for the readers that have joined, but not for later ones.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "frozen.h"
#include "hold.h"
#include "kinds-make.h"
#include "maps-text.h"
#include "pagemap-scan.h"
#include "procmap.h"
#include "run.h"
#include "vmapeek.h"

#define PAUSE		"/sys/module/pause_show/parameters/"
#define TEXT_SIZE	(256 * KIB)
#define NR_REGIONS	64
#define NR_READERS	6
#define TIME_LIMIT	240	/* seconds; reached only by a failure */
/* A VMA of another kind, adjacent to and below that of the fault. */
#define BELOW_SIZE	(4 * PAGE)
#define BELOW_AT	(FROZEN_AT - BELOW_SIZE)
/* Polls by which a task that need not wait has run. */
#define LOOKS		2000

/* Reads a file as text; 0 is an error. */
typedef size_t (*read_fn)(int fd, char *text);

struct look {
	const char *name, *file;
	read_fn read;
	/* Lines about other VMAs are compared up to this character only. */
	char until;
};

/* A reader, which reads on request; in shared memory. */
struct reader {
	unsigned int wanted, done;	/* reads */
	bool loops;			/* it reads in a loop */
	size_t len;
	char text[TEXT_SIZE];
};

static struct target *target;
static struct reader *readers;

static size_t read_text(int fd, char *text)
{
	size_t len = 0;
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, text + len, TEXT_SIZE - len)) > 0)
		len += n;
	return n < 0 ? 0 : len;
}

/* Entries of both VMAs and of their neighbours. */
static size_t read_pagemap(int fd, char *text)
{
	size_t size = (BELOW_SIZE + FROZEN_SIZE + 8 * PAGE) / PAGE * 8;

	return pread(fd, text, size, (BELOW_AT - 4 * PAGE) / PAGE * 8) ==
	       (ssize_t)size ? size : 0;
}

static size_t read_scan(int fd, char *text)
{
	struct scan s = {
		.size = sizeof(s),
		.end = 1UL << 46,
		.vec_len = NR_REGIONS,
		.returned = IS_6_12,
	};
	size_t len = 0;
	long n;

	do {
		s.vec = (unsigned long)(text + len);
		n = ioctl(fd, PAGEMAP_SCAN, &s);
		if (n < 0)
			return 0;
		len += n * sizeof(struct region_found);
		s.start = s.walk_end;
	} while (s.start < s.end);
	return len;
}

static size_t read_query(int fd, char *text)
{
	struct query q = { .size = sizeof(q), .flags = QUERY_OR_NEXT };
	size_t len = 0;

	while (!ioctl(fd, PROCMAP_QUERY, &q)) {
		memcpy(text + len, &q, sizeof(q));
		len += sizeof(q);
		q.addr = q.vma_end;
	}
	return errno == ENOENT ? len : 0;
}

static size_t read_links(int fd, char *text)
{
	static _Alignas(struct dirent64) char buf[16 * KIB];
	size_t len = 0;
	ssize_t size;
	long n;

	lseek(fd, 0, SEEK_SET);
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf + at);

			at += d->d_reclen;
			if (d->d_name[0] == '.')
				continue;
			len += sprintf(text + len, "%s ", d->d_name);
			size = readlinkat(fd, d->d_name, text + len, 256);
			if (size <= 0)
				return 0;
			len += size;
		}
	}
	return n < 0 ? 0 : len;
}

static const struct look looks[] = {
	{ "maps", "maps", read_text, 0 },
	{ "smaps", "smaps", read_text, ':' },
	{ "numa_maps", "numa_maps", read_text, ' ' },
	{ "smaps_rollup", "smaps_rollup", read_text, ':' },
	{ "pagemap", "pagemap", read_pagemap, 0 },
	{ "PAGEMAP_SCAN", "pagemap", read_scan, 0 },
	{ "PROCMAP_QUERY", "maps", read_query, 0 },
	{ "map_files", "map_files", read_links, 0 },
};

#define MAPS	(&looks[0])
#define SMAPS	(&looks[1])

/*
 * Numbers of pages in other VMAs depend on the processes of this test that
 * share them. The exception is Rss, the number of the target's pages.
 */
static size_t keep(const struct look *l, char *text, size_t len)
{
	char *from = text, *to = text, *end = text + len;
	bool is_ours = false;

	while (l->until && from < end) {
		char *next = memchr(from, '\n', end - from);
		char *cut = memchr(from, l->until, end - from);
		/* numa_maps has one line for each VMA. */
		bool has_numbers = l->until == ' ' || !is_maps_line(from);
		unsigned long start, last = 0;

		next = next ? next : end - 1;
		if (is_maps_line(from)) {
			/* numa_maps shows no end. */
			sscanf(from, "%lx-%lx", &start, &last);
			is_ours = start >= BELOW_AT && start <= FROZEN_AT &&
				  last <= FROZEN_AT + FROZEN_SIZE;
		}
		if (has_numbers && !is_ours && cut && cut < next &&
		    strncmp(from, "Rss:", 4))
			*cut++ = '\n';
		else
			cut = next + 1;
		memmove(to, from, cut - from);
		to += cut - from;
		from = next + 1;
	}
	return l->until ? (size_t)(to - text) : len;
}

static void be_reader(struct reader *r, const struct look *l, pid_t of, int cpu)
{
	char path[64];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	use_cpu(cpu);
	snprintf(path, sizeof(path), "/proc/%d/%s", of, l->file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (;;) {
		unsigned int wanted = __atomic_load_n(&r->wanted,
						      __ATOMIC_ACQUIRE);

		if (wanted == r->done && !r->loops) {
			usleep(1000);
			continue;
		}
		r->len = keep(l, r->text, l->read(fd, r->text));
		__atomic_store_n(&r->done, r->done + 1, __ATOMIC_RELEASE);
	}
}

/* Reader number @nr. It runs on this CPU. */
static pid_t start_reader(int nr, const struct look *l, pid_t of, int cpu)
{
	struct reader *r = &readers[nr];
	pid_t pid;

	r->wanted = 0;
	r->done = 0;
	r->loops = false;
	fflush(stdout);
	pid = fork();
	if (!pid)
		be_reader(r, l, of, cpu);
	return pid;
}

static void go(int nr)
{
	__atomic_fetch_add(&readers[nr].wanted, 1, __ATOMIC_RELEASE);
}

static bool is_done(int nr)
{
	return __atomic_load_n(&readers[nr].done, __ATOMIC_ACQUIRE) >=
	       readers[nr].wanted;
}

static void wait_done(int nr)
{
	while (!is_done(nr))
		sched_yield();
}

static void end_reader(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/*
 * Does the reader queue for the mmap lock, in stock's functions or in the
 * module's?
 */
static bool is_queued(pid_t pid)
{
	static const char *const functions[] = {
		"m_start", "m_next", "show_smaps_rollup", "pagemap_read",
		"do_pagemap_scan", "procfs_procmap_ioctl", "do_procmap_query",
		"proc_map_files_readdir", "lock_next_vma_slow",
	};

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (waits_in(pid, functions[i]))
			return true;
	/* Stock's function of 7.3, which may contain inlined callees. */
	return !vmapeek_is_loaded() && waits_in(pid, "lock_next_vma");
}

/*
 * Wait until the reader has read; returns false if it waits for the mmap lock.
 */
static bool reads_without_mmap_lock(pid_t pid, int nr)
{
	while (!is_done(nr))
		if (is_queued(pid))
			return false;
	return true;
}

static void prepare(struct target *t)
{
	char *below = map_at(t, BELOW_AT, BELOW_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);

	pattern_fill(below, BELOW_SIZE);
	t->addr = BELOW_AT;
	frozen_prepare(t);
}

static pid_t start_target(void)
{
	pid_t pid;

	frozen_reset();
	pid = target_start(prepare, target);
	assert_string_equal(target->broken, "");
	return pid;
}

/* The writer continues after the fault. */
static void end_target(pid_t pid)
{
	limit_set(60, "the writer that waited");
	while (!frozen_has_written() || !frozen_has_changed())
		sched_yield();
	limit_set(TIME_LIMIT, "stopping the target");
	target_stop(pid);
	vmapeek_off();
}

/* Read until two reads in a row are the same. */
static size_t read_free(int nr, char *text)
{
	struct reader *r = &readers[nr];
	size_t len = 0;

	do {
		memcpy(text, r->text, len);
		len = r->len;
		go(nr);
		wait_done(nr);
		assert_true(r->len > 0);
	} while (r->len != len || memcmp(r->text, text, len));
	return len;
}

/* A look that waits for the writer, and then reads. */
static void waits_for_writer(const struct look *l, pid_t pid)
{
	pid_t reader = start_reader(0, l, pid, 0);

	frozen_begin(FROZEN_VMA, pid);
	go(0);
	assert_false(reads_without_mmap_lock(reader, 0));
	assert_true(frozen_lasts(pid));
	frozen_thaw();
	wait_done(0);
	assert_true(readers[0].len > 0);
	end_reader(reader);
	end_target(pid);
}

static void stuck_off(void **state)
{
	pid_t pid = start_target();

	vmapeek_off();
	waits_for_writer(*state, pid);
}

static void stuck_on(void **state)
{
	const struct look *l = *state;
	pid_t pid = start_target(), first, second;
	static char text[TEXT_SIZE];
	size_t len;

	vmapeek_off();
	first = start_reader(0, l, pid, 0);
	second = start_reader(1, l, pid, 0);
	frozen_fault(pid);
	read_free(1, text);
	len = read_free(0, text);
	vmapeek_on();
	frozen_change(pid);
	/* The second reader does not wait for the first. */
	limit_set(120, "a second reader of a stuck process");
	for (int nr = 0; nr < 2; nr++) {
		go(nr);
		assert_true(reads_without_mmap_lock(nr ? second : first, nr));
		assert_int_equal(readers[nr].len, len);
		assert_memory_equal(readers[nr].text, text, len);
	}
	limit_set(TIME_LIMIT, l->name);
	assert_true(frozen_lasts(pid));
	frozen_thaw();
	end_reader(first);
	end_reader(second);
	end_target(pid);
}

/* Keep the mapping writable for the sleeping thread's write. */
static void change_both(void)
{
	mprotect((char *)BELOW_AT, BELOW_SIZE + FROZEN_SIZE,
		 PROT_READ | PROT_WRITE | PROT_EXEC);
}

/*
 * The writer has changed the VMA below and now waits for the next one. The
 * changed VMA stays locked until the writer is done.
 */
static void changed(bool is_on)
{
	pid_t pid;

	frozen_set_change(change_both);
	pid = start_target();
	frozen_set_change(NULL);
	vmapeek_off();
	if (is_on)
		vmapeek_on();
	waits_for_writer(MAPS, pid);
}

static void changed_off(void **state)
{
	(void)state;
	changed(false);
}

static void changed_on(void **state)
{
	(void)state;
	changed(true);
}

static void pause_at(pid_t pid, unsigned long start)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", start);
	write_line(PAUSE "start", text);
	snprintf(text, sizeof(text), "%d", pid);
	write_line(PAUSE "pid", text);
}

static bool is_paused(void)
{
	char text[8];

	return read_line(PAUSE "paused", text, sizeof(text)) && text[0] == 'Y';
}

/* The reader retries: it neither queues nor returns. */
static void go_and_try(pid_t pid, int nr)
{
	go(nr);
	while (!waits_in(pid, "lock_next_vma_tick")) {
		assert_false(is_done(nr));
		assert_false(is_queued(pid));
	}
}

/* Does the text of a reader contain the line of this VMA? */
static bool shows(int nr, unsigned long start, unsigned long end)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "\n%lx-%lx ", start, end);

	return memmem(readers[nr].text, readers[nr].len, line, len);
}

/*
 * A joined reader is stopped, and the fault ends. The writer still waits. Other
 * readers do not join: they wait for the writer, and can be killed. Reader 0
 * has its own CPU.
 */
static void joined(void **state)
{
	pid_t pid, reader, late, killed;

	(void)state;
	use_cpu(0);
	pid = start_target();
	vmapeek_on();
	reader = start_reader(0, SMAPS, pid, 1);
	late = start_reader(1, MAPS, pid, 0);
	killed = start_reader(2, MAPS, pid, 0);
	frozen_begin(FROZEN_VMA, pid);
	pause_at(reader, FROZEN_AT);
	go(0);
	while (!is_paused())
		sched_yield();
	assert_true(frozen_lasts(pid));
	frozen_thaw();
	while (!frozen_has_written())
		sched_yield();
	for (int i = 0; i < LOOKS; i++) {
		assert_true(frozen_change_waits(pid));
		sched_yield();
	}

	go_and_try(late, 1);
	go_and_try(killed, 2);
	end_reader(killed);
	assert_true(is_paused());
	assert_false(frozen_has_changed());

	write_line(PAUSE "paused", "N");
	wait_done(0);
	wait_done(1);
	assert_true(shows(0, FROZEN_AT, FROZEN_AT + FROZEN_SIZE));
	assert_true(shows(1, FROZEN_AT, FROZEN_AT + 8 * PAGE));
	end_reader(reader);
	end_reader(late);
	end_target(pid);
}

/* Many readers in a loop do not starve the writer. */
static void many(void **state)
{
	pid_t pid, pids[NR_READERS];

	(void)state;
	pid = start_target();
	vmapeek_on();
	for (int i = 0; i < NR_READERS; i++)
		pids[i] = start_reader(i, SMAPS, pid, i % 2);
	frozen_begin(FROZEN_VMA, pid);
	for (int i = 0; i < NR_READERS; i++) {
		readers[i].loops = true;
		go(i);
	}
	for (int i = 0; i < NR_READERS; i++)
		wait_done(i);
	assert_true(frozen_lasts(pid));
	frozen_thaw();
	limit_set(60, "a writer among readers");
	while (!frozen_has_changed())
		sched_yield();
	for (int i = 0; i < NR_READERS; i++)
		end_reader(pids[i]);
	end_target(pid);
}

/* Has livepatch switched this task, in a transition? */
static bool is_switched(pid_t pid, char state)
{
	char path[64], text[8];

	snprintf(path, sizeof(path), "/proc/%d/patch_state", pid);
	return read_line(path, text, sizeof(text)) && text[0] == state;
}

/* A reader waits in stock's code. Other tasks are switched, and do not wait. */
static void switching_on(void **state)
{
	pid_t pid, blocked, other;

	(void)state;
	vmapeek_off();
	pid = start_target();
	blocked = start_reader(0, MAPS, pid, 0);
	other = start_reader(1, MAPS, pid, 0);
	frozen_begin(FROZEN_VMA, pid);
	go(0);
	assert_false(reads_without_mmap_lock(blocked, 0));
	assert_int_equal(vmapeek_load("/vmapeek_maps.ko"), 0);
	while (!is_switched(other, '1'))
		sched_yield();
	go(1);
	assert_true(reads_without_mmap_lock(other, 1));
	assert_true(vmapeek_in_transition());
	frozen_thaw();
	wait_done(0);
	while (vmapeek_in_transition())
		sched_yield();
	assert_true(readers[0].len > 0);
	end_reader(blocked);
	end_reader(other);
	end_target(pid);
}

/* A reader waits in the module's function, for a VMA that was changed. */
static void switching_off(void **state)
{
	pid_t pid, blocked;

	(void)state;
	frozen_set_change(change_both);
	pid = start_target();
	frozen_set_change(NULL);
	vmapeek_on();
	blocked = start_reader(0, MAPS, pid, 0);
	frozen_begin(FROZEN_VMA, pid);
	go(0);
	assert_false(reads_without_mmap_lock(blocked, 0));
	assert_int_equal(vmapeek_enable(false), 0);
	while (vmapeek_task_state() != 0)
		sched_yield();
	assert_true(vmapeek_in_transition());
	assert_true(is_queued(blocked));
	frozen_thaw();
	wait_done(0);
	assert_true(readers[0].len > 0);
	end_reader(blocked);
	end_target(pid);
}

#define STUCK(_i, _name)						\
	{ .name = "off, " _name, .test_func = stuck_off,		\
	  .initial_state = (void *)&looks[_i] },			\
	{ .name = "on, " _name, .test_func = stuck_on,			\
	  .initial_state = (void *)&looks[_i] }

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STUCK(0, "maps"),
		STUCK(1, "smaps"),
		STUCK(2, "numa_maps"),
		STUCK(3, "smaps_rollup"),
		STUCK(4, "pagemap"),
		STUCK(5, "PAGEMAP_SCAN"),
		STUCK(6, "PROCMAP_QUERY"),
		STUCK(7, "map_files"),
		{ .name = "off, a VMA that was changed",
		  .test_func = changed_off },
		{ .name = "on, a VMA that was changed",
		  .test_func = changed_on },
		{ .name = "the writer waits for who has joined",
		  .test_func = joined },
		{ .name = "the writer waits for nobody who comes later",
		  .test_func = many },
		cmocka_unit_test(switching_on),
		cmocka_unit_test(switching_off),
	};

	select_tests(argc, argv);
	vmapeek_module = "vmapeek_maps";
	target = target_alloc();
	readers = shared_alloc(NR_READERS * sizeof(*readers));
	frozen_make("/image");
	return run_selected("maps of a stuck process", tests,
			    ARRAY_SIZE(tests), TIME_LIMIT);
}
