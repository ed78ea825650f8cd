// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that are stuck as in the field, by a file system only: vmapeek's
 * reads of them, and a check that a reader does not make a process stuck. The
 * same memory is read while hold_mmap_lock holds the mmap lock, too.
 *
 * A thread writes to a page of a file on a frozen file system, and sleeps with
 * its VMA read-locked; another changes that VMA, and waits for it with the mmap
 * lock held for writing. All other VMAs are free.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "disk.h"
#include "dm.h"
#include "frozen.h"
#include "hold.h"
#include "kinds-make.h"
#include "lock-cases.h"
#include "readv.h"
#include "run.h"
#include "vmapeek.h"

/* Images of file systems, their size, and their mount points. */
#define IMAGE		"/image"
#define IMAGE_SIZE	(16 * MIB)
#define DISK		"/disk"		/* on a device that can be held */
#define SIZE		(64 * KIB)
#define SWAP_SIZE	(4 * MIB)

/* In shared memory. */
static struct {
	bool go;
	pid_t changer;		/* a thread */
	bool mapped, has_read;
} *shared;

static int copy_image(const char *to)
{
	static char bytes[MIB];
	int in = open(IMAGE, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ssize_t n;

	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, n) != n)
			die("cannot write %s: %s", to, strerror(errno));
	close(out);
	return close(in);
}

static void make_disk(void)
{
	char device[32];

	copy_image("/image2");
	loop_attach("/image2", device);
	if (!dm_make("wedge", device, IMAGE_SIZE))
		die("this kernel lacks the device mapper: %s", strerror(errno));
	ext4_mount(dm_path(), DISK);
	pattern_file(DISK "/file", SIZE);
	pattern_file(DISK "/silent", SIZE);
}

/*
 * A swap file with real I/O, done asynchronously by a thread of the loop
 * device.
 */
static void make_swap(void)
{
	static const char path[] = DISK "/swap";
	static char bytes[SWAP_SIZE];
	uint32_t version = 1, last = SWAP_SIZE / PAGE - 1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	memcpy(bytes + 1024, &version, sizeof(version));
	memcpy(bytes + 1028, &last, sizeof(last));
	memcpy(bytes + PAGE - 10, "SWAPSPACE2", 10);
	/* Written, because a swap file must not have holes. */
	if (fd < 0 || write(fd, bytes, SWAP_SIZE) != (ssize_t)SWAP_SIZE ||
	    fsync(fd) || swapon(path, SWAP_FLAG_PREFER | 200))
		die("cannot swap to %s: %s", path, strerror(errno));
	close(fd);
	swapoff("/dev/zram0");
}

static void wait_for_go(void)
{
	while (!__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE))
		usleep(1000);
}

#define PREPARE(_name, ...)						\
	static void prepare_##_name(struct target *t)			\
	{								\
		t->addr = TARGET_AT;					\
		__VA_ARGS__;						\
		frozen_prepare(t);					\
	}
#define MAKE(_kind, _size) kinds[_kind].make(t, (char *)TARGET_AT, _size)

/* Maps a file of a healthy file system that is not in the page cache. */
static void map_uncached(struct target *t)
{
	int fd = open(DISK "/file", O_RDONLY | O_CLOEXEC);

	must(t, fd >= 0 && !posix_fadvise(fd, 0, SIZE, POSIX_FADV_DONTNEED),
	     "file");
	map_at(t, TARGET_AT, SIZE, PROT_READ, MAP_PRIVATE, fd);
	must(t, !madvise((char *)TARGET_AT, SIZE, MADV_RANDOM), "MADV_RANDOM");
}

static void show_both(struct target *t)
{
	must(t, show_memory(false, TARGET_AT, TARGET_AT + SIZE) &&
		show_memory(true, TARGET_AT, TARGET_AT + SIZE), "PR_SET_MM");
}

PREPARE(resident, MAKE(ANON, SIZE))
PREPARE(untouched, MAKE(UNTOUCHED, SIZE))
PREPARE(swapped, MAKE(SWAPPED, SIZE))
PREPARE(swapped_arguments, MAKE(SWAPPED, SIZE); show_both(t))
PREPARE(untouched_arguments, MAKE(UNTOUCHED, SIZE); show_both(t))
PREPARE(forked_arguments, MAKE(FORKED, SIZE); show_both(t))
PREPARE(merged_arguments, MAKE(MERGED, SIZE); show_both(t))
PREPARE(file, MAKE(FILE_UNTOUCHED, SIZE))
PREPARE(uncached, map_uncached(t))
PREPARE(forked, MAKE(FORKED, SIZE))
PREPARE(merged, MAKE(MERGED, SIZE))
PREPARE(hugetlb, MAKE(HUGETLB, HUGE_PAGE))

static unsigned char zero(unsigned long offset)
{
	(void)offset;
	return 0;
}

