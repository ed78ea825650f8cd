// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that are stuck as they are in the field, by nothing but a file
 * system: what vmapeek answers of them, and that a reader does not make one.
 *
 * A thread writes to a page of a file on a frozen file system, and sleeps with
 * its VMA read-locked; another changes that VMA, and waits for it with the mmap
 * lock held for writing. All other VMAs are free.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "dm.h"
#include "hold.h"
#include "kinds-make.h"
#include "lock-cases.h"
#include "readv.h"
#include "run.h"
#include "vmapeek.h"

/* Images of file systems, of that size, and where they are mounted. */
#define IMAGE		"/image"
#define IMAGE_SIZE	(16 * MIB)
#define ICE		"/ice"		/* is frozen */
#define DISK		"/disk"		/* on a device that can be held */
#define SIZE		(64 * KIB)
#define FILE_PAGES	16UL
#define ICE_AT		0x300000000000UL

/* In memory that all share. */
static struct {
	bool go;
	pid_t writer, changer;	/* threads */
	bool mapped;
} *shared;

static int loop_attach(const char *image, char *path)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int nr = ioctl(control, LOOP_CTL_GET_FREE);
	int file = open(image, O_RDWR | O_CLOEXEC), loop;

	sprintf(path, "/dev/loop%d", nr);
	loop = open(path, O_RDWR | O_CLOEXEC);
	if (control < 0 || nr < 0 || file < 0 || loop < 0 ||
	    ioctl(loop, LOOP_SET_FD, file))
		die("no loop device for %s: %s", image, strerror(errno));
	close(control);
	close(file);
	return loop;
}

static void mount_at(const char *device, const char *at)
{
	if (mkdir(at, 0755) || mount(device, at, "ext4", 0, NULL))
		die("cannot mount %s: %s", at, strerror(errno));
}

static void make_file(const char *path)
{
	static unsigned char bytes[SIZE];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = pattern(i);
	if (fd < 0 || write(fd, bytes, SIZE) != (ssize_t)SIZE || fsync(fd))
		die("cannot write %s: %s", path, strerror(errno));
	close(fd);
}

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

static void make_disks(void)
{
	char ice[32], disk[32];

	copy_image("/image2");
	loop_attach(IMAGE, ice);
	loop_attach("/image2", disk);
	if (!dm_make("wedge", disk, IMAGE_SIZE))
		die("this kernel lacks the device mapper: %s", strerror(errno));
	mount_at(ice, ICE);
	mount_at(dm_path(), DISK);
	make_file(ICE "/file");
	make_file(DISK "/file");
	make_file(DISK "/silent");
}

static void freeze(bool frozen)
{
	int fd = open(ICE, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, frozen ? FIFREEZE : FITHAW, 0))
		die("cannot freeze: %s", strerror(errno));
	close(fd);
}

/* A swap device with real I/O: by a thread of the loop device, later. */
static void make_swap(void)
{
	static char page[PAGE];
	uint32_t version = 1, last = IMAGE_SIZE / PAGE - 1;
	int fd = open("/swap", O_RDWR | O_CREAT | O_CLOEXEC, 0600), loop;
	char path[32];

	memcpy(page + 1024, &version, sizeof(version));
	memcpy(page + 1028, &last, sizeof(last));
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	if (fd < 0 || ftruncate(fd, IMAGE_SIZE) ||
	    write(fd, page, PAGE) != (ssize_t)PAGE)
		die("no file to swap to: %s", strerror(errno));
	close(fd);
	loop = loop_attach("/swap", path);
	if (swapon(path, SWAP_FLAG_PREFER | 200))
		die("cannot swap to %s: %s", path, strerror(errno));
	close(loop);
	swapoff("/dev/zram0");
}

static void wait_for_go(void)
{
	while (!__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE))
		usleep(1000);
}

static void *write_page(void *arg)
{
	(void)arg;
	__atomic_store_n(&shared->writer, (pid_t)syscall(SYS_gettid),
			 __ATOMIC_RELEASE);
	wait_for_go();
	*(volatile char *)ICE_AT = 1;
	return NULL;
}

/* Takes the mmap lock, and waits for the VMA that the writer sleeps in. */
static void *change_vma(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&shared->mapped, __ATOMIC_ACQUIRE))
		usleep(1000);
	__atomic_store_n(&shared->changer, (pid_t)syscall(SYS_gettid),
			 __ATOMIC_RELEASE);
	munmap((char *)ICE_AT + 8 * PAGE, PAGE);
	return NULL;
}

/* In a target, after its memory is made: what will be stuck. */
static void be_ready_to_hang(struct target *t)
{
	int fd = open(ICE "/file", O_RDWR | O_CLOEXEC);
	pthread_t thread;

	map_at(t, ICE_AT, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
	       fd);
	(void)*(volatile char *)ICE_AT;
	must(t, !pthread_create(&thread, NULL, write_page, NULL) &&
		!pthread_create(&thread, NULL, change_vma, NULL), "threads");
}

/* Is a thread of the target asleep in the kernel, not to be woken? */
static bool is_stuck(pid_t pid, const pid_t *tid)
{
	pid_t thread = __atomic_load_n(tid, __ATOMIC_ACQUIRE);
	char path[64], line[256], *state;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, thread);
	if (!thread || !read_line(path, line, sizeof(line)))
		return false;
	state = strrchr(line, ')');
	return state && state[2] == 'D';
}

