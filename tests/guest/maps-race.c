// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/maps and its relatives while the process changes its address space
 * in a loop, with vmapeek off and on. Some mappings stay. Each read must show
 * these unchanged, and between them only mappings that may have existed, in the
 * order of addresses. A read counts if the address space has changed meanwhile.
 */
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
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <cmocka.h>

#include "layout.h"
#include "maps-text.h"
#include "readv.h"
#include "run.h"
#include "vmapeek.h"

#define CHANGED_READS	20
#define NR_ANCHORS	6
#define ANCHOR_SIZE	(2 * PAGE)
#define STRIDE		(4 * MIB)
#define TRACING		"/sys/kernel/tracing"
#define AREA_END	(TARGET_AT + NR_ANCHORS * STRIDE)

static struct target *target;
static volatile unsigned long *changes;
static pid_t pid;

static unsigned long anchor(int i)
{
	return TARGET_AT + i * STRIDE;
}

/* A random place between two anchors, of 1 to 32 pages. */
static char *place(size_t *size)
{
	unsigned long from = anchor(below(NR_ANCHORS - 1)) + ANCHOR_SIZE;

	*size = PAGE * (1 + below(32));
	return (char *)from + PAGE * below((STRIDE - ANCHOR_SIZE) / PAGE - 32);
}

static void touch(char *p, size_t size)
{
	for (size_t i = 0; i < size; i += 2 * PAGE)
		p[i] = 1;
}

/* Of the memory between the anchors, if the kernel has names. */
static const char *const memory_names[] = {
	NULL, "short", "a name longer than the line before it",
};

/* One random change; errors because of absent mappings are ignored. */
static void change(void)
{
	size_t size, other_size;
	char *p = place(&size), *other = place(&other_size);

	switch (below(9)) {
	case 0:
	case 1:
	case 2:
		p = mmap(p, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (p != MAP_FAILED)
			touch(p, size);
		break;
	case 3:
		munmap(p, size);
		break;
	case 4:
		mprotect(p, size, below(2) ? PROT_READ : PROT_NONE);
		break;
	case 5:
		mprotect(p, size, PROT_READ | PROT_WRITE);
		break;
	case 6:
		mremap(p, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, other);
		break;
	case 7:
		madvise(p, size, MADV_DONTNEED);
		break;
	case 8:
		name_memory(p, size,
			    memory_names[below(ARRAY_SIZE(memory_names))]);
		break;
	}
	(*changes)++;
}

/* A child changes its address space until it is killed. */
static void prepare(struct target *t)
{
	int fd = memfd_create("anchor", 0);

	if (fd < 0 || ftruncate(fd, NR_ANCHORS * ANCHOR_SIZE))
		broken(t, "memfd");
	random_start(0, 0);
	if (!fork()) {
		/* The readers read the child. */
		t->child = getpid();
		for (int i = 0; i < NR_ANCHORS; i++)
			memset(map_at(t, anchor(i), ANCHOR_SIZE,
				      PROT_READ | PROT_WRITE, MAP_SHARED, fd),
			       1, ANCHOR_SIZE);
		for (;;)
			change();
	}
	while (!*changes)
		sched_yield();
}

struct look {
	const char *file;
	/* Dies if the text is wrong. */
	void (*check)(const struct look *l, char *text);
};

static void wrong(const struct look *l, const char *what, const char *line)
{
	die("%s: %s: %.120s", l->file, what, line);
}

/* The anchor of a line from @start to @end, or -1. */
static int anchor_at(const struct look *l, unsigned long start,
		     unsigned long end, const char *line)
{
	for (int i = 0; i < NR_ANCHORS; i++) {
		if (end <= anchor(i) || start >= anchor(i) + ANCHOR_SIZE)
			continue;
		if (start != anchor(i) || end != anchor(i) + ANCHOR_SIZE)
			wrong(l, "not the mapping that stays", line);
		return i;
	}
	return -1;
}

static bool has_a_name_of_ours(const char *line)
{
	const char *name = strchr(line, '[');
	char wanted[64];

	if (!name)
		return true;
	for (size_t i = 1; i < ARRAY_SIZE(memory_names); i++) {
		snprintf(wanted, sizeof(wanted), "[anon:%s]", memory_names[i]);
		if (!strcmp(name, wanted))
			return true;
	}
	return false;
}

/* The header line of a VMA in maps and smaps. */
static void check_header(const struct look *l, char *line, unsigned long *last,
			 unsigned int *seen)
{
	const char *what;
	struct maps_line m;
	int i;

	what = maps_line_wrong(line, last, &m);
	if (what)
		wrong(l, what, line);
	if (m.start >= AREA_END || m.end <= TARGET_AT)
		return;
	i = anchor_at(l, m.start, m.end, line);
	if (i < 0) {
		if (strcmp(m.perms, "rw-p") && strcmp(m.perms, "r--p") &&
		    strcmp(m.perms, "---p"))
			wrong(l, "such a mapping never was", line);
		if (!has_a_name_of_ours(line))
			wrong(l, "such a name was never given", line);
		return;
	}
	if (strcmp(m.perms, "rw-s") || !strstr(line, "/memfd:anchor"))
		wrong(l, "the mapping that stays is another", line);
	*seen |= 1U << i;
}

static void check_seen(const struct look *l, unsigned int seen)
{
	if (seen != (1U << NR_ANCHORS) - 1)
		wrong(l, "a mapping that stays is not shown", "");
}

static void check_maps(const struct look *l, char *text)
{
	unsigned long last = 0;
	unsigned int seen = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		check_header(l, line, &last, &seen);
	check_seen(l, seen);
}

static void check_smaps(const struct look *l, char *text)
{
	unsigned long last = 0, size = 0, kb;
	unsigned int seen = 0, before = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (is_maps_line(line)) {
			before = seen;
			check_header(l, line, &last, &seen);
		} else if (sscanf(line, "Size: %lu kB", &kb) == 1) {
			size = kb;
		} else if (sscanf(line, "Rss: %lu kB", &kb) == 1) {
			if (kb > size)
				wrong(l, "more than there is", line);
			if (seen != before && kb != ANCHOR_SIZE / KIB)
				wrong(l, "the mapping that stays", line);
		}
	}
	check_seen(l, seen);
}