static unsigned char byte_merged(unsigned long offset)
{
	return pattern(offset % PAGE);
}

#define ONE(_name, _prepare, _how, _len, ...)				\
	{ .name = _name, .prepare = _prepare, .how = _how,		\
	  .len = _len, .fast = true, __VA_ARGS__ }
#define ALL(_name, _prepare, ...)					\
	ONE(_name ", mem", _prepare, MEM, 8, .offset = 64, __VA_ARGS__), \
	ONE(_name ", PEEKDATA", _prepare, PEEKDATA, 8, .offset = 64,	\
	    __VA_ARGS__),						\
	ONE(_name ", process_vm_readv", _prepare, READV, 16 * KIB,	\
	    .offset = 64, __VA_ARGS__)

/* If the last byte is not 0, the arguments are a title. */
#define ARGUMENTS(_name, _prepare, ...)					\
	ONE(_name ", cmdline", _prepare, CMDLINE, PAGE, __VA_ARGS__),	\
	ONE(_name ", environ", _prepare, ENVIRON, SIZE, __VA_ARGS__)

static const struct lock_case cases[] = {
	ALL("resident", prepare_resident),
	ALL("untouched", prepare_untouched, .byte = zero),
	ALL("swapped to a disk", prepare_swapped),
	ARGUMENTS("swapped to a disk", prepare_swapped_arguments),
	ARGUMENTS("untouched", prepare_untouched_arguments, .byte = zero),
	ARGUMENTS("shared with a child", prepare_forked_arguments),
	ARGUMENTS("KSM", prepare_merged_arguments, .byte = byte_merged),
	ALL("a file that is not mapped", prepare_file),
	ALL("a file that is not in the page cache", prepare_uncached),
	ALL("shared with a child", prepare_forked),
	ALL("KSM", prepare_merged, .byte = byte_merged),
	ALL("hugetlb", prepare_hugetlb),
};

static void wedge(pid_t pid)
{
	frozen_begin(FROZEN_VMA, pid);
}

/* The target maps and unmaps memory that nobody reads. */
static void *map_elsewhere(void *arg)
{
	(void)arg;
	__atomic_store_n(&shared->changer, (pid_t)syscall(SYS_gettid),
			 __ATOMIC_RELEASE);
	wait_for_go();
	for (int i = 0; i < 10; i++) {
		void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED || munmap(p, PAGE))
			_exit(1);
	}
	__atomic_store_n(&shared->mapped, true, __ATOMIC_RELEASE);
	return NULL;
}

static void prepare_silent(struct target *t)
{
	int fd = open(DISK "/silent", O_RDONLY | O_CLOEXEC);
	pthread_t thread;

	must(t, fd >= 0 && !posix_fadvise(fd, 0, SIZE, POSIX_FADV_DONTNEED),
	     "file");
	t->addr = TARGET_AT;
	map_at(t, TARGET_AT, SIZE, PROT_READ, MAP_PRIVATE, fd);
	must(t, !pthread_create(&thread, NULL, map_elsewhere, NULL), "thread");
}

/* The reader may sleep elsewhere before. Compilers inline these functions. */
static bool waits_for_page(pid_t pid)
{
	return waits_in(pid, "folio_wait_bit") ||
	       waits_in(pid, "__folio_lock") ||
	       waits_in(pid, "filemap_read_folio") ||
	       waits_in(pid, "filemap_fault");
}

/* A target, and a reader that sleeps on a page whose I/O does not complete. */
static struct lock_reader sleep_on_disk(const struct lock_case *c, pid_t *pid)
{
	struct lock_reader r;

	memset(shared, 0, sizeof(*shared));
	*pid = lock_target(c);
	r = lock_reader_start(c, *pid);
	dm_hold(true);
	lock_reader_go(&r);
	while (!waits_for_page(r.pid))
		sched_yield();
	return r;
}

/* Another reader, which reads the arguments like ps. */
static pid_t look_at_arguments(pid_t pid)
{
	char bytes[64];
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		shared->has_read = remote_read(CMDLINE, pid, 0, bytes,
					       sizeof(bytes)) > 0;
		_exit(0);
	}
	return child;
}

/* Does its target become stuck, and the next reader? */
static void silent(bool stuck)
{
	static const struct lock_case c = {
		.name = "silent", .prepare = prepare_silent, .how = MEM,
		.len = PAGE,
	};
	struct lock_reader r;
	pid_t pid, other;
	bool ended;

	r = sleep_on_disk(&c, &pid);
	__atomic_store_n(&shared->go, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&shared->mapped, __ATOMIC_ACQUIRE) &&
	       !is_uninterruptible(pid, __atomic_load_n(&shared->changer,
							__ATOMIC_ACQUIRE)))
		sched_yield();
	assert_int_equal(!__atomic_load_n(&shared->mapped, __ATOMIC_ACQUIRE),
			 stuck);
	other = look_at_arguments(pid);
	ended = ends_without_mmap_lock(other);
	assert_true(is_uninterruptible(r.pid, r.pid));

	dm_hold(false);
	waitpid(r.pid, NULL, 0);
	if (!ended)
		waitpid(other, NULL, 0);
	target_stop(pid);
	assert_int_equal(ended, !stuck);
	assert_true(shared->has_read);
	lock_reader_check(&c, &r);
}