static void wedge(pid_t pid)
{
	freeze(true);
	__atomic_store_n(&shared->go, true, __ATOMIC_RELEASE);
	while (!is_stuck(pid, &shared->writer))
		sched_yield();
	__atomic_store_n(&shared->mapped, true, __ATOMIC_RELEASE);
	while (!is_stuck(pid, &shared->changer))
		sched_yield();
}

#define PREPARE(_name, ...)						\
	static void prepare_##_name(struct target *t)			\
	{								\
		t->addr = TARGET_AT;					\
		__VA_ARGS__;						\
		be_ready_to_hang(t);					\
	}
#define MAKE(_kind, _size) kinds[_kind].make(t, (char *)TARGET_AT, _size)

/* Of a healthy file system; nothing of it in the page cache. */
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

static const struct lock_case cases[] = {
	ALL("resident", prepare_resident),
	ALL("untouched", prepare_untouched, .byte = zero),
	ALL("swapped to a disk", prepare_swapped),
	/* They do not end in a zero, so they are taken for a title. */
	ONE("swapped to a disk, cmdline", prepare_swapped_arguments, CMDLINE,
	    PAGE),
	ONE("swapped to a disk, environ", prepare_swapped_arguments, ENVIRON,
	    SIZE),
	ALL("a file that is not mapped", prepare_file),
	ALL("a file that is not in the page cache", prepare_uncached),
	ALL("shared with a child", prepare_forked),
	ALL("KSM", prepare_merged, .byte = byte_merged),
	ALL("hugetlb", prepare_hugetlb),
};

static bool is_wedged(pid_t target)
{
	return is_stuck(target, &shared->writer) &&
	       is_stuck(target, &shared->changer);
}

static void thaw(void)
{
	freeze(false);
	memset(shared, 0, sizeof(*shared));
}

/* The target maps and unmaps memory that nobody looks at. */
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

static bool is_asleep(pid_t pid)
{
	return is_stuck(pid, &pid);
}

/* A target, and a reader that sleeps on a page of it that does not come. */
static struct lock_reader sleep_on_disk(const struct lock_case *c, pid_t *pid)
{
	struct lock_reader r;

	memset(shared, 0, sizeof(*shared));
	*pid = lock_target(c);
	r = lock_reader_start(c, *pid);
	dm_hold(true);
	lock_reader_go(&r);
	while (!is_asleep(r.pid))
		sched_yield();
	return r;
}

/* What becomes of its target? */
static void silent(bool stuck)
{
	static const struct lock_case c = {
		.name = "silent", .prepare = prepare_silent, .how = MEM,
		.len = PAGE,
	};
	struct lock_reader r;
	pid_t pid;

	r = sleep_on_disk(&c, &pid);
	__atomic_store_n(&shared->go, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&shared->mapped, __ATOMIC_ACQUIRE) &&
	       !is_stuck(pid, &shared->changer))
		sched_yield();
	assert_int_equal(!__atomic_load_n(&shared->mapped, __ATOMIC_ACQUIRE),
			 stuck);
	assert_true(is_asleep(r.pid));

	dm_hold(false);
	waitpid(r.pid, NULL, 0);
	target_stop(pid);
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

/* A reader that stock lets be killed while a page is read from a disk. */
static void killed(bool is_on)
{
	static const struct lock_case c = {
		.prepare = prepare_silent, .how = READV, .len = PAGE,
	};
	struct lock_reader r;
	int status;
	pid_t pid;

	if (is_on)
		vmapeek_on();
	else
		vmapeek_off();
	r = sleep_on_disk(&c, &pid);
	kill(r.pid, SIGKILL);
	assert_int_equal(waitpid(r.pid, &status, 0), r.pid);
	assert_true(WIFSIGNALED(status));
	dm_hold(false);
	close(r.out);
	target_stop(pid);
}

static void killed_off(void **state)
{
	(void)state;
	killed(false);
}

static void killed_on(void **state)
{
	(void)state;
	killed(true);
}

/* Tasks that still run what vmapeek replaces by. */
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

/* A reader in a fault holds up switching off; all other tasks are switched. */
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
	assert_true(is_asleep(r.pid));

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
	static const struct lock_way way = {
		.name = "stuck", .hold = wedge, .is_held = is_wedged,
		.let_go = thaw,
	};
	static const struct CMUnitTest more[] = {
		{ .name = "off, a reader of a silent disk stops its target",
		  .test_func = silent_off },
		{ .name = "on, a reader of a silent disk does not",
		  .test_func = silent_on },
		{ .name = "off, a reader of a silent disk is killed",
		  .test_func = killed_off },
		{ .name = "on, a reader of a silent disk is killed",
		  .test_func = killed_on },
		{ .name = "switched off while mem reads a silent disk",
		  .test_func = switched_off_mem },
		{ .name = "switched off while process_vm_readv reads a silent disk",
		  .test_func = switched_off_readv },
	};

	select_tests(argc, argv);
	shared = shared_alloc(PAGE);
	make_disks();
	make_swap();
	return lock_main_by(&way, 1, cases, ARRAY_SIZE(cases), more,
			    mainline() == MODULE ? ARRAY_SIZE(more) : 0);
}