static void check_numa_maps(const struct look *l, char *text)
{
	unsigned long start, pages;
	unsigned int seen = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *mapped = strstr(line, " mapped=");
		char *dirty = strstr(line, " dirty=");

		if (sscanf(line, "%lx", &start) != 1)
			wrong(l, "no line of numa_maps", line);
		for (int i = 0; i < NR_ANCHORS; i++) {
			if (start != anchor(i))
				continue;
			if (!mapped)
				mapped = dirty;
			if (!mapped ||
			    sscanf(strchr(mapped, '='), "=%lu", &pages) != 1 ||
			    pages != ANCHOR_SIZE / PAGE)
				wrong(l, "the mapping that stays", line);
			seen |= 1U << i;
		}
	}
	check_seen(l, seen);
}

static void check_rollup(const struct look *l, char *text)
{
	unsigned long start, end, kb;
	char *line = strtok(text, "\n");

	if (!line || sscanf(line, "%lx-%lx ---p", &start, &end) != 2 ||
	    !strstr(line, "[rollup]") || start > TARGET_AT || end < AREA_END)
		wrong(l, "not the header", line ? line : "");
	line = strtok(NULL, "\n");
	if (!line || sscanf(line, "Rss: %lu kB", &kb) != 1 ||
	    kb < NR_ANCHORS * ANCHOR_SIZE / KIB)
		wrong(l, "less than what stays", line ? line : "");
}

static const struct look looks[] = {
	{ "maps", check_maps },
	{ "smaps", check_smaps },
	{ "numa_maps", check_numa_maps },
	{ "smaps_rollup", check_rollup },
	{ "pagemap", NULL },
};

/* Reads in pieces, so that the kernel's buffer ends anywhere. */
static void read_text(const struct look *l, int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = pread(fd, text + len, len ? size - 1 - len : 700, len);
		if (n < 0)
			wrong(l, "error", strerror(errno));
		len += n;
	} while (n && len < size - 1);
	text[len] = 0;
}

/*
 * Pages of the anchors are present, and the first page of the memfd is the
 * same.
 */
