// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that are stuck, for tests of `vmapeek stuck`:
 *
 *	stuck frozen DIR	a write fault sleeps in the frozen file system
 *				DIR, with its VMA read-locked; munmap() of a
 *				part of that VMA waits for it
 *	stuck exec DIR		the same, and a third thread's vfork() child
 *				is in exec()
 *	stuck disk DEVICE DIR	a read of /proc/PID/mem sleeps in a page of a
 *				file, on a device that does not answer;
 *				munmap() of a part of that VMA waits for it
 *	stuck swap DEVICE CGROUP	the same of a page that the limit of
 *				CGROUP has swapped out to DEVICE
 *	stuck fuse DIR		the same of a file of a FUSE server that does
 *				not answer, mounted at DIR
 *	stuck fuse-fault DIR	a page fault sleeps in such a file, once the
 *				server has failed to read it: with the mmap
 *				lock held; munmap() of a page waits for it
 *
 * Prints the target's PID, then the IDs of the holder and of the other threads,
 * as soon as all of them sleep. Reverts everything at the end of its input.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

#include "dm.h"
#include "fuse.h"
#include "util.h"

#define PAGE		4096UL
#define MIB		(1024 * 1024UL)
#define FILE_SIZE	(64 * 1024UL)
#define SWAP_SIZE	(64 * MIB)
#define CHANGED		(8 * PAGE)	/* the page that is unmapped */

/* The steps of threads and processes, in order. */
enum step { START, FAULT, CHANGE, EXEC };

static struct {
	enum step step;
	char *memory;			/* of the target */
	pid_t target, fault, change, fork, exec;
} *shared;

static void tell(pid_t *what)
{
	__atomic_store_n(what, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
}

static void wait_for(enum step step)
{
	while (__atomic_load_n(&shared->step, __ATOMIC_ACQUIRE) < step)
		usleep(1000);
}

/* Is the task in one of these states? */
static bool is_in_state(const pid_t *what, const char *states)
{
	pid_t tid = __atomic_load_n(what, __ATOMIC_ACQUIRE);
	char path[64], line[256];
	bool found = false;
	FILE *file;

	if (!tid)
		return false;
	/* status, because stat waits for exec_update_lock. */
	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	file = fopen(path, "re");
	if (!file)
		die("%s: %s", path, strerror(errno));
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, "State:\t", 7) &&
			strchr(states, line[7]);
	fclose(file);
	return found;
}

/* Starts @step, and waits until @what sleeps in it. */
static void begin(enum step step, const pid_t *what)
{
	__atomic_store_n(&shared->step, step, __ATOMIC_RELEASE);
	while (!is_in_state(what, "D"))
		usleep(1000);
}

/*
 * The same for a file of FUSE, where the first part of the sleep is
 * interruptible.
 */
static void begin_in_fuse(const pid_t *what)
{
	__atomic_store_n(&shared->step, FAULT, __ATOMIC_RELEASE);
	while (!fuse_is_asked() || !is_in_state(what, "SD"))
		usleep(1000);
}

static void *read_page(void *arg)
{
	tell(&shared->fault);
	wait_for(FAULT);
	(void)*(volatile char *)shared->memory;
	return arg;
}

static void *write_page(void *arg)
{
	tell(&shared->fault);
	wait_for(FAULT);
	*shared->memory = 1;
	return arg;
}

static void *unmap_page(void *arg)
{
	tell(&shared->change);
	wait_for(CHANGE);
	munmap(shared->memory + CHANGED, PAGE);
	return arg;
}

static void *exec_child(void *arg)
{
	pid_t pid;

	tell(&shared->fork);
	wait_for(EXEC);
	pid = vfork();
	if (!pid) {
		execl("/proc/self/exe", "stuck", NULL);
		_exit(127);
	}
	/*
	 * exec() resumes this thread just before it takes exec_update_lock and
	 * the mmap lock. So in its earlier sleep it held neither.
	 */
	__atomic_store_n(&shared->exec, pid, __ATOMIC_RELEASE);
	return arg;
}

static pid_t child(void (*function)(const char *), const char *arg)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		function(arg);
		_exit(1);
	}
	return pid;
}

static void map_open_file(int fd, int protection, int flags)
{
	char *p = mmap(NULL, FILE_SIZE, protection, flags, fd, 0);

	if (fd < 0 || p == MAP_FAILED)
		die("cannot map the file: %s", strerror(errno));
	shared->memory = p;
}

static void map_file(const char *path, int protection, int flags)
{
	map_open_file(open(path, O_RDWR | O_CLOEXEC), protection, flags);
}

static void make_file(const char *path)
{
	static char bytes[FILE_SIZE];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, bytes, FILE_SIZE) != (ssize_t)FILE_SIZE ||
	    fsync(fd) || posix_fadvise(fd, 0, FILE_SIZE, POSIX_FADV_DONTNEED))
		die("cannot write %s: %s", path, strerror(errno));
	close(fd);
}

static void freeze(const char *dir, bool frozen)
{
	int fd = open(dir, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, frozen ? FIFREEZE : FITHAW, 0))
		die("cannot freeze %s: %s", dir, strerror(errno));
	close(fd);
}

static void be_frozen(const char *dir)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/file", dir);
	map_file(path, PROT_READ | PROT_WRITE, MAP_SHARED);
	(void)*(volatile char *)shared->memory;
	start_thread(write_page);
	start_thread(unmap_page);
	start_thread(exec_child);
	tell(&shared->target);
	for (;;)
		pause();
}

