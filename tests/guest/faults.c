// SPDX-License-Identifier: GPL-2.0
/*
 * Reads that fault in many kinds of memory, through all interfaces, with
 * vmapeek off and on. The results must be the same, and the side effects of the
 * faults, too: the reader's and the kernel's counts of faults, the pins, and
 * the target's memory. With vmapeek on, no read takes the mmap lock, except
 * where @needs_mmap_lock is set.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hold.h"
#include "kinds-make.h"
#include "readv.h"
#include "run.h"
#include "state.h"

#define SMALL		8UL	/* PEEK reads a word */
#define LARGE		(64 * KIB)
#define HUGE_SIZE	(2 * HUGE_PAGE)
#define TMPFS		"/tmpfs"
/* Offset from TARGET_AT where nothing is mapped. */
#define NOWHERE		(1UL << 40)

static const char *const vmstat_fields[] = {
	"pgfault", "pgmajfault", "pswpin", "nr_foll_pin_acquired",
	"nr_foll_pin_released", "ksm_swpin_copy", "cow_ksm",
	"thp_fault_alloc", "thp_fault_fallback",
};

#define NR_FIELDS	(sizeof(vmstat_fields) / sizeof(vmstat_fields[0]))

/* The memory that is read; a kind of kinds.h, or a kind of this file. */
struct memory {
	const char *name;
	void (*make)(struct target *t, char *at, size_t size);
	unsigned long size;	/* 0: chosen by the read */
	bool forks;
	bool needs_mmap_lock;	/* the fault needs it */
	bool is_unsteady;	/* its smaps changes by itself */
};

struct fault_case {
	const struct memory *memory;
	enum interface how;
	unsigned long offset;	/* of the read, in the memory */
	unsigned long len;
	unsigned long size;	/* of the memory */
};

/* Counters around a read. */
struct counts {
	long minor, major;
	long vmstat[NR_FIELDS];
};

static void counts_read(struct counts *c)
{
	/* Not on the heap, whose growth would add faults. */
	static char text[16 * KIB];
	struct rusage usage;
	FILE *file;
	size_t n;

	/* Fold the per-CPU counters into the sums. */
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

/* Bits that an entry must not lose: soft-dirty, userfaultfd's protection. */
static size_t describe_marks(char *text, size_t size, pid_t pid,
			     const struct fault_case *f)
{
	unsigned int dirty = 0, protected = 0;
	char path[64];
	uint64_t entry;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < f->size; i += PAGE) {
		if (pread(fd, &entry, sizeof(entry), (TARGET_AT + i) / PAGE *
			  sizeof(entry)) != sizeof(entry))
			die("no pagemap");
		dirty += entry >> 55 & 1;
		protected += entry >> 57 & 1;
	}
	close(fd);
	return snprintf(text, size, "soft-dirty %u protected %u\n", dirty,
			protected);
}

/* With the virtual disk of lab run -e, guest/run swaps to it, not to zram. */
static bool swaps_to_disk(void)
{
	return !access("/sys/block/vda", F_OK);
}

static void describe(char *text, size_t size, const struct counts *start,
		     const struct counts *end, const struct target *t,
		     pid_t pid, const struct fault_case *f)
{
	long minor = end->minor - start->minor;
	long major = end->major - start->major;
	size_t len;

	/*
	 * If a fault waited for the disk, the following fault of its page,
	 * which unshares the page, counts as major, too (FAULT_FLAG_TRIED).
	 * Often the disk is faster.
	 */
	if (f->memory->forks && swaps_to_disk()) {
		minor += major;
		major = 0;
	}
	len = snprintf(text, size, "reader minor %ld major %ld\n", minor,
		       major);
	/* A child has its own faults. */
	for (size_t i = f->memory->forks ? 1 : 0; i < NR_FIELDS; i++)
		len += snprintf(text + len, size - len, "%s %ld\n",
				vmstat_fields[i],
				end->vmstat[i] - start->vmstat[i]);
	len += snprintf(text + len, size - len, "userfaultfd was asked %lu\n",
			t->uffd_events);
	len += describe_marks(text + len, size - len, pid, f);
	if (!f->memory->is_unsteady)
		state_text(text + len, size - len, pid, TARGET_AT,
			   TARGET_AT + f->size);
}

/* Let cmdline or environ show the memory. */
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
	wanted->memory->make(t, (char *)TARGET_AT, wanted->size);
}