static void read_pagemap(const struct look *l, int fd)
{
	static uint64_t entries[STRIDE / PAGE + 1];

	for (int i = 0; i < NR_ANCHORS - 1; i++) {
		ssize_t n = pread(fd, entries, sizeof(entries),
				  anchor(i) / PAGE * 8);

		if (n != sizeof(entries))
			wrong(l, "short", "");
		if (!(entries[0] >> 63) || !(entries[1] >> 63) ||
		    !(entries[STRIDE / PAGE] >> 63))
			wrong(l, "what stays is not there", "");
		if ((entries[0] ^ entries[STRIDE / PAGE]) << 9)
			wrong(l, "what stays is elsewhere", "");
	}
}

static void look(const struct look *l)
{
	static char text[4 * MIB];
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, l->file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		wrong(l, "open", strerror(errno));
	for (int n = 0; n < CHANGED_READS;) {
		unsigned long before = *changes;

		if (l->check) {
			read_text(l, fd, text, sizeof(text));
			l->check(l, text);
		} else {
			read_pagemap(l, fd);
		}
		n += *changes != before;
	}
	close(fd);
}

/* Each half of the tests has all looks, the first half with vmapeek off. */
static void run(void **state)
{
	size_t i = (size_t)*state;
	const struct look *l = &looks[i % ARRAY_SIZE(looks)];

	if (i >= ARRAY_SIZE(looks))
		vmapeek_on();
	look(l);
}

/*
 * The preemption depth in show_map() of a read of maps, as the trace shows it:
 * behind the CPU in brackets, the fourth of its flags, a digit or a dot for 0.
 */
static int preempt_depth(void)
{
	char path[64], text[4096], *cpu = text, *end;
	int fd, trace, flag;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* Which clears it. */
	close(open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
	write_line(TRACING "/events/kprobes/line/enable", "1");
	if (fd < 0 || read(fd, text, sizeof(text)) <= 0)
		die("%s: %s", path, strerror(errno));
	write_line(TRACING "/events/kprobes/line/enable", "0");
	close(fd);
	trace = open(TRACING "/trace", O_RDONLY | O_CLOEXEC);
	n = read(trace, text, sizeof(text) - 1);
	close(trace);
	text[n < 0 ? 0 : n] = 0;
	end = strstr(text, ": line: (");
	if (!end)
		die("show_map() was not traced");
	while (strchr(cpu, ']') && strchr(cpu, ']') < end)
		cpu = strchr(cpu, ']') + 1;
	flag = cpu[1 + 3];
	return flag == '.' ? 0 : flag - '0';
}

/* It would keep the VMA's lock, and a writer waiting, until it runs again. */
static void is_not_preempted(void **state)
{
	struct utsname u;
	int off;

	(void)state;
	mkdir(TRACING, 0755);
	mount("tracefs", TRACING, "tracefs", 0, NULL);
	write_line(TRACING "/kprobe_events", "p:line show_map");
	vmapeek_off();
	off = preempt_depth();
	vmapeek_on();
	uname(&u);
	/* Spinlocks sleep there. */
	assert_int_equal(preempt_depth(),
			 strstr(u.version, "PREEMPT_RT") ? off : off + 1);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[2 * ARRAY_SIZE(looks) + 1];
	char names[ARRAY_SIZE(tests)][32];
	int failed;

	select_tests(argc, argv);
	vmapeek_module = "vmapeek_maps";
	random_seed = 1;
	changes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	target = target_alloc();
	target_start(prepare, target);
	if (target->broken[0])
		die("%s", target->broken);
	pid = target->child;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(looks); i++) {
		snprintf(names[i], sizeof(names[i]), "%s, %s",
			 i < ARRAY_SIZE(looks) ? "off" : "on",
			 looks[i % ARRAY_SIZE(looks)].file);
		tests[i] = (struct CMUnitTest){
			.name = names[i],
			.test_func = run,
			.initial_state = (void *)i,
		};
	}
	tests[2 * ARRAY_SIZE(looks)] = (struct CMUnitTest)
		cmocka_unit_test(is_not_preempted);
	failed = run_selected("off and on", tests, ARRAY_SIZE(tests), 300);
	vmapeek_off();
	kill(pid, SIGKILL);
	return failed;
}