static void be_on_disk(const char *path)
{
	map_file(path, PROT_READ, MAP_PRIVATE);
	if (madvise(shared->memory, FILE_SIZE, MADV_RANDOM))
		die("madvise: %s", strerror(errno));
	start_thread(unmap_page);
	tell(&shared->target);
	for (;;)
		pause();
}

static void be_in_fuse(const char *with_fault)
{
	int fd = fuse_open();

	map_open_file(fd, PROT_READ, MAP_PRIVATE);
	/* Without the mmap lock, nothing shows the mapped files. */
	close(fd);
	if (with_fault)
		start_thread(read_page);
	start_thread(unmap_page);
	tell(&shared->target);
	for (;;)
		pause();
}

static void be_swapped(const char *cgroup)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	write_line(path, "0");
	shared->memory = mmap(NULL, SWAP_SIZE / 2, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (shared->memory == MAP_FAILED ||
	    !small_pages_only(shared->memory, SWAP_SIZE / 2))
		die("mmap: %s", strerror(errno));
	memset(shared->memory, 1, SWAP_SIZE / 2);
	start_thread(unmap_page);
	tell(&shared->target);
	for (;;)
		pause();
}

static void be_reader(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char byte;

	tell(&shared->fault);
	wait_for(FAULT);
	if (pread(fd, &byte, 1, (off_t)shared->memory) != 1)
		die("%s: %s", path, strerror(errno));
	exit(0);
}

static void wait_for_target(void)
{
	while (!__atomic_load_n(&shared->target, __ATOMIC_ACQUIRE))
		usleep(1000);
}

static void print_and_wait(void)
{
	char c;

	printf("%d %d %d %d\n", shared->target, shared->fault, shared->change,
	       shared->exec);
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
}

static void frozen(const char *dir, bool with_exec)
{
	char path[128];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/file", dir);
	make_file(path);
	pid = child(be_frozen, dir);
	wait_for_target();
	freeze(dir, true);
	begin(FAULT, &shared->fault);
	begin(CHANGE, &shared->change);
	if (with_exec)
		begin(EXEC, &shared->exec);
	print_and_wait();
	freeze(dir, false);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static pid_t reader_of(pid_t target)
{
	char path[64];
	pid_t reader;

	wait_for_target();
	snprintf(path, sizeof(path), "/proc/%d/mem", target);
	reader = child(be_reader, path);
	while (!__atomic_load_n(&shared->fault, __ATOMIC_ACQUIRE))
		usleep(1000);
	return reader;
}

/*
 * A reader sleeps in a fault of the target's memory, and the target then
 * changes that VMA.
 */
static void read_of(pid_t target)
{
	pid_t reader = reader_of(target);

	dm_hold(true);
	begin(FAULT, &shared->fault);
	begin(CHANGE, &shared->change);
	print_and_wait();
	dm_hold(false);
	waitpid(reader, NULL, 0);
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
}

static unsigned long size_of(const char *device)
{
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	unsigned long size;

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &size))
		die("%s: %s", device, strerror(errno));
	close(fd);
	return size;
}

static void make_dm(const char *device)
{
	if (!dm_make("stuck", device, size_of(device)))
		die("no device mapper: %s", strerror(errno));
}

static void disk(const char *device, const char *dir)
{
	char path[128];

	make_dm(device);
	if (mount(dm_path(), dir, "ext4", 0, NULL))
		die("cannot mount %s: %s", dir, strerror(errno));
	snprintf(path, sizeof(path), "%s/file", dir);
	make_file(path);
	read_of(child(be_on_disk, path));
	/* Delayed readers may still hold references. */
	while (umount(dir) && errno == EBUSY)
		usleep(1000);
	dm_remove();
}

static void swap(const char *device, const char *cgroup)
{
	make_dm(device);
	if (swapon(dm_path(), 0))
		die("cannot swap to %s: %s", dm_path(), strerror(errno));
	read_of(child(be_swapped, cgroup));
	swapoff(dm_path());
	dm_remove();
}

/* A file of FILE_SIZE, whose first page the server withholds. */
static void fuse(const char *dir, bool with_fault)
{
	struct fuse_files files = {
		.dir = dir,
		.size = FILE_SIZE,
		.content = 'c',
		.kept = 'k',
		.ahead = !with_fault,
		.errors = with_fault,
	};
	pid_t target, reader = 0;

	if (!fuse_start(&files))
		die("no FUSE: %s", strerror(errno));
	target = child(be_in_fuse, with_fault ? "" : NULL);
	wait_for_target();
	if (!with_fault)
		reader = reader_of(target);
	begin_in_fuse(&shared->fault);
	begin(CHANGE, &shared->change);
	print_and_wait();
	fuse_serve();
	if (reader)
		waitpid(reader, NULL, 0);
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
	fuse_stop();
}

int main(int argc, char **argv)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc == 3 && !strcmp(argv[1], "frozen"))
		frozen(argv[2], false);
	else if (argc == 3 && !strcmp(argv[1], "exec"))
		frozen(argv[2], true);
	else if (argc == 4 && !strcmp(argv[1], "disk"))
		disk(argv[2], argv[3]);
	else if (argc == 4 && !strcmp(argv[1], "swap"))
		swap(argv[2], argv[3]);
	else if (argc == 3 && !strcmp(argv[1], "fuse"))
		fuse(argv[2], false);
	else if (argc == 3 && !strcmp(argv[1], "fuse-fault"))
		fuse(argv[2], true);
	else
		die("usage: see its source");
	return 0;
}
