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
 *
 * Prints the target's process id, then the holder's and the other threads', as
 * soon as all of them sleep. Undoes everything at the end of its input.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
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
#include "util.h"

#define PAGE		4096UL
#define MIB		(1024 * 1024UL)
#define FILE_SIZE	(64 * 1024UL)
#define SWAP_SIZE	(64 * MIB)
#define CHANGED		(8 * PAGE)	/* the page that is unmapped */

/* What threads and processes tell each other, in order. */
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

static bool is_asleep(const pid_t *what)
{
	pid_t tid = __atomic_load_n(what, __ATOMIC_ACQUIRE);
	char path[64], line[256];
	bool asleep = false;
	FILE *file;

	if (!tid)
		return false;
	/* Not stat, which waits for exec_update_lock. */
	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	file = fopen(path, "re");
	if (!file)
		die("%s: %s", path, strerror(errno));
	while (!asleep && fgets(line, sizeof(line), file))
		asleep = !strncmp(line, "State:\tD", 8);
	fclose(file);
	return asleep;
}

/* Tells those who wait for @step to go on, until @what sleeps in it. */
static void begin(enum step step, const pid_t *what)
{
	__atomic_store_n(&shared->step, step, __ATOMIC_RELEASE);
	while (!is_asleep(what))
		usleep(1000);
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
	tell(&shared->fork);
	wait_for(EXEC);
	if (!vfork()) {
		tell(&shared->exec);
		execl("/proc/self/exe", "stuck", NULL);
		_exit(127);
	}
	return arg;
}

static void start(void *(*function)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, NULL))
		die("no thread");
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

static void map_file(const char *path, int protection, int flags)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char *p = mmap(NULL, FILE_SIZE, protection, flags, fd, 0);

	if (fd < 0 || p == MAP_FAILED)
		die("cannot map %s: %s", path, strerror(errno));
	shared->memory = p;
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
	start(write_page);
	start(unmap_page);
	start(exec_child);
	tell(&shared->target);
	for (;;)
		pause();
}

static void be_on_disk(const char *path)
{
	map_file(path, PROT_READ, MAP_PRIVATE);
	if (madvise(shared->memory, FILE_SIZE, MADV_RANDOM))
		die("madvise: %s", strerror(errno));
	start(unmap_page);
	tell(&shared->target);
	for (;;)
		pause();
}

static void be_swapped(const char *cgroup)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die("%s: %s", path, strerror(errno));
	shared->memory = mmap(NULL, SWAP_SIZE / 2, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (shared->memory == MAP_FAILED ||
	    madvise(shared->memory, SWAP_SIZE / 2, MADV_NOHUGEPAGE))
		die("mmap: %s", strerror(errno));
	memset(shared->memory, 1, SWAP_SIZE / 2);
	start(unmap_page);
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

/* A reader sleeps in the target's memory, which then changes its VMA. */
static void read_of(pid_t target)
{
	char path[64];
	pid_t reader;

	wait_for_target();
	snprintf(path, sizeof(path), "/proc/%d/mem", target);
	reader = child(be_reader, path);
	while (!__atomic_load_n(&shared->fault, __ATOMIC_ACQUIRE))
		usleep(1000);
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
	/* Readers that were held up may still be in the target's memory. */
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
	else
		die("usage: see its source");
	return 0;
}