static void read_once(const struct fault_case *f, struct reader *r,
		      unsigned long offset, struct outcome *o)
{
	unsigned long addr = offset;

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
	 * A page in a batch of another CPU is copied, not reused. Dropping
	 * caches drains the batches.
	 */
	if (f->memory->forks)
		write_line("/proc/sys/vm/drop_caches", "1");
	if (reader_open(&r, f->how, pid))
		die("cannot read");
	/*
	 * After the fork, the first write to a page of this process takes a
	 * fault, and the first execution of code, too.
	 */
	memset(o->bytes, POISON, f->len);
	read_once(f, &r, NOWHERE, o);
	counts_read(&end);
	before = counters_read();
	counts_read(&start);
	read_once(f, &r, f->offset, o);
	counts_read(&end);
	o->events = counters_since(&before);
	reader_close(&r);
	describe(text, sizeof(text), &start, &end, t, pid, f);
	o->extra = state_keep(c->name, text);
stop:
	target_stop(pid);
}

/* A poisoned page is poisoned for all its users, so only a child touches it. */
static void make_failed(struct target *t, char *at, size_t size)
{
	int status;
	pid_t pid;

	make_shared(t, at, size);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGBUS, SIG_DFL);
		_exit(madvise(at + 6 * PAGE, PAGE, MADV_HWPOISON) &&
		      errno == EINVAL);
	}
	must(t, waitpid(pid, &status, 0) == pid, "wait");
	if (WIFEXITED(status) && WEXITSTATUS(status))
		lacks(t, "MADV_HWPOISON");
}

/* The driver of this memory has ->fault(), but no ->map_pages(). */
static void make_vdso_absent(struct target *t, char *at, size_t size)
{
	void *vdso = (void *)getauxval(AT_SYSINFO_EHDR), *moved = MAP_FAILED;

	/* The mapping moves only as a whole. */
	for (size_t n = PAGE; moved != at && n < size; n += PAGE)
		moved = mremap(vdso, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, at);
	must(t, moved == at && !madvise(at, PAGE, MADV_DONTNEED), "vdso");
}

static void make_huge_untouched(struct target *t, char *at, size_t size)
{
	map_anon(t, at, size);
	if (madvise(at, size, MADV_HUGEPAGE))
		lacks(t, LACKS_THP);
}

static void make_huge_half_touched(struct target *t, char *at, size_t size)
{
	make_huge_untouched(t, at, size);
	/* Brings an anon_vma. */
	at[HUGE_PAGE] = 1;
}

/* The thread of the target that serves a userfaultfd. */
static volatile pid_t server;

/*
 * Start it before the measurement, to keep its own page faults out of the
 * counts.
 */
static void start_server(struct target *t, void *(*serve)(void *), void *arg)
{
	pthread_t thread;

	server = 0;
	must(t, !pthread_create(&thread, NULL, serve, arg), "thread");
	while (!server || !waits_in(server, "userfaultfd_read"))
		sched_yield();
}

struct waker {
	struct target *t;
	int fd;
	int file;	/* to truncate first, or -1 */
	struct uffdio_range range;
};

/*
 * Wakes the waiting fault without a page. When the fault waits again,
 * unregisters. The thread does not exit, because that would add page faults.
 */
static void *wake_and_leave(void *arg)
{
	struct waker *waker = arg;
	struct uffd_msg msg;

	server = gettid();
	for (int i = 0; i < 2; i++) {
		if (i && ioctl(waker->fd, UFFDIO_WAKE, &waker->range))
			_exit(1);
		if (read(waker->fd, &msg, sizeof(msg)) != sizeof(msg))
			_exit(1);
		waker->t->uffd_events++;
	}
	if ((waker->file >= 0 && ftruncate(waker->file, 0)) ||
	    ioctl(waker->fd, UFFDIO_UNREGISTER, &waker->range))
		_exit(1);
	for (;;)
		if (read(waker->fd, &msg, sizeof(msg)) != sizeof(msg))
			_exit(1);
}

static void start_waker(struct target *t, char *at, size_t size, int file)
{
	struct waker *waker = malloc(sizeof(*waker));

	waker->t = t;
	waker->range.start = (unsigned long)at;
	waker->range.len = size;
	waker->file = file;
	waker->fd = userfaultfd_on(t, at, size, 0,
				   UFFDIO_REGISTER_MODE_MISSING);
	start_server(t, wake_and_leave, waker);
}

/* A fault that waits twice before it gets its page. */
static void make_waits_twice(struct target *t, char *at, size_t size)
{
	map_anon(t, at, size);
	/* Makes an anon_vma, without which process_vm_readv() does not try. */
	at[size - 1] = 1;
	start_waker(t, at, size, -1);
}

/* A fault that waits twice and then fails. */
static void make_waits_to_fail(struct target *t, char *at, size_t size)
{
	int file = memfd_create("waits", 0);

	must(t, file >= 0 && !ftruncate(file, size), "memfd");
	map_at(t, (unsigned long)at, size, PROT_READ, MAP_SHARED, file);
	start_waker(t, at, size, file);
}

