// SPDX-License-Identifier: GPL-2.0
/*
 * Switch vmapeek_maps on and off during reads, all on one CPU and so preempted
 * anywhere, and while a reader is between ->start() and ->stop() of maps. No
 * read may fail or be wrong. No lock may be dropped that was not taken; the
 * kernel would warn of that.
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
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hold.h"
#include "looks.h"
#include "pagemap-scan.h"
#include "procmap.h"
#include "progress.h"
#include "run.h"
#include "target.h"
#include "vmapeek.h"

#define CYCLES		50
#define MAX_TEXT	(256 * KIB)
#define NR_MAPPINGS	64
#define MAX_WORKERS	8

/* Reads a file as text, or converts its content to text. Returns the length. */
typedef size_t (*read_fn)(int fd, char *text);

struct worker {
	const char *file;
	read_fn read;
	/* Each line of the file stays the same, up to this character. */
	const char *until;
	pid_t pid;
	struct progress progress;
};

static struct worker *workers;
static size_t nr_workers;
static struct target *t;
static pid_t target;

static void prepare(struct target *self)
{
	char *p = map(self, NR_MAPPINGS * 2 * PAGE);

	pattern_fill(p, NR_MAPPINGS * 2 * PAGE);
	for (int i = 0; i < NR_MAPPINGS; i++) {
		mprotect(p + i * 2 * PAGE, PAGE, PROT_READ);
		madvise(p + (i * 2 + 1) * PAGE, PAGE, MADV_DONTNEED);
	}
	self->addr = (unsigned long)p;
}

static int open_file(const char *file)
{
	int fd = open_of(target, file);

	if (fd < 0)
		die("/proc/%d/%s: %s", target, file, strerror(errno));
	return fd;
}

/*
 * Reads in pieces, so that each piece has a start and a stop. Returns the
 * length.
 */
static size_t read_whole(int fd, char *text)
{
	size_t len = 0;
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, text + len, 500)) > 0)
		len += n;
	text[n < 0 ? 0 : len] = 0;
	return len;
}

/* The state of each page of the target, without its number. */
static size_t read_pagemap(int fd, char *text)
{
	off_t at = t->addr / PAGE * sizeof(uint64_t);
	off_t end = at + NR_MAPPINGS * 2 * sizeof(uint64_t);
	uint64_t entries[60];
	size_t len = 0;
	ssize_t n;

	while (at < end && (n = pread(fd, entries, sizeof(entries), at)) > 0) {
		for (ssize_t i = 0; i < n / (ssize_t)sizeof(entries[0]); i++)
			if (at + i * (off_t)sizeof(entries[0]) < end)
				len += sprintf(text + len, "%lx\n",
					       entries[i] >> 55);
		at += n;
	}
	text[at < end ? 0 : len] = 0;
	return len;
}

/*
 * Some regions at a time, of the mappings only: other memory may become
 * present.
 */
static size_t read_scan(int fd, char *text)
{
	struct region_found found[3];
	struct scan s = {
		.size = sizeof(s),
		.start = t->addr,
		.end = t->addr + NR_MAPPINGS * 2 * PAGE,
		.vec = (unsigned long)found,
		.vec_len = ARRAY_SIZE(found),
		.returned = IS_6_12,
	};
	size_t len = 0;
	long n;

	while ((n = ioctl(fd, PAGEMAP_SCAN, &s)) > 0) {
		for (long i = 0; i < n; i++)
			len += sprintf(text + len, "%lx-%lx %lx\n",
				       found[i].start, found[i].end,
				       found[i].categories);
		s.start = s.walk_end;
	}
	text[n < 0 ? 0 : len] = 0;
	return len;
}

/* From VMA to VMA. */
static size_t read_query(int fd, char *text)
{
	struct query q = { .size = sizeof(q), .flags = QUERY_OR_NEXT };
	size_t len = 0;

	while (!ioctl(fd, PROCMAP_QUERY, &q)) {
		len += sprintf(text + len, "%lx-%lx %lx\n", q.vma_start,
			       q.vma_end, q.vma_flags);
		q.addr = q.vma_end;
	}
	text[errno == ENOENT ? len : 0] = 0;
	return len;
}

