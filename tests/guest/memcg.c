// SPDX-License-Identifier: GPL-2.0
/*
 * Reads that fault in memory of a target with a memory cgroup of its own, by a
 * reader of another, with vmapeek off and on. The pages are charged to the same
 * cgroup.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kinds-make.h"
#include "readv.h"
#include "run.h"
#include "state.h"

#define ROOT		"/sys/fs/cgroup"
#define TARGET		ROOT "/target"
#define READER		ROOT "/reader"
#define SIZE		(64 * KIB)
#define NR_PAGES	(SIZE / PAGE)

enum deed {
	READ,
	DROP		/* reclaim what can be, then limit to what is left */
};

struct memcg_case {
	void (*make)(struct target *t, char *at, size_t size);
	enum interface how;
	enum deed deed;
};

static const char *const owners[] = { "target", "reader", "nobody", "absent" };
static const struct memcg_case *wanted;

static bool make_cgroups(void)
{
	mount("cgroup2", ROOT, "cgroup2", 0, NULL);
	if (access(ROOT "/cgroup.subtree_control", F_OK) ||
	    access("/proc/kpagecgroup", R_OK))
		return false;
	write_line(ROOT "/cgroup.subtree_control", "+memory");
	return (!mkdir(TARGET, 0755) || errno == EEXIST) &&
	       (!mkdir(READER, 0755) || errno == EEXIST);
}

static void join(const char *procs)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", getpid());
	write_line(procs, text);
}

static void set_no_limit(void)
{
	write_line(TARGET "/memory.max", "max");
	write_line(TARGET "/memory.high", "max");
	write_line(TARGET "/memory.swap.max", "max");
}

/*
 * Reclaims what can be reclaimed, and gives back what CPUs have charged in
 * advance. Unlike a lower memory.max, this kills nobody.
 */
static void reclaim(void)
{
	/* Pages wait in the batches of CPUs, where they are not found. */
	write_line("/proc/sys/vm/drop_caches", "1");
	write_line(TARGET "/memory.high", "0");
}

/* From now on, not one page more. */
static void set_limit(void)
{
	char text[32];

	write_line(TARGET "/memory.swap.max", "0");
	reclaim();
	if (!read_line(TARGET "/memory.current", text, sizeof(text)))
		die("no memory.current");
	write_line(TARGET "/memory.max", text);
	write_line(TARGET "/memory.high", "max");
}

static long count(const char *path, const char *field)
{
	char line[64], name[32];
	long n = -1, value;
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%31s %ld", name, &value) == 2 &&
		    !strcmp(name, field))
			n = value;
	if (file)
		fclose(file);
	return n;
}

static uint64_t number_at(int fd, uint64_t index)
{
	uint64_t n = 0;

	if (pread(fd, &n, sizeof(n), index * sizeof(n)) != sizeof(n))
		die("a page has no entry: %s", strerror(errno));
	return n;
}

static uint64_t inode(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		die("no %s", path);
	return st.st_ino;
}

/* To whom the page of a pagemap entry is charged, of owners[]. */
static int owner(uint64_t entry, int cgroups)
{
	uint64_t ino;

	if (!(entry >> 63))
		return 3;
	ino = number_at(cgroups, entry & ((1ULL << 55) - 1));
	return ino == inode(TARGET) ? 0 : ino == inode(READER) ? 1 : 2;
}

/* How many pages are whose. */
static size_t describe_owners(char *text, size_t size, pid_t pid)
{
	int cgroups = open("/proc/kpagecgroup", O_RDONLY | O_CLOEXEC);
	unsigned int n[ARRAY_SIZE(owners)] = { 0 };
	size_t len = 0;
	char path[64];
	int pagemap;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	for (unsigned long i = 0; i < NR_PAGES; i++)
		n[owner(number_at(pagemap, TARGET_AT / PAGE + i), cgroups)]++;
	close(pagemap);
	close(cgroups);
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		len += snprintf(text + len, size - len, "charged to %s: %u\n",
				owners[i], n[i]);
	return len;
}

static void prepare(struct target *t)
{
	join(TARGET "/cgroup.procs");
	t->addr = TARGET_AT;
	if (wanted->how == ENVIRON &&
	    !show_memory(true, TARGET_AT, TARGET_AT + SIZE))
		broken(t, "PR_SET_MM");
	wanted->make(t, (char *)TARGET_AT, SIZE);
}