static void fill_file(struct target *t, int file, size_t size)
{
	char *p = map_at(t, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, file);

	pattern_fill(p, size);
	must(t, !munmap(p, size), "munmap");
}

/* Memory in the page cache of shmem, but not in the page table. */
static int map_minor(struct target *t, char *at, size_t size,
		     uint64_t features)
{
	int file = memfd_create("minor", 0);

	must(t, file >= 0 && !ftruncate(file, size), "memfd");
	fill_file(t, file, size);
	map_at(t, (unsigned long)at, size, PROT_READ, MAP_SHARED, file);
	return userfaultfd_on(t, at, size, features | UFFD_FEATURE_MINOR_SHMEM,
			      UFFDIO_REGISTER_MODE_MINOR);
}

struct mapper {
	struct target *t;
	int fd;
};

/* Maps the page cache for waiting faults. */
static void *map_cached(void *arg)
{
	const struct mapper *mapper = arg;
	struct uffd_msg msg;

	server = gettid();
	while (read(mapper->fd, &msg, sizeof(msg)) == sizeof(msg)) {
		struct uffdio_continue cont = {
			.range = { msg.arg.pagefault.address & ~(PAGE - 1),
				   PAGE },
		};

		mapper->t->uffd_events++;
		if (ioctl(mapper->fd, UFFDIO_CONTINUE, &cont))
			_exit(1);
	}
	return NULL;
}

static void make_minor_served(struct target *t, char *at, size_t size)
{
	struct mapper *mapper = malloc(sizeof(*mapper));

	mapper->t = t;
	mapper->fd = map_minor(t, at, size, 0);
	start_server(t, map_cached, mapper);
}

static void make_minor_sigbus(struct target *t, char *at, size_t size)
{
	map_minor(t, at, size, UFFD_FEATURE_SIGBUS);
}

static void make_protected_swapped(struct target *t, char *at, size_t size)
{
	kinds[WRITE_PROTECTED].make(t, at, size);
	swap_out(t, at, size);
}

static void make_no_access_swapped(struct target *t, char *at, size_t size)
{
	make_swapped(t, at, size);
	must(t, !mprotect(at, size, PROT_NONE), "mprotect");
}