static size_t read_links(int fd, char *text)
{
	static _Alignas(struct dirent64) char buf[16 * KIB];
	char to[256];
	size_t len = 0;
	long n;

	lseek(fd, 0, SEEK_SET);
	while ((n = syscall(SYS_getdents64, fd, buf, 500)) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf + at);
			ssize_t size = readlinkat(fd, d->d_name, to, sizeof(to));

			at += d->d_reclen;
			if (d->d_name[0] != '.')
				len += sprintf(text + len, "%s %.*s\n",
					       d->d_name, (int)size, to);
		}
	}
	text[n < 0 ? 0 : len] = 0;
	return len;
}

/* Sums of shared pages change with other processes, so they are removed. */
static void keep(const struct worker *w, char *text)
{
	char *from = text, *to = text;

	while (w->until && *from) {
		char *end = strchrnul(from, '\n');
		char *cut = memmem(from, end - from, w->until,
				   strlen(w->until));
		size_t len = (cut ? cut : end) - from;

		memmove(to, from, len);
		to += len;
		from = *end ? end + 1 : end;
	}
	if (w->until)
		*to = 0;
}

static void work(struct worker *w)
{
	static char first[MAX_TEXT], text[MAX_TEXT];
	int fd = open_file(w->file);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	w->read(fd, first);
	keep(w, first);
	for (;;) {
		w->read(fd, text);
		keep(w, text);
		if (!*text || strcmp(text, first))
			progress_wrong(&w->progress, "%s differs", w->file);
		w->progress.reads++;
		/* Switching needs the CPU, too. */
		usleep(5000);
	}
}

static void start_worker(const char *file, read_fn read, const char *until)
{
	struct worker *w = &workers[nr_workers++];
	pid_t pid;

	w->file = file;
	w->read = read;
	w->until = until;
	fflush(stdout);
	pid = fork();
	if (!pid)
		work(w);
	w->pid = pid;
}

/* Wait until every reader has completed one more read. */
static void all_read_on(void)
{
	for (size_t i = 0; i < nr_workers; i++)
		progress_wait(&workers[i].progress);
}

static void cycle(void **state)
{
	(void)state;
	for (int i = 0; i < CYCLES; i++) {
		vmapeek_on();
		all_read_on();
		vmapeek_off();
		all_read_on();
	}
}

/* Reads a file from @offset on, and waits for the mmap lock in @function. */
static pid_t start_blocked(int hold, const char *file, long offset,
			   const char *function)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		char text[100];
		int fd = open_file(file);

		/*
		 * The lock is released when the last process closes this file.
		 */
		close(hold);
		_exit(pread(fd, text, sizeof(text), offset) != sizeof(text));
	}
	while (!waits_in(pid, function))
		sched_yield();
	return pid;
}

static void ends_well(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/*
 * A reader waits in stock's code, with a function on its stack that the
 * livepatch replaces. Other tasks are switched, and do not wait.
 */
static void on_while(const char *file, const char *function)
{
	int hold = hold_begin("write", target);
	static char text[MAX_TEXT];
	pid_t blocked;

	hold_wait(hold, "held");
	blocked = start_blocked(hold, file, 0, function);
	assert_int_equal(vmapeek_load("/vmapeek_maps.ko"), 0);
	while (vmapeek_task_state() != 1)
		sched_yield();
	assert_true(read_whole(open_file(file), text) > 0);
	assert_true(vmapeek_in_transition());
	assert_true(waits_in(blocked, function));
	close(hold);
	ends_well(blocked);
	while (vmapeek_in_transition())
		sched_yield();
}

/* Linux 6.17 and later do not wait there. */
static bool has_m_start_wait(void)
{
	struct utsname u;

	uname(&u);
	return !strncmp(u.release, "6.12.", 5);
}

static void on_while_rollup_waits(void **state)
{
	(void)state;
	on_while("smaps_rollup", "show_smaps_rollup");
	vmapeek_off();
}

static void on_while_maps_waits(void **state)
{
	(void)state;
	if (!has_m_start_wait())
		skip_lacking("maps that take the mmap lock");
	on_while("maps", "m_start");
	vmapeek_off();
}

/*
 * A reader waits in the module's function, because it starts at another offset
 * than the end of the last read.
 */
static void switching_off_while_maps_waits(void **state)
{
	pid_t blocked;
	int hold;

	(void)state;
	if (!has_m_start_wait())
		skip_lacking("maps that take the mmap lock");
	vmapeek_on();
	hold = hold_begin("write", target);
	hold_wait(hold, "held");
	blocked = start_blocked(hold, "maps", 1000, "m_start");
	assert_int_equal(vmapeek_enable(false), 0);
	while (vmapeek_task_state() != 0)
		sched_yield();
	assert_true(vmapeek_in_transition());
	assert_true(waits_in(blocked, "m_start"));
	close(hold);
	ends_well(blocked);
	vmapeek_off();
}

/* Scans a target's memory, and waits for the mmap lock. */
static pid_t start_blocked_scan(int hold, pid_t of, const struct target *own,
				uint64_t flags)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct scan s = {
			.size = sizeof(s),
			.flags = flags,
			.start = own->addr,
			.end = own->addr + NR_MAPPINGS * 2 * PAGE,
		};

		close(hold);
		_exit(ioctl(open_of(of, "pagemap"), PAGEMAP_SCAN, &s) != 0);
	}
	while (!waits_in(pid, "do_pagemap_scan")) {
		/* The scan must not return without the lock. */
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
		sched_yield();
	}
	return pid;
}

