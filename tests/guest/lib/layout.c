// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "layout.h"
#include "readv.h"

unsigned long random_seed = 1;
static bool has_kind[NR_KINDS];

/* splitmix64: a hash of a sequence, so any number may follow any other. */
static uint64_t random_state;

static uint64_t random_number(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void random_start(unsigned long round, unsigned long thing)
{
	random_state = random_seed;
	random_state = random_number() ^ round;
	random_state = random_number() ^ thing;
}

unsigned long below(unsigned long limit)
{
	return random_number() % limit;
}

bool percent(unsigned int n)
{
	return below(100) < n;
}

static size_t region_size(enum kind kind)
{
	size_t align = kinds[kind].align;

	if (kind == HUGE)
		return align * (1 + below(2));
	if (align == HUGE_PAGE)
		return align;
	if (align > PAGE)
		return align * (1 + below(4));
	/* At least two pages, which can merge with each other. */
	if (kind == MERGED)
		return PAGE * (2 + below(30));
	/* The BIOS is no larger. */
	return PAGE * (1 + below(kind == DEVICE ? 16 : 48));
}

static void layout_add(struct layout *l, enum kind kind)
{
	size_t align = kinds[kind].align;

	/* No hole below a stack, because the kernel warns of reads there. */
	if (kind != STACK && percent(45))
		l->end += PAGE * (1 + below(20));
	l->end = (l->end + align - 1) & ~(align - 1);
	l->regions[l->nr].kind = kind;
	l->regions[l->nr].start = l->end;
	l->regions[l->nr].size = region_size(kind);
	l->end += l->regions[l->nr++].size;
}

/* Each kind once, in random order, and some common ones again. */
void layout_make(struct layout *l, unsigned int round)
{
	static const enum kind common[] = {
		ANON, ANON, UNTOUCHED, SPARSE, SPARSE, ZERO_PAGE, FILE_PRIVATE,
		FILE_UNTOUCHED, FILE_COPIED, SHARED, READ_ONLY, NO_ACCESS,
		SWAPPED, FORKED,
	};
	enum kind order[NR_KINDS + ARRAY_SIZE(common)];
	unsigned int nr = 0;

	random_start(round, ~0UL);
	for (unsigned int i = 0; i < NR_KINDS; i++)
		if (has_kind[i])
			order[nr++] = i;
	for (unsigned int i = 0; i < ARRAY_SIZE(common); i++)
		if (has_kind[common[i]])
			order[nr++] = common[i];
	for (unsigned int i = nr - 1; i; i--) {
		unsigned int j = below(i + 1);
		enum kind other = order[i];

		order[i] = order[j];
		order[j] = other;
	}

	l->nr = 0;
	l->end = TARGET_AT;
	layout_add(l, ANON);
	for (unsigned int i = 0; i < nr; i++)
		layout_add(l, order[i]);
}

static const struct layout *wanted;
static prepare_fn wanted_also;

/* Every other region, if the kernel has names; not all kinds have one. */
static void name_regions(void)
{
	for (unsigned int i = 0; i < wanted->nr; i += 2) {
		const struct region *r = &wanted->regions[i];

		name_memory((char *)r->start, r->size, kinds[r->kind].name);
	}
}

/* Forking kinds first; otherwise all kinds would be shared. */
static void prepare(struct target *t)
{
	for (int forks = 1; forks >= 0; forks--) {
		for (unsigned int i = 0; i < wanted->nr; i++) {
			const struct region *r = &wanted->regions[i];

			if (kinds[r->kind].forks == forks)
				kinds[r->kind].make(t, (char *)r->start,
						    r->size);
		}
	}
	name_regions();
	if (wanted_also)
		wanted_also(t);
}

pid_t layout_start(const struct layout *l, struct target *t, prepare_fn also)
{
	pid_t pid;

	wanted = l;
	wanted_also = also;
	pid = target_start(prepare, t);
	if (t->lacks[0] || t->broken[0])
		die("a target of seed %lu: %s%s", random_seed, t->lacks,
		    t->broken);
	return pid;
}

void layout_find_kinds(void)
{
	struct target *t = target_alloc();
	pid_t pid;

	for (int i = 0; i < NR_KINDS; i++) {
		pid = kind_start(i, kinds[i].align > PAGE ?
				 kinds[i].align : 4 * PAGE, t);
		target_stop(pid);
		if (t->broken[0])
			die("%s: %s", kinds[i].name, t->broken);
		has_kind[i] = !t->lacks[0];
		if (t->lacks[0])
			printf("# this kernel or machine lacks: %s\n",
			       t->lacks);
	}
}

size_t random_length(void)
{
	unsigned int n = below(100);

	if (n < 3)
		return 0;
	if (n < 40)
		return 1 + below(64);
	if (n < 75)
		return 1 + below(2 * PAGE);
	if (n < 94)
		return 1 + below(16 * PAGE);
	if (n < 97)
		return PAGE * (1 + below(16));
	return 1 + below(300 * KIB);
}

/* Often at or near a page boundary. */
static unsigned long near_page(unsigned long addr)
{
	if (percent(30))
		addr &= ~(PAGE - 1);
	if (percent(10))
		addr += 1 + below(8);
	else if (percent(10))
		addr -= 1 + below(8);
	return addr;
}

/* Kinds that end a list, which not all lists should contain. */
static bool refuses(enum kind kind)
{
	return kind == SECRET || kind == GUARD || kind == NO_ACCESS ||
	       kind == WRITE_ONLY || kind == EXECUTE_ONLY ||
	       kind == FAULT_SIGBUS || kind == FAULT_POISONED ||
	       kind == ACCESS_PROTECTED ||
	       kind == FILE_ENDS || kind == DEVICE;
}

struct iovec random_segment(const struct layout *l)
{
	const struct region *r = &l->regions[below(l->nr)];
	size_t len = random_length();
	unsigned long start;

	while (refuses(r->kind) && percent(90))
		r = &l->regions[below(l->nr)];
	start = near_page(r->start + below(r->size));
	/* Mostly not into the next region, where most reads would end. */
	if (len > r->start + r->size - start && percent(80))
		start = r->start + (r->size > len ? r->size - len : 0);

	/* To the end, and sometimes beyond. */
	if (percent(10))
		len = r->start + r->size - start + (percent(30) ? 100 : 0);
	/* Rarely elsewhere, and rarely more than the whole region. */
	if (below(200) == 0)
		start = near_page(TARGET_AT + below(l->end - TARGET_AT));
	if (below(400) == 0)
		len = 5 * MIB + below(MIB);
	if (below(1000) == 0)
		start = percent(50) ? ~0UL - below(2 * PAGE) : below(PAGE);
	return (struct iovec){ (void *)start, len };
}

void layout_print(const struct layout *l, const struct iovec *iov)
{
	unsigned long addr = (unsigned long)iov->iov_base;

	for (unsigned int i = 0; i < l->nr; i++) {
		const struct region *r = &l->regions[i];

		if (addr - r->start < r->size) {
			printf("#   %#lx %zu (%s, %ld of %zu)\n", addr,
			       iov->iov_len, kinds[r->kind].name,
			       addr - r->start, r->size);
			return;
		}
	}
	printf("#   %#lx %zu (a hole)\n", addr, iov->iov_len);
}