static void make_no_access_untouched(struct target *t, char *at, size_t size)
{
	map_at(t, (unsigned long)at, size, PROT_NONE,
	       MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void make_locked_on_fault(struct target *t, char *at, size_t size)
{
	make_swapped(t, at, size);
	must(t, !mlock2(at, size, MLOCK_ONFAULT), "mlock2");
}

static void make_truncated(struct target *t, char *at, size_t size)
{
	int file = memfd_create("truncated", 0);

	must(t, file >= 0 && !ftruncate(file, size), "memfd");
	pattern_fill(map_at(t, (unsigned long)at, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED, file), size);
	must(t, !ftruncate(file, 6 * PAGE), "truncate");
}

static void make_tmpfs_swapped(struct target *t, char *at, size_t size)
{
	int file;

	mkdir(TMPFS, 0755);
	must(t, !mount("tmpfs", TMPFS, "tmpfs", 0, NULL), "tmpfs");
	file = open(TMPFS, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	must(t, file >= 0 && !umount2(TMPFS, MNT_DETACH) &&
		!ftruncate(file, size), "a file on tmpfs");
	pattern_fill(map_at(t, (unsigned long)at, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED, file), size);
	swap_out_shared(t, at, size);
}

/*
 * A device whose page cache can be dropped; made once, as it cannot be removed.
 */
static int device = -1;

static void make_device(void)
{
	char nr[16], path[64];

	if (!read_line("/sys/class/zram-control/hot_add", nr, sizeof(nr)))
		return;
	snprintf(path, sizeof(path), "/sys/block/zram%s/disksize", nr);
	write_line(path, "1M");
	snprintf(path, sizeof(path), "/dev/zram%s", nr);
	device = open(path, O_RDWR | O_CLOEXEC);
}

static void make_uncached(struct target *t, char *at, size_t size)
{
	if (device < 0)
		lacks(t, "another zram device");
	fill_file(t, device, size);
	map_at(t, (unsigned long)at, size, PROT_READ, MAP_PRIVATE, device);
	must(t, !madvise(at, size, MADV_RANDOM) && !fsync(device) &&
		!posix_fadvise(device, 0, 0, POSIX_FADV_DONTNEED), "evict");
}

static const struct memory others[] = {
	{ .name = "failed memory", .make = make_failed, .forks = true,
	  .is_unsteady = true },
	{ .name = "userfaultfd, waits twice", .make = make_waits_twice,
	  .needs_mmap_lock = true },
	{ .name = "userfaultfd, waits twice, then fails",
	  .make = make_waits_to_fail, .needs_mmap_lock = true },
	{ .name = "userfaultfd, minor", .make = make_minor_served },
	{ .name = "userfaultfd, minor, nobody serves",
	  .make = make_minor_sigbus },
	{ .name = "userfaultfd, write-protected, swapped out",
	  .make = make_protected_swapped },
	{ .name = "PROT_NONE, swapped out", .make = make_no_access_swapped },
	{ .name = "PROT_NONE, untouched", .make = make_no_access_untouched },
	{ .name = "swapped out, to be locked", .make = make_locked_on_fault },
	{ .name = "shared, swapped out", .make = make_shared_swapped },
	{ .name = "tmpfs, swapped out", .make = make_tmpfs_swapped },
	{ .name = "truncated", .make = make_truncated },
	{ .name = "a device, not cached", .make = make_uncached },
	{ .name = "vdso, not mapped", .make = make_vdso_absent,
	  .needs_mmap_lock = true },
	{ .name = "untouched, a huge page fits", .make = make_huge_untouched,
	  .size = HUGE_SIZE },
	{ .name = "untouched, a huge page fits, with an anon_vma",
	  .make = make_huge_half_touched, .size = HUGE_SIZE },
};

/* The kinds that take a fault, or are refused. */
static const enum kind some[] = {
	UNTOUCHED, SPARSE, FILE_UNTOUCHED, FILE_ENDS, HUGETLB, SECRET, SWAPPED,
	MERGED, GUARD, NO_ACCESS, FORKED, FORKED_HUGE, FORKED_SWAPPED,
	FORKED_FILE, FORKED_ALONE, FAULT_SERVED, FAULT_SIGBUS, FAULT_POISONED,
	DEVICE,
};

static struct memory memories[ARRAY_SIZE(some) + ARRAY_SIZE(others)];

static void list_memories(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		const struct kind_info *kind = &kinds[some[i]];

		memories[i] = (struct memory){
			.name = kind->name, .make = kind->make,
			.forks = kind->forks,
			.size = kind->align > PAGE ? HUGE_SIZE : 0,
			.needs_mmap_lock = some[i] == DEVICE ||
				/* process_vm_readv(), without an anon_vma. */
				some[i] == FAULT_SERVED ||
				some[i] == FAULT_SIGBUS,
		};
	}
	memcpy(memories + ARRAY_SIZE(some), others, sizeof(others));
}

/* In the middle of a page, and across a page boundary. */
static const struct fault_case shapes[] = {
	{ .offset = 5 * PAGE + 64, .len = SMALL },
	{ .offset = 9 * PAGE - 4, .len = SMALL },
	{ .offset = 100, .len = LARGE - 200 },
};

#define NR_SHAPES	ARRAY_SIZE(shapes)

/* cmdline and environ read in the same way. */
static const struct {
	enum interface how;
	bool shapes[NR_SHAPES];
} reads[] = {
	{ PEEKDATA, { true, true } },
	{ MEM, { true, true, true } },
	{ ENVIRON, { false, false, true } },
	{ READV, { true, true, true } },
};

#define NR_CASES	(ARRAY_SIZE(memories) * ARRAY_SIZE(reads) * NR_SHAPES)

static struct read_case cases[NR_CASES];
static struct fault_case faults[NR_CASES];
static size_t nr_cases;

static void add(const struct memory *m, enum interface how,
		const struct fault_case *shape)
{
	struct fault_case *f = &faults[nr_cases];
	char *name;

	*f = *shape;
	f->memory = m;
	f->how = how;
	f->size = m->size ? m->size : LARGE;
	if (asprintf(&name, "%s, by %s, %lu bytes at %lu", m->name,
		     interface_names[how], f->len, f->offset) < 0)
		die("no memory");
	cases[nr_cases++] = (struct read_case){
		.name = name, .run = run_fault, .want = COMPARE,
		.content = ANYTHING, .arg = f,
		.events = m->needs_mmap_lock ? ANY_EVENTS : EV(FAST),
	};
}

int main(int argc, char **argv)
{
	select_tests(argc, argv);
	/* No swap readahead: each page swapped in is a page that was read. */
	write_line("/proc/sys/vm/page-cluster", "0");
	make_device();
	list_memories();
	for (size_t m = 0; m < ARRAY_SIZE(memories); m++)
		for (size_t i = 0; i < ARRAY_SIZE(reads); i++)
			for (size_t n = 0; n < NR_SHAPES; n++)
				if (reads[i].shapes[n])
					add(&memories[m], reads[i].how,
					    &shapes[n]);
	return run_cases(cases, nr_cases);
}
