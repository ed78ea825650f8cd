// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv() from every kind of memory: its result, and its side
 * effects in the target, which smaps shows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "readv.h"
#include "run.h"
#include "state.h"

#define VERY_HIGH	(1UL << 50)
#define LAST_PAGE	0x7fffffffe000UL
#define KERNEL_ADDR	0xffff888000000000UL
#define VSYSCALL_ADDR	0xffffffffff600000UL

struct of_kind {
	enum kind kind;
	size_t size;
	long offset;
	size_t len;
	long want;
	enum content content;
	unsigned int events;
	unsigned int events_again;	/* of the same read again */
};

#define SMALL		(4 * PAGE)
#define PLAIN(_kind)							\
	{ .kind = _kind, .size = SMALL, .offset = 100, .len = 2 * PAGE,	\
	  .want = 2 * PAGE, .events = EV(FAST), .events_again = EV(FAST) }
#define HUGE_PAGES(_kind, _content, _events)				\
	{ .kind = _kind, .size = 2 * HUGE_PAGE,				\
	  .offset = HUGE_PAGE - 100, .len = 64 * KIB, .want = 64 * KIB,	\
	  .content = _content, .events = _events,			\
	  .events_again = EV(FAST) }
#define MADE_PRESENT(_kind, _content)					\
	{ .kind = _kind, .size = SMALL, .offset = 100, .len = 2 * PAGE,	\
	  .want = 2 * PAGE, .content = _content, .events = EV(FAST),	\
	  .events_again = EV(FAST) }
#define REFUSED(_kind)							\
	{ .kind = _kind, .size = SMALL, .offset = 100, .len = 8,	\
	  .want = -EFAULT, .content = ANYTHING, .events = EV(FAST),	\
	  .events_again = EV(FAST) }
/* Readable up to the middle. */
#define HALF(_kind)							\
	{ .kind = _kind, .size = SMALL, .offset = PAGE, .len = 3 * PAGE, \
	  .want = PAGE, .events = EV(FAST),			\
	  .events_again = EV(FAST) }

static const struct of_kind of_kinds[] = {
	PLAIN(ANON),
	MADE_PRESENT(UNTOUCHED, ZEROS),
	MADE_PRESENT(SPARSE, ANYTHING),
	{ .kind = ZERO_PAGE, .size = SMALL, .offset = 100, .len = 2 * PAGE,
	  .want = 2 * PAGE, .content = ZEROS, .events = EV(FAST),
	  .events_again = EV(FAST) },
	HUGE_PAGES(HUGE, PATTERN, EV(FAST)),
	HUGE_PAGES(HUGE_SPLIT, PATTERN, EV(FAST)),
	HUGE_PAGES(HUGE_ZERO, ZEROS, EV(FAST)),
	{ .kind = MEDIUM, .size = 128 * KIB, .offset = 64 * KIB - 100,
	  .len = 2 * PAGE, .want = 2 * PAGE, .events = EV(FAST),
	  .events_again = EV(FAST) },
	PLAIN(SHARED),
	HUGE_PAGES(SHARED_HUGE, PATTERN, EV(FAST)),
	PLAIN(MEMFD),
	PLAIN(FILE_PRIVATE),
	PLAIN(FILE_SHARED),
	PLAIN(FILE_COPIED),
	MADE_PRESENT(FILE_UNTOUCHED, PATTERN),
	HALF(FILE_ENDS),
	{ .kind = HUGETLB, .size = HUGE_PAGE, .offset = 100, .len = 2 * PAGE,
	  .want = 2 * PAGE, .events = EV(FAST),
	  .events_again = EV(FAST) },
	REFUSED(SECRET),
	PLAIN(DROPPABLE),
	PLAIN(MLOCKED),
	PLAIN(FREED),
	MADE_PRESENT(SWAPPED, PATTERN),
	MADE_PRESENT(MERGED, ANYTHING),
	HALF(GUARD),
	REFUSED(NO_ACCESS),
	REFUSED(WRITE_ONLY),
	REFUSED(EXECUTE_ONLY),
	PLAIN(PROTECTION_KEY),
	PLAIN(READ_ONLY),
	MADE_PRESENT(FORKED, PATTERN),
	HUGE_PAGES(FORKED_HUGE, PATTERN, EV(FAST)),
	MADE_PRESENT(FORKED_SWAPPED, PATTERN),
	MADE_PRESENT(FORKED_FILE, PATTERN),
	PLAIN(FORKED_COPIED),
	MADE_PRESENT(FORKED_ALONE, PATTERN),
	/* Nobody has written to the memory, so it has no anon_vma. */
	{ .kind = FAULT_SERVED, .size = SMALL, .offset = 100, .len = 2 * PAGE,
	  .want = 2 * PAGE, .events = EV(NOT_PRESENT),
	  .events_again = EV(FAST) },
	{ .kind = FAULT_SIGBUS, .size = SMALL, .offset = 100, .len = 8,
	  .want = -EFAULT, .content = ANYTHING, .events = EV(NOT_PRESENT),
	  .events_again = EV(NOT_PRESENT) },
	{ .kind = FAULT_POISONED, .size = SMALL, .offset = 100, .len = 2 * PAGE,
	  .want = PAGE - 100, .events = EV(FAST),
	  .events_again = EV(FAST) },
	PLAIN(WRITE_PROTECTED),
	{ .kind = ACCESS_PROTECTED, .size = SMALL, .offset = 100,
	  .len = 2 * PAGE, .want = PAGE - 100, .events = EV(FAST),
	  .events_again = EV(FAST) },
	PLAIN(STACK),
	REFUSED(DEVICE),
};

