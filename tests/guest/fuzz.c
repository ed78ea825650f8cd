// SPDX-License-Identifier: GPL-2.0
/*
 * Random reads by every interface, from processes with memory of every kind,
 * with vmapeek off and then on. Count, error and bytes must be the same, and
 * the target's smaps at the end.
 *
 *	fuzz [SEED [ROUNDS [READS]]]
 *
 * Each round has its own target, prepared in the same way for both. Everything
 * is derived from the seed. A read that differs is repeated alone, in a target
 * with only the memory that it touches.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "readv.h"
#include "rounds.h"
#include "state.h"

#define MAX_LENGTH	(8 * MIB)
#define VDSO_LENGTH	(8 * PAGE)

struct one_read {
	enum interface how;
	unsigned long addr;	/* or the offset, for cmdline and environ */
	size_t len;
};

static unsigned char *buf;

static unsigned long title_at[4];

/* Ranges of arguments and environment: all memory, or a random part. */
static void choose_title(const struct layout *l, unsigned int round)
{
	unsigned long *at = title_at;

	random_start(round, ~1UL);
	for (int i = 0; i < 4; i += 2) {
		at[i] = TARGET_AT;
		at[i + 1] = l->end;
		if (percent(50)) {
			struct iovec from = random_segment(l);
			struct iovec to = random_segment(l);

			at[i] = (unsigned long)from.iov_base;
			at[i + 1] = (unsigned long)to.iov_base;
		}
		if (at[i] > at[i + 1]) {
			unsigned long other = at[i];

			at[i] = at[i + 1];
			at[i + 1] = other;
		}
	}
}

static void point_title(struct target *t)
{
	if (!show_memory(false, title_at[0], title_at[1]) ||
	    !show_memory(true, title_at[2], title_at[3]))
		broken(t, "PR_SET_MM");
}

/*
 * The vDSO and its neighbours, except data of the dynamic linker, which may
 * follow it and changes.
 */
static void choose_vdso(struct one_read *r)
{
	r->addr = getauxval(AT_SYSINFO_EHDR) - 6 * PAGE + below(8 * PAGE);
	if (r->len > VDSO_LENGTH)
		r->len = VDSO_LENGTH;
}

static struct one_read choose_read(const struct layout *l, unsigned int round,
				   unsigned int n)
{
	struct one_read r;
	struct iovec segment;

	random_start(round, n);
	/* Choose the fast interfaces more often. */
	r.how = percent(60) ? (percent(50) ? MEM : READV) :
			      below(NR_INTERFACES);
	segment = random_segment(l);
	r.addr = (unsigned long)segment.iov_base;
	r.len = segment.iov_len;
	if (r.how == PEEKDATA || r.how == PEEKTEXT)
		r.len = sizeof(long);
	else if (r.how == CMDLINE)
		r.addr -= title_at[0];
	else if (r.how == ENVIRON)
		r.addr -= title_at[2];
	else if (below(300) == 0)
		choose_vdso(&r);
	if (r.len > MAX_LENGTH)
		r.len = MAX_LENGTH;
	return r;
}

static struct result run_read(const struct one_read *r, pid_t pid)
{
	size_t used = r->len + PAGE;
	struct result result;

	memset(buf, POISON, used);
	result.ret = remote_read(r->how, pid, r->addr, buf, r->len);
	result.hash = hash_bytes(0, buf, used);
	return result;
}

static struct result run(const struct layout *l, unsigned int round,
			 unsigned int n, pid_t pid)
{
	struct one_read r = choose_read(l, round, n);

	return run_read(&r, pid);
}

/* The memory of a target that a read may touch, with its neighbours. */
static void shrink(const struct layout *l, unsigned long addr, size_t len,
		   struct layout *to)
{
	to->nr = 0;
	to->end = l->end;
	for (unsigned int i = 0; i < l->nr; i++) {
		const struct region *r = &l->regions[i];

		if (r->start <= addr + len + PAGE &&
		    r->start + r->size + PAGE >= addr)
			to->regions[to->nr++] = *r;
	}
}

static unsigned long address_of(const struct one_read *r)
{
	return r->how == CMDLINE ? title_at[0] + r->addr :
	       r->how == ENVIRON ? title_at[2] + r->addr : r->addr;
}

/* With vmapeek off or on, as it is. */
static struct result run_alone(const struct layout *l,
			       const struct one_read *r)
{
	struct target *t = target_alloc();
	struct result result;
	pid_t pid = layout_start(l, t, point_title);

	result = run_read(r, pid);
	target_stop(pid);
	return result;
}

/* A read that differs alone, too, is easier to debug. */
static void reproduce(const struct layout *l, unsigned int round,
		      unsigned int n, const struct one_read *r)
{
	struct result off, on;
	struct layout small;

	shrink(l, address_of(r), r->len, &small);
	vmapeek_off();
	off = run_alone(&small, r);
	vmapeek_on();
	on = run_alone(&small, r);
	vmapeek_off();
	if (!differ(&off, &on)) {
		printf("#   alone it is the same; to see it again: fuzz %lu %u %u\n",
		       random_seed, round + 1, n + 1);
		return;
	}
	printf("#   alone: off %ld, on %ld, from a target with only\n", off.ret,
	       on.ret);
	for (unsigned int i = 0; i < small.nr; i++)
		printf("#     %#lx %zu %s\n", small.regions[i].start,
		       small.regions[i].size,
		       kinds[small.regions[i].kind].name);
}

static void print_read(const struct round *in, unsigned int round,
		       unsigned int n)
{
	const struct layout *l = &in->layout;
	const struct result *off = &in->off[n], *on = &in->on[n];
	struct one_read r;
	struct iovec iov;

	choose_title(l, round);
	r = choose_read(l, round, n);
	iov = (struct iovec){ (void *)address_of(&r), r.len };
	printf("# seed %lu, round %u, read %u: %s: off %ld (%016lx), on %ld (%016lx)\n",
	       random_seed, round, n, interface_names[r.how], off->ret,
	       off->hash, on->ret, on->hash);
	layout_print(l, &iov);
	reproduce(l, round, n, &r);
}

int main(int argc, char **argv)
{
	static const enum event wanted[] = {
		FAST, LEAVES_VMA, NR_EVENTS,
	};
	static const struct fuzzer reads = {
		.calls = "reads", .nr_rounds = 4, .nr_calls = 2750,
		.begin = choose_title, .prepare = point_title,
		.call = run, .print = print_read, .wanted = wanted,
	};

	buf = malloc(MAX_LENGTH + PAGE);
	if (!buf)
		die("no memory");
	return rounds_main(&reads, argc, argv);
}