/*
 * Neither stock's scan nor one that write-protects waits in a replaced
 * function. The scan is of another process than the workers read, because a
 * waiting worker would delay the transition.
 */
static void while_scan_waits(uint64_t flags, void (*before)(void),
			     void (*meanwhile)(void))
{
	struct target *own = target_alloc();
	pid_t of = target_start(prepare, own), blocked;
	int hold;

	before();
	hold = hold_begin("write", of);
	hold_wait(hold, "held");
	blocked = start_blocked_scan(hold, of, own, flags);
	limit_set(120, "switching while a scan waits");
	meanwhile();
	limit_end();
	assert_true(waits_in(blocked, "do_pagemap_scan"));
	close(hold);
	ends_well(blocked);
	target_stop(of);
	vmapeek_off();
}

static void on_while_scan_waits(void **state)
{
	(void)state;
	if (!has_tail_calls())
		skip_lacking("tail calls");
	while_scan_waits(0, vmapeek_off, vmapeek_on);
}

static void switching_off_while_protecting_scan_waits(void **state)
{
	(void)state;
	while_scan_waits(SCAN_WRITE_PROTECT, vmapeek_on, vmapeek_off);
}

/* Each reads from where the other stopped. */
static void each_second_piece_by_vmapeek(void **state)
{
	static char whole[MAX_TEXT], pieces[MAX_TEXT];

	(void)state;
	for (size_t i = 0; i < nr_workers; i++) {
		const struct worker *w = &workers[i];
		size_t len = 0, piece;
		bool on = false;
		ssize_t n;
		int fd;

		if (w->read != read_whole)
			continue;
		fd = open_file(w->file);
		piece = read_whole(fd, whole) / 6 + 1;
		lseek(fd, 0, SEEK_SET);
		while ((n = read(fd, pieces + len, piece)) > 0) {
			len += n;
			on = !on;
			if (on)
				vmapeek_on();
			else
				vmapeek_off();
		}
		pieces[len] = 0;
		vmapeek_off();
		close(fd);
		keep(w, whole);
		keep(w, pieces);
		assert_string_equal(pieces, whole);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_second_piece_by_vmapeek),
		cmocka_unit_test(on_while_rollup_waits),
		cmocka_unit_test(on_while_maps_waits),
		cmocka_unit_test(switching_off_while_maps_waits),
		cmocka_unit_test(on_while_scan_waits),
		cmocka_unit_test(switching_off_while_protecting_scan_waits),
		cmocka_unit_test(cycle),
	};
	int failed;

	select_tests(argc, argv);
	vmapeek_module = "vmapeek_maps";
	workers = mmap(NULL, MAX_WORKERS * sizeof(*workers), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	t = target_alloc();
	target = target_start(prepare, t);
	if (t->broken[0])
		die("%s", t->broken);
	start_worker("maps", read_whole, NULL);
	start_worker("maps", read_query, NULL);
	start_worker("smaps", read_whole, ":");
	start_worker("numa_maps", read_whole, " mapmax");
	start_worker("smaps_rollup", read_whole, ":");
	start_worker("pagemap", read_pagemap, NULL);
	start_worker("pagemap", read_scan, NULL);
	start_worker("map_files", read_links, NULL);

	failed = run_selected("switching", tests, ARRAY_SIZE(tests), 1500);
	for (size_t i = 0; i < nr_workers; i++)
		kill(workers[i].pid, SIGKILL);
	target_stop(target);
	return failed;
}
