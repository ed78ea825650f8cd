// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"
#include "frozen.h"
#include "kinds-make.h"
#include "util.h"

#define FILE_PATH	FROZEN_DIR "/file"
#define SOURCE_PATH	FROZEN_DIR "/source"

/* In shared memory. */
static struct {
	enum frozen_way way;
	bool go, changes;	/* the sleeper, the changer */
	bool has_slept, has_changed;
	pid_t sleeper, changer;	/* threads */
} *shared;

static void tell(pid_t *what)
{
	__atomic_store_n(what, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
}

static void set(bool *what)
{
	__atomic_store_n(what, true, __ATOMIC_RELEASE);
}

static bool is_set(const bool *what)
{
	return __atomic_load_n(what, __ATOMIC_ACQUIRE);
}

static void wait_for(const bool *what)
{
	while (!is_set(what))
		usleep(1000);
}

static void read_directly(void *to)
{
	int fd = open(SOURCE_PATH, O_RDONLY | O_DIRECT | O_CLOEXEC);

	if (fd < 0 || pread(fd, to, PAGE, 0) != (ssize_t)PAGE)
		die("cannot read %s: %s", SOURCE_PATH, strerror(errno));
	close(fd);
}

static void *sleeper_main(void *arg)
{
	char *memory = (char *)FROZEN_AT;

	tell(&shared->sleeper);
	wait_for(&shared->go);
	if (shared->way == FROZEN_VMA)
		*(volatile char *)memory = 1;
	else
		read_directly(memory);
	set(&shared->has_slept);
	return arg;
}

static void unmap(void)
{
	void *p = (char *)FROZEN_AT + 8 * PAGE;

	if (shared->way == FROZEN_MMAP_LOCK)
		p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
	munmap(p, PAGE);
}

static void (*change)(void) = unmap;

void frozen_set_change(void (*other)(void))
{
	change = other ? other : unmap;
}

/* Calls libc once in a hole, so that the later call maps no page of libc. */
static void call_once(void)
{
	munmap((char *)FROZEN_AT - MIB, PAGE);
	mprotect((char *)FROZEN_AT - MIB, PAGE, PROT_READ);
}

static void *changer_main(void *arg)
{
	call_once();
	tell(&shared->changer);
	wait_for(&shared->changes);
	change();
	set(&shared->has_changed);
	return arg;
}

void frozen_make(const char *image)
{
	char device[32];

	shared = shared_alloc(sizeof(*shared));
	loop_attach(image, device);
	ext4_mount(device, FROZEN_DIR);
	pattern_file(FILE_PATH, FROZEN_SIZE);
	pattern_file(SOURCE_PATH, PAGE);
}

static void freeze(bool frozen)
{
	int fd = open(FROZEN_DIR, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, frozen ? FIFREEZE : FITHAW, 0))
		die("cannot freeze: %s", strerror(errno));
	close(fd);
}

void frozen_prepare(struct target *t)
{
	int fd = open(FILE_PATH, O_RDWR | O_CLOEXEC);
	pthread_t thread;

	map_at(t, FROZEN_AT, FROZEN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	(void)*(volatile char *)FROZEN_AT;
	must(t, !pthread_create(&thread, NULL, sleeper_main, NULL) &&
		!pthread_create(&thread, NULL, changer_main, NULL), "threads");
}

bool is_uninterruptible(pid_t pid, pid_t tid)
{
	char path[64], line[256], *state;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	if (!tid || !read_line(path, line, sizeof(line)))
		return false;
	state = strrchr(line, ')');
	return state && state[2] == 'D';
}

static bool is_stuck(pid_t pid, const pid_t *tid)
{
	return is_uninterruptible(pid, __atomic_load_n(tid, __ATOMIC_ACQUIRE));
}

/* A check for sleep is not enough: direct I/O may sleep for another reason. */
static bool is_in_page_mkwrite(pid_t tid)
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stack", tid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, "page_mkwrite");
	if (file)
		fclose(file);
	return found;
}

static void sleep_in(enum frozen_way way, pid_t pid)
{
	freeze(true);
	shared->way = way;
	set(&shared->go);
	while (!is_stuck(pid, &shared->sleeper) ||
	       !is_in_page_mkwrite(shared->sleeper) ||
	       !__atomic_load_n(&shared->changer, __ATOMIC_ACQUIRE))
		sched_yield();
}

void frozen_fault(pid_t pid)
{
	sleep_in(FROZEN_VMA, pid);
}

void frozen_change(pid_t pid)
{
	set(&shared->changes);
	while (!frozen_change_waits(pid))
		sched_yield();
}

void frozen_begin(enum frozen_way way, pid_t pid)
{
	sleep_in(way, pid);
	frozen_change(pid);
}

bool frozen_change_waits(pid_t pid)
{
	return is_stuck(pid, &shared->changer);
}

bool frozen_lasts(pid_t pid)
{
	return is_stuck(pid, &shared->sleeper) && frozen_change_waits(pid);
}

void frozen_thaw(void)
{
	freeze(false);
}

bool frozen_has_written(void)
{
	return is_set(&shared->has_slept);
}

bool frozen_has_changed(void)
{
	return is_set(&shared->has_changed);
}

void frozen_reset(void)
{
	memset(shared, 0, sizeof(*shared));
}

void frozen_end(void)
{
	frozen_thaw();
	frozen_reset();
}