/* The state of both processes that may map the memory, after the read. */
static long state_of_both(const char *name, pid_t pid, const struct target *t,
			  size_t size)
{
	char child[128];
	long state = state_of(name, pid, TARGET_AT, TARGET_AT + size);

	snprintf(child, sizeof(child), "%s, the child", name);
	if (t->child)
		state ^= state_of(child, t->child, TARGET_AT,
				  TARGET_AT + size) * 31;
	return state;
}

static void run_kind(const struct read_case *c, struct outcome *o, bool again)
{
	static struct target *t;
	const struct of_kind *k = c->arg;
	unsigned long addr = TARGET_AT + k->offset;
	struct counters start;
	pid_t pid;

	if (!t)
		t = target_alloc();
	pid = kind_start(k->kind, k->size, t);
	if (outcome_started(o, t)) {
		state_clear_referenced(pid);
		if (again) {
			remote_read(READV, pid, addr, o->bytes, k->len);
			state_clear_referenced(pid);
		}
		start = counters_read();
		o->ret = remote_read(READV, pid, addr, o->bytes, k->len);
		o->events = counters_since(&start);
		o->extra = state_of_both(c->name, pid, t, k->size);
	}
	target_stop(pid);
}

static void run_kind_once(const struct read_case *c, struct outcome *o)
{
	run_kind(c, o, false);
}

static void run_kind_again(const struct read_case *c, struct outcome *o)
{
	run_kind(c, o, true);
}

static void prepare_vvar(struct target *t)
{
	prepare_vdso(t);
	t->addr -= PAGE;
}

/* One of many pages is absent. */
static void prepare_one_absent(struct target *t)
{
	kinds[ANON].make(t, (char *)TARGET_AT, MIB);
	if (madvise((char *)TARGET_AT + 100 * PAGE, PAGE, MADV_DONTNEED))
		broken(t, "MADV_DONTNEED");
	t->addr = TARGET_AT;
}

static void run_one_absent(const struct read_case *c, struct outcome *o)
{
	struct target *t = target_alloc();
	pid_t pid = target_start(prepare_one_absent, t);
	struct counters start;

	start = counters_read();
	o->ret = remote_read(READV, pid, t->addr + c->offset, o->bytes, c->len);
	o->events = counters_since(&start);
	target_stop(pid);

	for (long i = 0; i < o->ret; i++) {
		bool absent = (c->offset + i) / PAGE == 100;

		if (o->bytes[i] == (absent ? 0 : pattern(c->offset + i)))
			continue;
		errno = 0;
		outcome_broken(o, "wrong byte");
		return;
	}
}

