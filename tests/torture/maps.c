// SPDX-License-Identifier: GPL-2.0
/*
 * Reads /proc/PID/maps and its relatives in turn, in a loop, and checks their
 * content: VMAs in the order of addresses, no gap in a region that has none,
 * consistent sums.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "maps-text.h"
#include "pagemap-scan.h"
#include "procmap.h"
#include "scene.h"
#include "util.h"

#define TEXT_MAX	MIB
#define REGION_END(s)	(REGION_AT + (s)->size)

struct work {
	struct scene *s;
	struct reader_stats *stats;
	unsigned int incarnation;
	const char *file;
	char *text;
};

/* Bits of a pagemap entry. */
#define ENTRY_PRESENT	(1UL << 63)
#define ENTRY_SWAPPED	(1UL << 62)
#define ENTRY_UNUSED	(3UL << 59)
#define ENTRY_PFN	((1UL << 55) - 1)

static bool stays_mapped(const struct work *w)
{
	return !(w->s->rules & (MAY_BE_ABSENT | MAPPED_ANEW)) &&
	       atomic_load(&w->s->incarnation) == w->incarnation;
}

static void wrong(struct work *w, const char *what, const char *line)
{
	if (!atomic_fetch_add(&w->stats->wrong, 1))
		snprintf(w->stats->finding, sizeof(w->stats->finding),
			 "%s: %s: %.160s", w->file, what, line);
}

/* An error, unless the process or its memory may be gone. */
static void absent(struct work *w, const char *what, const char *line)
{
	atomic_fetch_add(&w->stats->absent, 1);
	if (!(w->s->rules & MAY_BE_ABSENT) &&
	    atomic_load(&w->s->incarnation) == w->incarnation)
		wrong(w, what, line);
}

/* Adds a VMA, in the order of addresses, to the covered part of the region. */
static void cover(unsigned long *covered, unsigned long start,
		  unsigned long end)
{
	if (start <= *covered && end > *covered)
		*covered = end;
}

static void check_covered(struct work *w, unsigned long covered)
{
	char text[32];

	if (covered >= REGION_END(w->s) || !stays_mapped(w))
		return;
	snprintf(text, sizeof(text), "%lx", covered);
	wrong(w, "what is mapped all the time is not shown", text);
}

static bool check_line(struct work *w, const char *line, unsigned long *last,
		       unsigned long *covered, struct maps_line *l)
{
	const char *what = maps_line_wrong(line, last, l);

	if (what)
		wrong(w, what, line);
	else
		cover(covered, l->start, l->end);
	return !what;
}

static void check_maps(struct work *w)
{
	unsigned long last = 0, covered = REGION_AT;
	struct maps_line l;
	char *at;

	for (char *line = strtok_r(w->text, "\n", &at); line;
	     line = strtok_r(NULL, "\n", &at))
		if (!check_line(w, line, &last, &covered, &l))
			return;
	check_covered(w, covered);
}

/* Sums in kB. */
struct sums {
	unsigned long size, rss, pss, parts, part_of_rss;
};

static void sum_up(struct sums *sums, const char *line)
{
	unsigned long kb;
	char name[32];

	if (sscanf(line, "%31[^:]: %lu kB", name, &kb) != 2)
		return;
	if (!strcmp(name, "Size"))
		sums->size = kb;
	else if (!strcmp(name, "Rss"))
		sums->rss = kb;
	else if (!strcmp(name, "Pss"))
		sums->pss = kb;
	else if (!strncmp(name, "Shared_", 7) && !strstr(name, "Hugetlb"))
		sums->parts += kb;
	else if (!strncmp(name, "Private_", 8) && !strstr(name, "Hugetlb"))
		sums->parts += kb;
	else if ((!strcmp(name, "Referenced") || !strcmp(name, "Anonymous")) &&
		 kb > sums->part_of_rss)
		sums->part_of_rss = kb;
}

static bool check_sums(struct work *w, const struct sums *sums,
		       const char *line)
{
	const char *what = NULL;

	if (sums->parts != sums->rss)
		what = "Rss is not the sum of its parts";
	else if (sums->pss > sums->rss || sums->part_of_rss > sums->rss)
		what = "a part of Rss is larger";
	if (what)
		wrong(w, what, line);
	return !what;
}

/* Checks the sums of the VMA whose lines end before @line, if any. */
static bool check_vma(struct work *w, const struct maps_line *l,
		      const struct sums *sums, const char *line)
{
	if (!l->end)
		return true;
	if (sums->size != (l->end - l->start) / KIB || sums->rss > sums->size) {
		wrong(w, "more than there is, before", line);
		return false;
	}
	return check_sums(w, sums, line);
}

