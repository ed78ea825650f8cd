// SPDX-License-Identifier: GPL-2.0
/* The compared observations of a run of a cell, as lines "name: value". */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interference.h"
#include "state.h"
#include "vmapeek.h"

static long pins_acquired, pins_released;

void report_line(struct report *r, const char *format, ...)
{
	size_t left = sizeof(r->text) - r->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(r->text + r->len, left, format, args);
	va_end(args);
	if (len < 0 || (size_t)len + 2 > left)
		die("a report is too long");
	r->len += len;
	r->text[r->len++] = '\n';
	r->text[r->len] = '\0';
}

/* Bits of a pagemap entry that depend on the process only. */
static const struct {
	uint64_t bit;
	const char *name;
} entry_bits[] = {
	{ 1ULL << 63, "present" }, { 1ULL << 62, "swapped" },
	{ 1ULL << 61, "file" }, { 1ULL << 58, "guard" },
	{ 1ULL << 57, "uffd-wp" }, { 1ULL << 56, "exclusive" },
	{ 1ULL << 55, "soft-dirty" },
};

static void report_entry(struct report *r, const char *when, int fd,
			 const char *name, unsigned long addr)
{
	char text[128] = "";
	uint64_t entry = 0;

	if (pread(fd, &entry, sizeof(entry), addr / PAGE * sizeof(entry)) !=
	    sizeof(entry))
		die("pagemap: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(entry_bits); i++) {
		if (!(entry & entry_bits[i].bit))
			continue;
		strcat(text, " ");
		strcat(text, entry_bits[i].name);
	}
	report_line(r, "%s, pagemap of %s:%s", when, name, text);
}

/* Pages of a file on FUSE may be written back at any time. */
static bool is_uncertain(const char *field)
{
	const struct memory *memory = scene->cell->memory;

	return memory->slow && memory->backing == SHARED_FILE &&
	       (strstr(field, "_Clean:") || strstr(field, "_Dirty:"));
}

/* One line for each mapping, without fields of 0. */
static void report_smaps(struct report *r, const char *when, const char *name,
			 pid_t target, unsigned long start, unsigned long end)
{
	static char text[64 * KIB];
	char line[1024] = "", last[64] = "", *where, *field, *next;

	state_text(text, sizeof(text), target, start, end);
	for (where = strtok_r(text, "\n", &next); where;
	     where = strtok_r(NULL, "\n", &next)) {
		field = strchr(where, ' ');
		*field++ = '\0';
		if (strcmp(where, last)) {
			if (line[0])
				report_line(r, "%s", line);
			snprintf(line, sizeof(line), "%s, %s %s:", when, name,
				 where);
			snprintf(last, sizeof(last), "%s", where);
		}
		if (strstr(field, ": 0 kB") || is_uncertain(field))
			continue;
		strcat(line, " ");
		strncat(line, field, sizeof(line) - strlen(line) - 2);
	}
	if (line[0])
		report_line(r, "%s", line);
}

void report_memory(struct report *r, const char *when, pid_t target)
{
	char path[64], name[16];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", target);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("no %s: %s", path, strerror(errno));
	for (int i = 0; i < NR_PAGES; i++) {
		snprintf(name, sizeof(name), "page %d", i);
		report_entry(r, when, fd, name, PAGES_AT + i * PAGE);
	}
	report_entry(r, when, fd, "elsewhere", ELSEWHERE);
	close(fd);
	report_smaps(r, when, "mapping", target, HUGE_AT,
		     HUGE_AT + 2 * HUGE_PAGE);
	report_smaps(r, when, "elsewhere", target, ELSEWHERE,
		     ELSEWHERE + HUGE_PAGE);
}

/* Fold the per-CPU counters into the sums. */
static void pins_read(long *acquired, long *released)
{
	char line[128];
	FILE *file;

	write_line("/proc/sys/vm/stat_refresh", "1");
	file = fopen("/proc/vmstat", "r");
	if (!file)
		die("no /proc/vmstat");
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "nr_foll_pin_acquired %ld", acquired);
		sscanf(line, "nr_foll_pin_released %ld", released);
	}
	fclose(file);
}

void pins_start(void)
{
	pins_read(&pins_acquired, &pins_released);
}

void report_pins(struct report *r, const char *when)
{
	long acquired = 0, released = 0;

	pins_read(&acquired, &released);
	report_line(r, "%s, pins acquired: %ld", when,
		    acquired - pins_acquired);
	report_line(r, "%s, pins released: %ld", when,
		    released - pins_released);
}

void report_steps(struct report *r)
{
	for (unsigned int i = 0; i < scene->nr_steps; i++) {
		const struct step *s = &scene->steps[i];

		report_line(r, "the target's %s: %ld%s%s", s->what, s->ret,
			    s->err ? ", " : "",
			    s->err ? strerrorname_np(s->err) : "");
	}
}

void report_reader(struct report *r)
{
	const char *name = scene->n < 0 ? strerrorname_np(-scene->n) : NULL;

	report_line(r, "the reader's result: %ld%s%s", scene->n,
		    name ? ", " : "", name ?: "");
	report_line(r, "the reader's faults: %ld minor, %ld major",
		    scene->minor, scene->major);
	if (scene->cell->place->lead)
		report_line(r, "the reader's first pages: %u as they should be",
			    scene->lead_good);
	for (int i = 0; i < NR_PAGES; i++)
		report_line(r, "the reader's page %d: %s", i, scene->pages[i]);
}

static int line_len(const char *text)
{
	return strcspn(text, "\n");
}

void reports_print(const struct report *a, const struct report *b)
{
	const char *s = a->text, *t = b->text;

	while (*s || *t) {
		int n = line_len(s), m = line_len(t);

		if (n == m && !strncmp(s, t, n))
			printf("#     %.*s\n", n, s);
		else
			printf("# off %.*s\n# on  %.*s\n", n, s, m, t);
		s += n + (s[n] == '\n');
		t += m + (t[m] == '\n');
	}
}
