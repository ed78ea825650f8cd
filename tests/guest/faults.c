// SPDX-License-Identifier: GPL-2.0
/*
 * Reads that fault in what they read, of memory of all kinds and by all
 * interfaces, with vmapeek off and on. The answer is the same, and so is what
 * the faults leave behind: in the reader's count of faults, in the kernel's, in
 * the pins, and in the target's memory. With vmapeek on, none takes the mmap
 * lock unless the kind says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kinds-make.h"
#include "readv.h"
#include "state.h"

#define SMALL		8UL
#define LARGE		(64 * KIB)
#define HUGE_SIZE	(2 * HUGE_PAGE)
#define POISON		0xa5

static const char *const vmstat_fields[] = {
	"pgfault", "pgmajfault", "pswpin", "nr_foll_pin_acquired",
	"nr_foll_pin_released", "ksm_swpin_copy", "cow_ksm",
	"thp_fault_alloc", "thp_fault_fallback",
};

#define NR_FIELDS	(sizeof(vmstat_fields) / sizeof(vmstat_fields[0]))

struct fault_case {
	enum kind kind;
	enum interface how;
	unsigned long offset;	/* where in the memory the read starts */
	unsigned long len;
	unsigned long size;	/* of the memory */
};

/* What a read counts. */
struct counts {
	long minor, major;
	long vmstat[NR_FIELDS];
};

static void counts_read(struct counts *c)
{
	/* Not from the heap, which would grow by faults of our own. */
	static char text[16 * KIB];
	struct rusage usage;
	FILE *file;
	size_t n;

	/* Some of it waits in counters of the CPUs. */
	write_line("/proc/sys/vm/stat_refresh", "1");
	file = fopen("/proc/vmstat", "r");
	if (!file)
		die("no /proc/vmstat");
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	for (size_t i = 0; i < NR_FIELDS; i++) {
		char name[64];
		const char *at;

		snprintf(name, sizeof(name), "\n%s ", vmstat_fields[i]);
		at = strstr(text, name);
		c->vmstat[i] = at ? atol(at + strlen(name)) : 0;
	}
	getrusage(RUSAGE_SELF, &usage);
	c->minor = usage.ru_minflt;
	c->major = usage.ru_majflt;
}

static void describe(char *text, size_t size, const struct counts *start,
		     const struct counts *end, pid_t pid,
		     const struct fault_case *f)
{
	size_t len = snprintf(text, size, "reader minor %ld major %ld\n",
			      end->minor - start->minor,
			      end->major - start->major);

	/* A child has faults of its own. */
	for (size_t i = kinds[f->kind].forks ? 1 : 0; i < NR_FIELDS; i++)
		len += snprintf(text + len, size - len, "%s %ld\n",
				vmstat_fields[i],
				end->vmstat[i] - start->vmstat[i]);
	state_text(text + len, size - len, pid, TARGET_AT,
		   TARGET_AT + f->size);
}

/* The memory that cmdline and environ are asked for. */
static bool show(const struct fault_case *f)
{
	return show_memory(f->how == ENVIRON, TARGET_AT, TARGET_AT + f->size);
}

static const struct fault_case *wanted;

static void prepare(struct target *t)
{
	t->addr = TARGET_AT;
	if ((wanted->how == ENVIRON || wanted->how == CMDLINE) && !show(wanted))
		broken(t, "PR_SET_MM");
	kinds[wanted->kind].make(t, (char *)TARGET_AT, wanted->size);
}

static void read_once(const struct fault_case *f, struct reader *r,
		      struct outcome *o)
{
	unsigned long addr = f->offset;

	if (f->how != CMDLINE && f->how != ENVIRON)
		addr += TARGET_AT;
	o->ret = reader_read(r, addr, o->bytes, f->len);
}

static void run_fault(const struct read_case *c, struct outcome *o)
{
	static struct target *t;
	static char text[64 * KIB];
	const struct fault_case *f = c->arg;
	struct counts start, end;
	struct counters before;
	struct reader r;
	pid_t pid;

	if (!t)
		t = target_alloc();
	wanted = f;
	pid = target_start(prepare, t);
	strcpy(o->lacks, t->lacks);
	strcpy(o->broken, t->broken);
	if (o->lacks[0] || o->broken[0])
		goto stop;

	/*
	 * A page that waits in a batch of another CPU is copied rather than
	 * reused. With caches, the batches go.
	 */
	if (kinds[f->kind].forks)
		write_line("/proc/sys/vm/drop_caches", "1");
	if (reader_open(&r, f->how, pid))
		die("cannot read");
	/* Since the fork, the first write to a page of our own is a fault. */
	memset(o->bytes, POISON, f->len);
	o->ret = 0;
	counts_read(&end);
	before = counters_read();
	counts_read(&start);
	read_once(f, &r, o);
	counts_read(&end);
	o->events = counters_since(&before);
	reader_close(&r);
	describe(text, sizeof(text), &start, &end, pid, f);
	o->extra = state_keep(c->name, text);
stop:
	target_stop(pid);
}

static bool needs_mmap_lock(const struct fault_case *f)
{
	switch (f->kind) {
	case DEVICE:
		return true;
	default:
		return false;
	}
}

static bool is_asked_for(const struct fault_case *f)
{
	bool is_word = f->how == PEEKDATA;

	/* Nobody would answer, and the reader wait for ever. */
	if (f->kind == ACCESS_PROTECTED)
		return false;
	/* PEEK reads a word. */
	return !is_word || f->len == SMALL;
}

/* In the middle of a page, and across the border of two. */
static const struct fault_case shapes[] = {
	{ .offset = 5 * PAGE + 64, .len = SMALL, .size = LARGE },
	{ .offset = 9 * PAGE - 4, .len = SMALL, .size = LARGE },
	{ .offset = 100, .len = LARGE - 200, .size = LARGE },
};

static const enum interface interfaces[] = {
	PEEKDATA, MEM, ENVIRON, CMDLINE, READV,
};

#define NR_CASES	(NR_KINDS * ARRAY_SIZE(interfaces) * ARRAY_SIZE(shapes))

int main(void)
{
	static struct read_case cases[NR_CASES];
	static struct fault_case faults[NR_CASES];
	static char names[NR_CASES][96];
	size_t n = 0;

	for (size_t k = 0; k < NR_KINDS; k++)
		for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++)
			for (size_t s = 0; s < ARRAY_SIZE(shapes); s++) {
				struct fault_case *f = &faults[n];

				*f = shapes[s];
				f->kind = k;
				f->how = interfaces[i];
				if (kinds[k].align > PAGE)
					f->size = HUGE_SIZE;
				if (k == MEDIUM)
					f->size = 2 * LARGE;
				if (!is_asked_for(f))
					continue;
				snprintf(names[n], sizeof(names[n]),
					 "%s, by %s, %lu bytes at %lu",
					 kinds[k].name,
					 interface_names[f->how], f->len,
					 f->offset);
				cases[n] = (struct read_case){
					.name = names[n],
					.run = run_fault,
					.want = COMPARE,
					.content = ANYTHING,
					.events = needs_mmap_lock(f) ?
							  ANY_EVENTS : EV(FAST),
					.arg = f,
				};
				n++;
			}
	return run_cases(cases, n);
}