static void check_smaps(struct work *w)
{
	unsigned long last = 0, covered = REGION_AT;
	struct maps_line l = { 0 };
	struct sums sums = { 0 };
	char *at;

	for (char *line = strtok_r(w->text, "\n", &at); line;
	     line = strtok_r(NULL, "\n", &at)) {
		if (!is_maps_line(line)) {
			sum_up(&sums, line);
			continue;
		}
		if (!check_vma(w, &l, &sums, line) ||
		    !check_line(w, line, &last, &covered, &l))
			return;
		memset(&sums, 0, sizeof(sums));
	}
	if (check_vma(w, &l, &sums, "the end"))
		check_covered(w, covered);
}

static void check_rollup(struct work *w)
{
	struct sums sums = { 0 };
	char *at, *line = strtok_r(w->text, "\n", &at);

	if (!line || !strstr(line, " [rollup]")) {
		wrong(w, "not the header", line ? line : "");
		return;
	}
	while ((line = strtok_r(NULL, "\n", &at)))
		sum_up(&sums, line);
	check_sums(w, &sums, "");
}

static void check_numa_line(struct work *w, char *line)
{
	unsigned long start, pages = 0, most = 0, n;
	char copy[160], *at;

	snprintf(copy, sizeof(copy), "%s", line);
	if (sscanf(line, "%lx %*[a-z]", &start) != 1 || start % PAGE) {
		wrong(w, "no line of numa_maps", copy);
		return;
	}
	for (char *word = strtok_r(line, " ", &at); word;
	     word = strtok_r(NULL, " ", &at)) {
		if (sscanf(word, "N%*u=%lu", &n) == 1)
			pages += n;
		else if ((sscanf(word, "anon=%lu", &n) == 1 ||
			  sscanf(word, "dirty=%lu", &n) == 1 ||
			  sscanf(word, "mapped=%lu", &n) == 1) && n > most)
			most = n;
	}
	if (most > pages)
		wrong(w, "more pages than on the nodes", copy);
}

static void check_numa_maps(struct work *w)
{
	char *at;

	for (char *line = strtok_r(w->text, "\n", &at); line;
	     line = strtok_r(NULL, "\n", &at))
		check_numa_line(w, line);
}

/* Reads in pieces of random size, so that the kernel's buffer ends anywhere. */
static ssize_t read_text(struct work *w, int fd)
{
	size_t piece = 1 + scene_random(w->s, scene_random(w->s, 2) ? 3000 :
								    64 * KIB);
	size_t len = 0;
	ssize_t n;

	do {
		if (piece > TEXT_MAX - 1 - len)
			piece = TEXT_MAX - 1 - len;
		n = read(fd, w->text + len, piece);
		if (n < 0)
			return -errno;
		len += n;
	} while (n);
	w->text[len] = 0;
	return len;
}

static void look_at_pagemap(struct work *w, int fd)
{
	static uint64_t entries[REGION_MAX / PAGE];
	size_t size = w->s->size / PAGE * sizeof(entries[0]);
	ssize_t n = pread(fd, entries, size,
			  REGION_AT / PAGE * sizeof(entries[0]));
	char text[32];

	if (n != (ssize_t)size)
		absent(w, "short, or refused", n < 0 ? strerror(errno) : "");
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(entries[0]); i++) {
		bool present = entries[i] & ENTRY_PRESENT;
		bool swapped = entries[i] & ENTRY_SWAPPED;

		if (!(entries[i] & ENTRY_UNUSED) && !(present && swapped) &&
		    (present || swapped || !(entries[i] & ENTRY_PFN)) &&
		    (!present || entries[i] & ENTRY_PFN))
			continue;
		snprintf(text, sizeof(text), "%#lx", entries[i]);
		wrong(w, "no such entry", text);
		return;
	}
}

/* Regions must be in the order of addresses, below the end of the scan. */
static bool check_regions(const struct work *w, const struct scan *scan,
			  const struct region_found *found, int nr)
{
	uint64_t last = REGION_AT;

	for (int i = 0; i < nr; i++) {
		uint64_t is = found[i].categories;

		if (found[i].start < last || found[i].end <= found[i].start ||
		    found[i].start % PAGE || found[i].end % PAGE ||
		    !(is & scan->any_of) || (is & ~scan->returned) ||
		    (is & scan->any_of) == scan->any_of)
			return false;
		last = found[i].end;
	}
	return last <= scan->walk_end && scan->walk_end <= REGION_END(w->s) &&
	       ((uint64_t)nr == scan->vec_len ||
		scan->walk_end == REGION_END(w->s));
}