static void silent_off(void **state)
{
	(void)state;
	vmapeek_off();
	silent(true);
}

static void silent_on(void **state)
{
	(void)state;
	vmapeek_on();
	silent(false);
}

/*
 * Readers that can be killed on stock: one that reads the page from the disk,
 * and one that waits for the page's lock while another reads it.
 */
static void killed(bool is_first)
{
	static const struct lock_case first_case = {
		.prepare = prepare_silent, .how = MEM, .len = PAGE,
	};
	static const struct lock_case c = {
		.prepare = prepare_silent, .how = READV, .len = PAGE,
	};
	struct lock_reader first, r;
	int status;
	pid_t pid;

	if (is_first) {
		r = sleep_on_disk(&c, &pid);
	} else {
		first = sleep_on_disk(&first_case, &pid);
		r = lock_reader_start(&c, pid);
		lock_reader_go(&r);
		while (!waits_for_page(r.pid))
			sched_yield();
	}
	limit_set(60, "killing a reader that waits for a page");
	kill(r.pid, SIGKILL);
	assert_int_equal(waitpid(r.pid, &status, 0), r.pid);
	assert_true(WIFSIGNALED(status));
	dm_hold(false);
	close(r.out);
	if (!is_first) {
		waitpid(first.pid, NULL, 0);
		lock_reader_check(&first_case, &first);
	}
	target_stop(pid);
}

static void killed_off(void **state)
{
	(void)state;
	vmapeek_off();
	killed(true);
	killed(false);
}

static void killed_on(void **state)
{
	(void)state;
	vmapeek_on();
	killed(true);
	killed(false);
}

/* The number of tasks that still use vmapeek's functions. */
static unsigned int not_switched_off(void)
{
	unsigned int n = 0;
	char text[8];
	glob_t tasks;

	if (glob("/proc/[0-9]*/task/[0-9]*/patch_state", 0, NULL, &tasks))
		die("no patch_state");
	for (size_t i = 0; i < tasks.gl_pathc; i++)
		n += read_line(tasks.gl_pathv[i], text, sizeof(text)) &&
		     text[0] == '1';
	globfree(&tasks);
	return n;
}

/* A reader in a fault delays switching off; all other tasks are switched. */
static void switched_off(enum interface how)
{
	const struct lock_case c = {
		.prepare = prepare_silent, .how = how, .len = PAGE,
	};
	struct lock_reader r;
	pid_t pid;

	vmapeek_on();
	r = sleep_on_disk(&c, &pid);
	assert_int_equal(vmapeek_enable(false), 0);
	while (not_switched_off() != 1)
		sched_yield();
	assert_true(vmapeek_in_transition());
	assert_true(is_uninterruptible(r.pid, r.pid));

	dm_hold(false);
	waitpid(r.pid, NULL, 0);
	target_stop(pid);
	vmapeek_off();
	lock_reader_check(&c, &r);
}

static void switched_off_mem(void **state)
{
	(void)state;
	switched_off(MEM);
}

static void switched_off_readv(void **state)
{
	(void)state;
	switched_off(READV);
}

int main(int argc, char **argv)
{
	const struct lock_way ways[] = {
		{ .name = "stuck", .hold = wedge, .is_held = frozen_lasts,
		  .let_go = frozen_end },
		lock_held_for_write,
	};
	static const struct CMUnitTest more[] = {
		{ .name = "off, a reader of a silent disk stops its target",
		  .test_func = silent_off },
		{ .name = "on, a reader of a silent disk does not",
		  .test_func = silent_on },
		{ .name = "off, readers of a silent disk are killed",
		  .test_func = killed_off },
		{ .name = "on, readers of a silent disk are killed",
		  .test_func = killed_on },
		{ .name = "switched off while mem reads a silent disk",
		  .test_func = switched_off_mem },
		{ .name = "switched off while process_vm_readv reads a silent disk",
		  .test_func = switched_off_readv },
	};

	select_tests(argc, argv);
	shared = shared_alloc(PAGE);
	frozen_make(IMAGE);
	make_disk();
	make_swap();
	return lock_main_by(ways, ARRAY_SIZE(ways), cases, ARRAY_SIZE(cases),
			    more,
			    mainline() == MODULE ? ARRAY_SIZE(more) : 0);
}
