// SPDX-License-Identifier: GPL-2.0
/*
 * Reads that fault in memory of a target in its own memory cgroup, by a reader
 * in another one, with vmapeek off and on. The pages must be charged to the
 * same cgroup, and its statistics must count them. If its limit has no room for
 * the page, the same process must be killed, and the read must have the same
 * result.
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
/*
 * Memory that is freed when its owner is killed; the OOM killer kills the
 * largest first.
 */
#define FILLER		(256 * KIB)
#define LARGE_FILLER	(2 * MIB)
/* Retries, because deferred work may free memory too early or too late. */
#define TRIES		20
/* memory.stat lags by some hundred faults. */
#define MANY		(4 * MIB)

enum deed {
	READ,
	DROP,		/* reclaim, then limit to the rest */
	/*
	 * The same, with a rest that cannot be reclaimed. The page's OOM kills:
	 */
	KILL_NOBODY,
	KILL_OTHER,	/* another process of the cgroup */
	KILL_TARGET
};

struct memcg_case {
	void (*make)(struct target *t, char *at, size_t size);
	enum interface how;
	enum deed deed;
};

static const char *const stats[] = {
	"pgfault", "pgmajfault", "anon", "shmem", "file",
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

static void set_no_limit(void)
{
	write_line(TARGET "/memory.max", "max");
	write_line(TARGET "/memory.high", "max");
	write_line(TARGET "/memory.swap.max", "max");
}

/*
 * Reclaims as much as possible, and returns the charges that CPUs have made in
 * advance. Unlike a lower memory.max, this kills nobody.
 */
static void reclaim(void)
{
	/*
	 * Drain the batches of the CPUs, because reclaim does not find pages
	 * there.
	 */
	write_line("/proc/sys/vm/drop_caches", "1");
	write_line(TARGET "/memory.high", "0");
}

/* Forbid any further page. */
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

/*
 * The index in owners[] of the cgroup that the page of a pagemap entry is
 * charged to.
 */
static int owner(uint64_t entry, int cgroups)
{
	uint64_t ino;

	if (!(entry >> 63))
		return 3;
	ino = number_at(cgroups, entry & ((1ULL << 55) - 1));
	return ino == inode(TARGET) ? 0 : ino == inode(READER) ? 1 : 2;
}

/* The number of pages of each owner. */
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

static bool is_short(void)
{
	return wanted->deed >= KILL_NOBODY;
}

/*
 * Without swap space, it cannot be reclaimed. No huge page, which would be
 * freed late.
 */
static void fill(struct target *t, size_t size)
{
	char *p = map(t, size);

	must(t, small_pages_only(p, size), "MADV_NOHUGEPAGE");
	memset(p, 1, size);
}

static void prepare_other(struct target *t)
{
	write_line(TARGET "/cgroup.procs", "0");
	fill(t, LARGE_FILLER);
}

static void prepare(struct target *t)
{
	write_line(TARGET "/cgroup.procs", "0");
	t->addr = TARGET_AT;
	if (wanted->how == ENVIRON &&
	    !show_memory(true, TARGET_AT, TARGET_AT + SIZE))
		broken(t, "PR_SET_MM");
	wanted->make(t, (char *)TARGET_AT, SIZE);
	if (is_short())
		fill(t, FILLER);
	if (wanted->deed == KILL_NOBODY)
		write_line("/proc/self/oom_score_adj", "-1000");
}

static void read_in(struct outcome *o, pid_t pid)
{
	unsigned long addr = wanted->how == ENVIRON ? 0 : TARGET_AT;
	size_t len = wanted->how == PEEKDATA ? 8 : is_short() ? PAGE : SIZE;
	struct reader r;

	/* Attach before there is a limit, and before any kill. */
	o->ret = reader_open(&r, wanted->how, pid);
	if (o->ret)
		return;
	if (wanted->deed == DROP || is_short())
		set_limit();
	o->ret = reader_read(&r, addr, o->bytes, len);
	reader_close(&r);
}

/* Ends the process. Returns whether it was killed before. */
static bool was_killed(pid_t pid)
{
	int status = 0;

	kill(pid, SIGTERM);
	waitpid(pid, &status, __WALL);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void keep_outcome(const struct read_case *c, struct outcome *o,
			 const char *text)
{
	printf("# %s: returned %ld, %.*s\n", c->name, o->ret,
	       (int)strcspn(text, "\n"), text);
	o->extra = state_keep(c->name, text);
}

/*
 * Starts a target in its cgroup. Returns whether it is prepared; the caller
 * must stop it in any case.
 */
static bool begin(const struct read_case *c, struct outcome *o,
		  void (*prepare_it)(struct target *t), pid_t *pid)
{
	static struct target *t;

	if (!t)
		t = target_alloc();
	wanted = c->arg;
	set_no_limit();
	*pid = target_start(prepare_it, t);
	return outcome_started(o, t);
}

static void run_memcg(const struct read_case *c, struct outcome *o)
{
	struct counters before;
	char text[16 * KIB];
	size_t len;
	pid_t pid;

	if (begin(c, o, prepare, &pid)) {
		before = counters_read();
		read_in(o, pid);
		o->events = counters_since(&before);
		len = describe_owners(text, sizeof(text), pid);
		state_text(text + len, sizeof(text) - len, pid, TARGET_AT,
			   TARGET_AT + SIZE);
		keep_outcome(c, o, text);
	}
	target_stop(pid);
}

/*
 * The memory of a killed target may be freed before the fault fails, or after.
 * So there are two valid results, on the stock kernel, too.
 */
static void settle(struct outcome *o)
{
	long all = wanted->how == PEEKDATA ? 8 : PAGE;

	if (o->ret != all && o->ret != (wanted->how == READV ? -EFAULT : -EIO))
		return;
	if (o->ret < 0)
		memset(o->bytes, 0, PAGE);
	for (long i = 0; i < o->ret; i++)
		if (o->bytes[i] != pattern(i))
			return;
	memset(o->bytes, 0, PAGE);
	o->ret = 0;
}

/*
 * The result of a read without room. Returns false if there was room, or if the
 * memory of the killed process was freed too late, and another process was
 * killed, too.
 */
static bool read_short(struct outcome *o, pid_t pid, pid_t other, char *text,
		       size_t size)
{
	long kills = count(TARGET "/memory.events", "oom_kill");
	long ooms = count(TARGET "/memory.events", "oom");
	struct counters before = counters_read();
	bool target_killed, other_killed;

	/* An earlier try may have read something. */
	memset(o->bytes, POISON, MAX_READ);
	read_in(o, pid);
	o->events = counters_since(&before);
	kills = count(TARGET "/memory.events", "oom_kill") - kills;
	ooms = count(TARGET "/memory.events", "oom") - ooms;
	other_killed = other && was_killed(other);
	target_killed = was_killed(pid);
	if (!ooms || kills != (wanted->deed != KILL_NOBODY))
		return false;
	/*
	 * Until the memory of the killed process is freed, the fault retries.
	 */
	if (kills)
		ooms = 1;
	snprintf(text, size,
		 "oom %ld, oom_kill %ld, the target is killed: %d, another: %d\n",
		 ooms, kills, target_killed, other_killed);
	return true;
}

static void run_short(const struct read_case *c, struct outcome *o)
{
	static struct target *t, *other;
	pid_t pid, other_pid = 0;
	bool was_short = false;
	char text[256];

	if (!t) {
		t = target_alloc();
		other = target_alloc();
	}
	wanted = c->arg;
	for (int i = 0; i < TRIES && !was_short; i++) {
		set_no_limit();
		pid = target_start(prepare, t);
		if (wanted->deed == KILL_OTHER)
			other_pid = target_start(prepare_other, other);
		if (!outcome_started(o, t) || !outcome_started(o, other)) {
			target_stop(pid);
			if (other_pid)
				target_stop(other_pid);
			return;
		}
		was_short = read_short(o, pid, other_pid, text, sizeof(text));
	}
	if (!was_short) {
		outcome_broken(o, "not as little room as wanted");
		return;
	}
	keep_outcome(c, o, text);
	if (wanted->deed == KILL_TARGET)
		settle(o);
}

/* In units of the whole read; the delayed part is less than half of it. */
static long rounded(long moved, const char *name)
{
	bool is_size = !strcmp(name, "anon") || !strcmp(name, "shmem") ||
		       !strcmp(name, "file");
	long unit = is_size ? MANY : MANY / PAGE;

	return (moved + unit / 2) / unit;
}

static void prepare_many(struct target *t)
{
	write_line(TARGET "/cgroup.procs", "0");
	t->addr = TARGET_AT;
	wanted->make(t, (char *)TARGET_AT, MANY);
	/* One fault for each page. */
	must(t, small_pages_only((char *)TARGET_AT, MANY),
	     "MADV_NOHUGEPAGE");
}

static void run_stat(const struct read_case *c, struct outcome *o)
{
	long moved[ARRAY_SIZE(stats)];
	struct counters before;
	char text[256];
	size_t len = 0;
	pid_t pid;

	if (begin(c, o, prepare_many, &pid)) {
		for (size_t i = 0; i < ARRAY_SIZE(stats); i++)
			moved[i] = -count(TARGET "/memory.stat", stats[i]);
		before = counters_read();
		for (size_t at = 0; at < MANY; at += SIZE)
			o->ret += remote_read(wanted->how, pid, TARGET_AT + at,
					      o->bytes, SIZE);
		o->events = counters_since(&before);
		for (size_t i = 0; i < ARRAY_SIZE(stats); i++) {
			moved[i] += count(TARGET "/memory.stat", stats[i]);
			len += snprintf(text + len, sizeof(text) - len,
					"%s %ld, ", stats[i],
					rounded(moved[i], stats[i]));
		}
		keep_outcome(c, o, text);
	}
	target_stop(pid);
}

/* Shared memory, with pages that nobody has written to. */
static void make_shared_untouched(struct target *t, char *at, size_t size)
{
	map_at(t, (unsigned long)at, size, PROT_READ | PROT_WRITE,
	       MAP_SHARED | MAP_ANONYMOUS, -1);
}

static void make_untouched(struct target *t, char *at, size_t size)
{
	kinds[UNTOUCHED].make(t, at, size);
}

static void make_droppable(struct target *t, char *at, size_t size)
{
	kinds[DROPPABLE].make(t, at, size);
}

#define RUN(_run, _name, _make, _how, _deed, _want)			\
	{ .name = _name ", by " #_how, .run = _run, .want = _want,	\
	  .content = ANYTHING, .events = EV(FAST),			\
	  .arg = &(const struct memcg_case){ _make, _how, _deed } }
#define CASE(_name, ...) RUN(run_memcg, _name, __VA_ARGS__)
#define SHORT(_name, _deed, _want, _want_peek, _want_readv)		\
	RUN(run_short, _name, make_swapped, MEM, _deed, _want),		\
	RUN(run_short, _name, make_swapped, PEEKDATA, _deed, _want_peek), \
	RUN(run_short, _name, make_swapped, READV, _deed, _want_readv)
#define STAT(_name, _make)						\
	RUN(run_stat, _name, _make, MEM, READ, MANY),			\
	RUN(run_stat, _name, _make, READV, READ, MANY)
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
	SHORT("no room, nobody to kill", KILL_NOBODY, -EIO, -EIO, -EFAULT),
	SHORT("no room, another is killed", KILL_OTHER, PAGE, 8, PAGE),
	SHORT("no room, the target is killed", KILL_TARGET, 0, 0, 0),
	STAT("memory.stat, swapped out", make_swapped),
	STAT("memory.stat, untouched", make_untouched),
	STAT("memory.stat, shared, swapped out", make_shared_swapped),
	STAT("memory.stat, shared with a child", make_forked),
};

int main(int argc, char **argv)
{
	select_tests(argc, argv);
	if (!make_cgroups()) {
		printf("1..0 # SKIP this kernel lacks memory cgroups\n");
		return 0;
	}
	write_line(READER "/cgroup.procs", "0");
	/* No swap readahead. */
	write_line("/proc/sys/vm/page-cluster", "0");
	/*
	 * One CPU, because charges that another CPU has made in advance are
	 * returned late.
	 */
	use_cpu(0);
	return run_cases(cases, ARRAY_SIZE(cases));
}