static void read_in(struct outcome *o, pid_t pid)
{
	unsigned long addr = wanted->how == ENVIRON ? 0 : TARGET_AT;
	size_t len = wanted->how == PEEKDATA ? 8 : SIZE;
	struct reader r;

	/* Attached before there is a limit, and before anybody dies. */
	o->ret = reader_open(&r, wanted->how, pid);
	if (o->ret)
		return;
	if (wanted->deed == DROP)
		set_limit();
	o->ret = reader_read(&r, addr, o->bytes, len);
	reader_close(&r);
}

static void run_memcg(const struct read_case *c, struct outcome *o)
{
	static struct target *t;
	long kills = count(TARGET "/memory.events", "oom_kill");
	struct counters before;
	char text[16 * KIB];
	size_t len = 0;
	pid_t pid;

	if (!t)
		t = target_alloc();
	wanted = c->arg;
	set_no_limit();
	pid = target_start(prepare, t);
	if (outcome_started(o, t)) {
		before = counters_read();
		read_in(o, pid);
		o->events = counters_since(&before);
		kills = count(TARGET "/memory.events", "oom_kill") - kills;
		if (!kills)
			len = describe_owners(text, sizeof(text), pid);
		len += snprintf(text + len, sizeof(text) - len,
				"killed: %ld\n", kills);
		if (!kills)
			state_text(text + len, sizeof(text) - len, pid,
				   TARGET_AT, TARGET_AT + SIZE);
		printf("# %s: returned %ld, %.*s\n", c->name, o->ret,
		       (int)strcspn(text, "\n"), text);
		o->extra = state_keep(c->name, text);
	}
	target_stop(pid);
}

/* Of shared memory, pages that nobody has written to yet. */
static void make_shared_untouched(struct target *t, char *at, size_t size)
{
	map_at(t, (unsigned long)at, size, PROT_READ | PROT_WRITE,
	       MAP_SHARED | MAP_ANONYMOUS, -1);
}

/* Of shared memory, pagemap does not tell. */
static bool is_resident(struct target *t, char *at, size_t size)
{
	unsigned char pages[NR_PAGES], any = 0;

	must(t, !mincore(at, size, pages), "mincore");
	for (unsigned long i = 0; i < size / PAGE; i++)
		any |= pages[i];
	return any & 1;
}

static void make_shared_swapped(struct target *t, char *at, size_t size)
{
	make_shared(t, at, size);
	for (int i = 0; i < 100 && is_resident(t, at, size); i++) {
		/* Pages wait in the batches of CPUs, where they are not found. */
		write_line("/proc/sys/vm/drop_caches", "1");
		must(t, !madvise(at, size, MADV_PAGEOUT), "MADV_PAGEOUT");
	}
	must_be_given(t, !is_resident(t, at, size), "not swapped out");
}

static void make_untouched(struct target *t, char *at, size_t size)
{
	kinds[UNTOUCHED].make(t, at, size);
}

static void make_droppable(struct target *t, char *at, size_t size)
{
	kinds[DROPPABLE].make(t, at, size);
}

#define CASE(_name, _make, _how, _deed, _want)				\
	{ .name = _name ", by " #_how, .run = run_memcg, .want = _want,	\
	  .content = ANYTHING, .events = EV(FAST),			\
	  .arg = &(const struct memcg_case){ _make, _how, _deed } }
#define BY_ALL(_name, _make)						\
	CASE(_name, _make, MEM, READ, SIZE),				\
	CASE(_name, _make, ENVIRON, READ, SIZE),			\
	CASE(_name, _make, READV, READ, SIZE)

static const struct read_case cases[] = {
	BY_ALL("swapped out", make_swapped),
	BY_ALL("untouched", make_untouched),
	CASE("shared, swapped out", make_shared_swapped, MEM, READ, SIZE),
	CASE("shared, swapped out", make_shared_swapped, READV, READ, SIZE),
	CASE("shared, untouched", make_shared_untouched, MEM, READ, SIZE),
	CASE("shared, untouched", make_shared_untouched, READV, READ, SIZE),
	BY_ALL("shared with a child", make_forked),
	BY_ALL("swapped out, shared with a child", make_forked_swapped),
	CASE("droppable and dropped", make_droppable, MEM, DROP, SIZE),
	CASE("droppable and dropped", make_droppable, ENVIRON, DROP, SIZE),
	CASE("droppable and dropped", make_droppable, READV, DROP, SIZE),
};

int main(int argc, char **argv)
{
	select_tests(argc, argv);
	if (!make_cgroups()) {
		printf("1..0 # SKIP this kernel lacks memory cgroups\n");
		return 0;
	}
	join(READER "/cgroup.procs");
	/* What another CPU has charged in advance is given back later. */
	use_cpu(0);
	return run_cases(cases, ARRAY_SIZE(cases));
}