/*
 * The classic LRU shows how often a page was marked accessed: the first mark
 * sets "Referenced", the second clears it and activates the page, the third
 * sets it again. For a large folio, each of its pages counts.
 */
static void run_classic_lru(const struct read_case *c, struct outcome *o)
{
	static const char lru_gen[] = "/sys/kernel/mm/lru_gen/enabled";
	bool has_lru_gen = !access(lru_gen, F_OK);
	const struct of_kind *k = c->arg;
	struct target *t = target_alloc();
	pid_t pid;

	if (has_lru_gen)
		write_line(lru_gen, "n");
	pid = kind_start(k->kind, k->size, t);
	if (outcome_started(o, t)) {
		state_clear_referenced(pid);
		remote_read(READV, pid, TARGET_AT + k->offset, o->bytes,
			    k->len);
		o->ret = smaps_kb(pid, TARGET_AT, "Referenced");
	}
	target_stop(pid);
	if (has_lru_gen)
		write_line(lru_gen, "y");
}

static size_t large;

/* Every page has its number at both ends. */
static void prepare_large(struct target *t)
{
	kinds[UNTOUCHED].make(t, (char *)TARGET_AT, large);
	memset((char *)TARGET_AT, 1, large);
	for (size_t i = 0; i < large; i += PAGE) {
		*(unsigned long *)(TARGET_AT + i) = i;
		*(unsigned long *)(TARGET_AT + i + PAGE - 8) = ~i;
	}
}

static void prepare_large_small_pages(struct target *t)
{
	/* Before the mapping exists, madvise() is impossible. */
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		broken(t, "PR_SET_THP_DISABLE");
	prepare_large(t);
}

/* After the first chunk of the kernel. */
static void prepare_far_hole(struct target *t)
{
	prepare_large(t);
	if (munmap((char *)TARGET_AT + 1100 * PAGE, PAGE))
		broken(t, "munmap");
}

static bool large_is_right(const char *bytes, size_t len)
{
	for (size_t i = 0; i + PAGE <= len; i += PAGE)
		if (*(unsigned long *)(bytes + i) != i ||
		    *(unsigned long *)(bytes + i + PAGE - 8) != ~i)
			return false;
	return true;
}