/* Scans for present or swapped pages; no page may be both. */
static void look_by_scan(struct work *w, int fd)
{
	static struct region_found found[64];
	struct scan scan = {
		.size = sizeof(scan),
		.start = REGION_AT,
		.end = REGION_END(w->s),
		.vec = (unsigned long)found,
		.vec_len = 1 + scene_random(w->s, ARRAY_SIZE(found)),
		.any_of = IS_PRESENT | IS_SWAPPED,
		.returned = IS_PRESENT | IS_SWAPPED | IS_FILE,
	};
	char text[80];
	int nr = ioctl(fd, PAGEMAP_SCAN, &scan);

	if (nr < 0) {
		absent(w, "refused", strerror(errno));
		return;
	}
	if (check_regions(w, &scan, found, nr))
		return;
	snprintf(text, sizeof(text), "%d of %lu, up to %lx", nr,
		 (unsigned long)scan.vec_len, (unsigned long)scan.walk_end);
	wrong(w, "no such regions", text);
}

static void look_by_query(struct work *w, int fd)
{
	unsigned long at = REGION_AT + scene_random(w->s, w->s->size);
	struct query q = {
		.size = sizeof(q),
		.flags = QUERY_OR_NEXT,
		.addr = at,
	};
	char text[80];

	if (ioctl(fd, PROCMAP_QUERY, &q)) {
		absent(w, "refused", strerror(errno));
		return;
	}
	snprintf(text, sizeof(text), "%lx-%lx for %lx", q.vma_start, q.vma_end,
		 at);
	if (q.vma_start >= q.vma_end || q.vma_start % PAGE ||
	    q.vma_end % PAGE || q.vma_end <= at)
		wrong(w, "no such VMA", text);
	else if (q.vma_start > at && stays_mapped(w))
		wrong(w, "what is mapped all the time is not found", text);
}

/* The mapping of a link may be unmapped meanwhile. */
static void check_link(struct work *w, int dir, const char *name)
{
	char target[256];

	if (readlinkat(dir, name, target, sizeof(target)) < 0 &&
	    errno != ENOENT)
		absent(w, "a link cannot be read", strerror(errno));
}

/* The entries of one call, which are of one moment on stock. */
static void check_entries(struct work *w, int dir, const char *buf, long size)
{
	unsigned long start, end, last = 0;

	for (long at = 0; at < size;) {
		const struct dirent64 *d = (const void *)(buf + at);

		at += d->d_reclen;
		if (d->d_name[0] == '.')
			continue;
		if (sscanf(d->d_name, "%lx-%lx", &start, &end) != 2 ||
		    start >= end || end <= last) {
			wrong(w, "addresses go back", d->d_name);
			return;
		}
		last = end;
		check_link(w, dir, d->d_name);
	}
}

static void look_at_map_files(struct work *w, int fd)
{
	static _Alignas(struct dirent64) char buf[16 * KIB];
	long size;

	while ((size = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		check_entries(w, fd, buf, size);
	if (size)
		absent(w, "cannot be read", strerror(errno));
}

static const struct look {
	const char *file;
	/* @check for the whole text, or @look, which reads by itself. */
	void (*check)(struct work *w);
	void (*look)(struct work *w, int fd);
} looks[] = {
	{ "maps", .check = check_maps },
	{ "smaps", .check = check_smaps },
	{ "smaps_rollup", .check = check_rollup },
	{ "numa_maps", .check = check_numa_maps },
	{ "pagemap", .look = look_at_pagemap },
	{ "pagemap", .look = look_by_scan },
	{ "maps", .look = look_by_query },
	{ "map_files", .look = look_at_map_files },
};

#define NR_LOOKS	(sizeof(looks) / sizeof(looks[0]))

static void look(struct work *w, const struct look *l, int fd)
{
	ssize_t len;

	if (l->look) {
		l->look(w, fd);
		return;
	}
	len = read_text(w, fd);
	if (len <= 0)
		absent(w, "nothing", len ? strerror(-len) : "");
	else
		l->check(w);
}

/* Returns false if there is no process at the moment. */
static bool look_once(struct work *w, const struct look *l)
{
	unsigned long missed = w->stats->absent;
	char path[64];
	int fd;

	w->incarnation = atomic_load(&w->s->ready);
	w->file = l->file;
	if (!w->incarnation ||
	    w->incarnation != atomic_load(&w->s->incarnation))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/%s", w->s->pid, l->file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		absent(w, "cannot be opened", strerror(errno));
		return true;
	}
	look(w, l, fd);
	close(fd);
	if (w->stats->absent == missed)
		atomic_fetch_add(&w->stats->reads, 1);
	return true;
}

void maps_reader_run(struct scene *s)
{
	struct work w = {
		.s = s,
		.stats = &s->maps_reader,
		.text = malloc(TEXT_MAX),
	};

	if (!w.text)
		_exit(1);
	for (unsigned int i = 0; !atomic_load(&s->stop_readers); i++)
		if (!look_once(&w, &looks[i % NR_LOOKS]))
			sched_yield();
	_exit(0);
}