/* Not the whole memory: neither side ends at a page boundary. */
static void run_large(const struct read_case *c, struct outcome *o)
{
	struct target *t = target_alloc();
	struct counters start;
	pid_t pid;
	char *to;

	large = (c->len + PAGE - 1) & ~(PAGE - 1);
	to = mmap(NULL, large, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (to == MAP_FAILED)
		die("no memory");
	pid = target_start(c->prepare, t);
	strcpy(o->broken, t->broken);
	start = counters_read();
	o->ret = remote_read(READV, pid, TARGET_AT, to, c->len);
	o->events = counters_since(&start);
	target_stop(pid);
	o->extra = hash_bytes(0, to, large);
	errno = 0;
	if (o->ret > 0 && !large_is_right(to, o->ret))
		outcome_broken(o, "wrong bytes");
	munmap(to, large);
}

/* From here on, the memory is not all of one kind. */
static void prepare_hole_in_middle(struct target *t)
{
	kinds[ANON].make(t, (char *)TARGET_AT, 8 * PAGE);
	if (munmap((char *)TARGET_AT + 3 * PAGE, PAGE))
		broken(t, "munmap");
	t->addr = TARGET_AT;
}

/* Small pages of one large folio, in more VMAs than are locked at a time. */
static void prepare_many_vmas(struct target *t)
{
	char *at = (char *)TARGET_AT;

	kinds[HUGE].make(t, at, HUGE_PAGE);
	for (size_t i = 0; i < 20; i += 2)
		if (mprotect(at + i * PAGE, PAGE, PROT_READ))
			broken(t, "mprotect");
}

static void prepare_two_vmas(struct target *t)
{
	kinds[ANON].make(t, (char *)TARGET_AT, 8 * PAGE);
	if (mprotect((char *)TARGET_AT + 4 * PAGE, 4 * PAGE, PROT_READ))
		broken(t, "mprotect");
}

static void prepare_then(struct target *t, enum kind second)
{
	kinds[ANON].make(t, (char *)TARGET_AT, SMALL);
	kinds[second].make(t, (char *)TARGET_AT + SMALL, SMALL);
}

static void prepare_then_no_access(struct target *t)
{
	prepare_then(t, NO_ACCESS);
}

static void prepare_then_secret(struct target *t)
{
	prepare_then(t, SECRET);
}

static void prepare_then_shared(struct target *t)
{
	prepare_then(t, SHARED);
}

/* Far enough above a hole, so that the kernel does not warn of a read there. */
static void prepare_far_stack(struct target *t)
{
	kinds[ANON].make(t, (char *)TARGET_AT, SMALL);
	kinds[STACK].make(t, (char *)TARGET_AT + MIB, SMALL);
}

static void prepare_last_page(struct target *t)
{
	kinds[ANON].make(t, (char *)LAST_PAGE, PAGE);
}

/* With five levels of page tables. */
static bool map_very_high(void)
{
	char *at = (char *)VERY_HIGH;

	return mmap(at, SMALL, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		    MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == at;
}

static void prepare_very_high(struct target *t)
{
	if (!map_very_high())
		lacks(t, "addresses beyond 2^47");
	pattern_fill((char *)VERY_HIGH, SMALL);
	t->addr = VERY_HIGH;
}

/* The last page below 2^47, where the address space continues. */
static void prepare_last_below_high(struct target *t)
{
	if (!map_very_high())
		lacks(t, "addresses beyond 2^47");
	prepare_last_page(t);
}

/* The last page of the address space. */
static void prepare_last_of_all(struct target *t)
{
	if (map_very_high())
		lacks(t, "an end of the address space at 2^47");
	prepare_last_page(t);
}

static void prepare_tagged(struct target *t)
{
	make_kind(t, ANON, SMALL);
	tag_address(t);
}

#define MARKED(...)							\
	.run = run_classic_lru, .content = ANYTHING,			\
	.events = ANY_EVENTS, .arg = &(const struct of_kind){ __VA_ARGS__ }

/* Less room than bytes to read: the rest is faulted in nevertheless. */
#define SHORT_CASE(_kind, _size, _name, _events)			\
	{ .name = "no room for the rest: " _name,			\
	  VECTORS(.kind = _kind, .size = _size,				\
		  LOCAL(L(0, 100)), REMOTE(R(0, _size))),		\
	  .want = 100, .content = ANYTHING, .events = _events }
/* The same with invalid memory of the reader for the rest. */
#define FAULT_CASE(_kind, _size, _name, _events)			\
	{ .name = "an invalid buffer for the rest: " _name,		\
	  VECTORS(.kind = _kind, .size = _size,				\
		  LOCAL(L(LOCAL_HOLE - 100, 300)), REMOTE(R(0, _size))), \
	  .want = 100, .content = ANYTHING, .events = _events }

/* Addresses are relative to target.addr, which is mostly 0. */
static const struct read_case other_cases[] = {
	{ .name = "vdso", .prepare = prepare_vdso, .how = READV, .len = 64,
	  .want = 64, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "vvar", .prepare = prepare_vvar, .how = READV, .len = 8,
	  .want = -EFAULT, .content = ANYTHING, .events = EV(FAST) },

	{ .name = "one of 256 pages is not present", .run = run_one_absent,
	  .offset = 100, .len = MIB - 200, .want = MIB - 200,
	  .content = ANYTHING, .events = EV(FAST) },

	{ .name = "each page is marked accessed, once",
	  MARKED(.kind = ANON, .size = SMALL, .offset = 100, .len = 3 * PAGE),
	  .want = 16 },
	{ .name = "what is found beside an absent page is marked once",
	  MARKED(.kind = SPARSE, .size = SMALL, .offset = PAGE - 4, .len = 8),
	  .want = 4 },
	{ .name = "a large folio is marked for one page",
	  MARKED(.kind = MEDIUM, .size = 128 * KIB, .offset = 100, .len = 100),
	  .want = 64 },
	{ .name = "a large folio is marked for two pages",
	  MARKED(.kind = MEDIUM, .size = 128 * KIB, .offset = 100, .len = PAGE),
	  .want = 0 },
	{ .name = "a large folio is marked for three pages",
	  MARKED(.kind = MEDIUM, .size = 128 * KIB, .offset = 100,
		 .len = 2 * PAGE), .want = 64 },
	{ .name = "a huge page is not marked",
	  MARKED(.kind = HUGE, .size = HUGE_PAGE, .offset = 100, .len = PAGE),
	  .want = 0 },

	{ .name = "a hole at the start",
	  VECTORS(.prepare = prepare_hole_in_middle, LOCAL(L(0, 8 * PAGE)),
		  REMOTE(R(3 * PAGE + 100, 4 * PAGE))), .want = -EFAULT,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "a hole in the middle",
	  VECTORS(.prepare = prepare_hole_in_middle, LOCAL(L(0, 8 * PAGE)),
		  REMOTE(R(0, 8 * PAGE))), .want = 3 * PAGE,
	  .events = EV(FAST) },
	{ .name = "nothing of what follows a hole",
	  VECTORS(.prepare = prepare_hole_in_middle, LOCAL(L(0, 8 * PAGE)),
		  REMOTE(R(0, 4 * PAGE), R(5 * PAGE, 100))), .want = 3 * PAGE,
	  .events = EV(FAST) },
	{ .name = "two VMAs",
	  VECTORS(.prepare = prepare_two_vmas, LOCAL(L(0, 8 * PAGE)),
		  REMOTE(R(0, 8 * PAGE))), .want = 8 * PAGE,
	  .events = EV(FAST) },
	{ .name = "many VMAs",
	  VECTORS(.prepare = prepare_many_vmas, LOCAL(L(0, 20 * PAGE)),
		  REMOTE(R(0, 20 * PAGE))), .want = 20 * PAGE,
	  .events = EV(LEAVES_VMA) },
	{ .name = "a VMA of another kind follows",
	  VECTORS(.prepare = prepare_then_shared, LOCAL(L(0, 8 * PAGE)),
		  REMOTE(R(100, 6 * PAGE))), .want = 6 * PAGE,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "PROT_NONE follows",
	  VECTORS(.prepare = prepare_then_no_access, LOCAL(L(0, 8 * PAGE)),
		  REMOTE(R(0, 8 * PAGE))), .want = SMALL, .events = EV(FAST) },
	{ .name = "secret memory follows",
	  VECTORS(.prepare = prepare_then_secret, LOCAL(L(0, 8 * PAGE)),
		  REMOTE(R(0, 8 * PAGE))), .want = SMALL,
	  .events = EV(FAST) },
	{ .name = "below a stack, which does not grow",
	  VECTORS(.prepare = prepare_far_stack, LOCAL(L(0, 8 * PAGE)),
		  REMOTE(R(0, 8 * PAGE))), .want = SMALL,
	  .events = EV(NO_VMA) },

	SHORT_CASE(ANON, 8 * PAGE, "resident", EV(FAST)),
	SHORT_CASE(SPARSE, 8 * PAGE, "every third page", EV(FAST)),
	SHORT_CASE(SWAPPED, 40 * PAGE, "swapped out", EV(FAST)),
	SHORT_CASE(FILE_UNTOUCHED, 64 * PAGE, "file", EV(FAST)),
	SHORT_CASE(FORKED, 40 * PAGE, "shared with a child", EV(FAST)),
	SHORT_CASE(FAULT_SERVED, 40 * PAGE, "userfaultfd", EV(NOT_PRESENT)),
	/* Only the first 1024 pages. */
	SHORT_CASE(FORKED, 1100 * PAGE, "1100 pages, shared with a child",
		   EV(FAST)),
	SHORT_CASE(ANON, 1100 * PAGE, "1100 pages", EV(FAST)),
	FAULT_CASE(ANON, 8 * PAGE, "resident", EV(FAST)),
	FAULT_CASE(SWAPPED, 40 * PAGE, "swapped out", EV(FAST)),
	FAULT_CASE(FORKED, 40 * PAGE, "shared with a child", EV(FAST)),
	FAULT_CASE(FORKED, 1100 * PAGE, "1100 pages, shared with a child",
		   EV(FAST)),

	{ .name = "last byte of the address space",
	  .prepare = prepare_last_page, .how = READV,
	  .offset = LAST_PAGE + PAGE - 1, .len = 1, .want = 1,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "beyond the last byte of the address space",
	  .prepare = prepare_last_of_all, .how = READV,
	  .offset = LAST_PAGE + PAGE - 1, .len = 100, .want = 1,
	  .content = ANYTHING, .events = EV(NO_VMA) },
	{ .name = "beyond the last byte below 2^47",
	  .prepare = prepare_last_below_high, .how = READV,
	  .offset = LAST_PAGE + PAGE - 1, .len = 100, .want = 1,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "an address of five levels", .prepare = prepare_very_high,
	  .how = READV, .offset = 100, .len = 2 * PAGE, .want = 2 * PAGE,
	  .content = ANYTHING, .events = EV(FAST) },
	{ .name = "tagged address", .prepare = prepare_tagged, .how = READV,
	  .offset = 100, .len = 2 * PAGE, .want = 2 * PAGE, .content = ANYTHING,
	  .events = EV(FAST) },
	{ .name = "address 0", .prepare = prepare_two_vmas, .how = READV,
	  .len = 8, .want = -EFAULT, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "kernel address", .prepare = prepare_two_vmas, .how = READV,
	  .offset = KERNEL_ADDR, .len = 8, .want = -EFAULT, .content = ANYTHING,
	  .events = EV(NO_VMA) },
	{ .name = "vsyscall page", .prepare = prepare_two_vmas, .how = READV,
	  .offset = VSYSCALL_ADDR, .len = 8, .want = COMPARE,
	  .content = ANYTHING, .events = EV(NO_VMA) },
	{ .name = "not canonical", .prepare = prepare_two_vmas, .how = READV,
	  .offset = 1L << 60, .len = 8, .want = -EFAULT, .content = ANYTHING,
	  .events = EV(NO_VMA) },
	{ .name = "beyond the very last address", .prepare = prepare_two_vmas,
	  .how = READV, .offset = -4, .len = 8, .want = -EFAULT,
	  .content = ANYTHING, .events = EV(NO_VMA) },
	{ .name = "beyond the very last page", .prepare = prepare_two_vmas,
	  .how = READV, .offset = -8192, .len = 3 * PAGE, .want = -EFAULT,
	  .content = ANYTHING, .events = EV(NO_VMA) },

	{ .name = "256 MiB of small pages", .run = run_large,
	  .prepare = prepare_large_small_pages, .len = 256 * MIB - 100,
	  .want = 256 * MIB - 100, .content = ANYTHING, .events = EV(FAST) },
	{ .name = "32 MiB of huge pages", .run = run_large,
	  .prepare = prepare_large, .len = 32 * MIB - 100,
	  .want = 32 * MIB - 100, .content = ANYTHING, .events = EV(FAST) },

	{ .name = "a hole after 1100 pages", .run = run_large,
	  .prepare = prepare_far_hole, .len = 5 * MIB,
	  .want = 1100 * PAGE, .content = ANYTHING, .events = EV(FAST) },
};

#define MAX_CASES	160

static struct read_case cases[MAX_CASES];
static size_t nr_cases;

static void add(const struct read_case *c)
{
	if (nr_cases == MAX_CASES)
		die("too many cases");
	cases[nr_cases++] = *c;
}

static void add_kind(const struct of_kind *k)
{
	struct read_case c = {
		.offset = k->offset, .want = k->want, .content = k->content,
		.arg = k,
	};
	char *again;

	c.name = kinds[k->kind].name;
	c.run = run_kind_once;
	c.events = k->events;
	add(&c);
	if (asprintf(&again, "%s, again", c.name) < 0)
		die("no memory");
	c.name = again;
	c.run = run_kind_again;
	c.events = k->events_again;
	add(&c);
}

int main(int argc, char **argv)
{
	select_tests(argc, argv);
	for (size_t i = 0; i < ARRAY_SIZE(of_kinds); i++)
		add_kind(&of_kinds[i]);
	for (size_t i = 0; i < ARRAY_SIZE(other_cases); i++)
		add(&other_cases[i]);
	return run_cases(cases, nr_cases);
}
