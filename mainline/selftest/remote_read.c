// SPDX-License-Identifier: GPL-2.0
/*
 * Reads of another process's memory: by /proc/PID/mem, process_vm_readv() and
 * ptrace. They may run under the lock of one VMA, and must give the same
 * results as under the mmap lock.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"

#define NR_PAGES	8
#define NR_READS	1000

/* A process to read from, and buffers. */
struct remote {
	size_t page;
	char *area;	/* NR_PAGES, inherited by the child */
	char *buf;	/* of the same size */
	pid_t child;
	int mem;
};

FIXTURE(remote_read)
{
	struct remote r;
};

static ssize_t read_readv(pid_t pid, void *addr, void *buf, size_t len)
{
	struct iovec local = { .iov_base = buf, .iov_len = len };
	struct iovec remote = { .iov_base = addr, .iov_len = len };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0);
}

/*
 * Number of operations under VMA locks, page faults included; -1 if the kernel
 * does not count them.
 */
static long count_vma_locks(void)
{
	char line[128];
	long found = -1;
	FILE *file = fopen("/proc/vmstat", "r");

	if (!file)
		return -1;
	while (found < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "vma_lock_success %ld", &found);
	fclose(file);
	return found;
}

static char pattern(size_t i)
{
	return 1 + i % 251;
}

static bool is_pattern(const char *buf, size_t from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (buf[i] != pattern(from + i))
			return false;
	return true;
}

FIXTURE_SETUP(remote_read)
{
	self->r.page = sysconf(_SC_PAGESIZE);
	self->r.buf = malloc(NR_PAGES * self->r.page);
	ASSERT_NE(self->r.buf, NULL);
	self->r.area = mmap(NULL, NR_PAGES * self->r.page,
			    PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(self->r.area, MAP_FAILED);
	self->r.child = -1;
	self->r.mem = -1;
}

FIXTURE_TEARDOWN(remote_read)
{
	if (self->r.child > 0) {
		kill(self->r.child, SIGKILL);
		waitpid(self->r.child, NULL, 0);
	}
	if (self->r.mem >= 0)
		close(self->r.mem);
	munmap(self->r.area, NR_PAGES * self->r.page);
	free(self->r.buf);
}

/* The child fills its area, calls @prepare, and sleeps. */
static void start(struct __test_metadata *_metadata, struct remote *r,
		  int (*prepare)(struct remote *r))
{
	char path[64], byte;
	int ready[2];

	ASSERT_EQ(pipe(ready), 0);
	r->child = fork();
	ASSERT_GE(r->child, 0);
	if (!r->child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		for (size_t i = 0; i < (NR_PAGES - 1) * r->page; i++)
			r->area[i] = pattern(i);
		if (prepare && prepare(r))
			_exit(1);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ASSERT_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);

	snprintf(path, sizeof(path), "/proc/%d/mem", r->child);
	r->mem = open(path, O_RDONLY);
	ASSERT_GE(r->mem, 0);
}

static ssize_t read_mem(struct remote *r, size_t from, size_t len)
{
	return pread(r->mem, r->buf, len,
		     (off_t)(unsigned long)(r->area + from));
}

/* Resident memory. */
TEST_F(remote_read, present)
{
	start(_metadata, &self->r, NULL);
	ASSERT_EQ(read_mem(&self->r, 100, 2 * self->r.page), 2 * self->r.page);
	ASSERT_TRUE(is_pattern(self->r.buf, 100, 2 * self->r.page));
	memset(self->r.buf, 0, 2 * self->r.page);
	ASSERT_EQ(read_readv(self->r.child, self->r.area + 100, self->r.buf,
			     2 * self->r.page), 2 * self->r.page);
	ASSERT_TRUE(is_pattern(self->r.buf, 100, 2 * self->r.page));
}

/* Each read takes a VMA lock; few page faults are counted besides. */
TEST_F(remote_read, vma_lock)
{
	long at_start, after_mem, after_readv, after_two;

	start(_metadata, &self->r, NULL);
	at_start = count_vma_locks();
	if (at_start < 0)
		SKIP(return, "no vma_lock_success in /proc/vmstat");
	for (int i = 0; i < NR_READS; i++)
		ASSERT_EQ(read_mem(&self->r, 100, 8), 8);
	after_mem = count_vma_locks();
	for (int i = 0; i < NR_READS; i++)
		ASSERT_EQ(read_readv(self->r.child, self->r.area, self->r.buf,
				     8), 8);
	after_readv = count_vma_locks();
	/* Two pages are pinned. */
	for (int i = 0; i < NR_READS; i++)
		ASSERT_EQ(read_readv(self->r.child,
				     self->r.area + self->r.page - 4,
				     self->r.buf, 8), 8);
	after_two = count_vma_locks();
	ASSERT_GE(after_mem - at_start, NR_READS);
	ASSERT_GE(after_readv - after_mem, NR_READS);
	ASSERT_GE(after_two - after_readv, NR_READS);
}

/* The destination is not present. */
TEST_F(remote_read, new_buffer)
{
	char *new = mmap(NULL, self->r.page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(new, MAP_FAILED);
	start(_metadata, &self->r, NULL);
	ASSERT_EQ(read_readv(self->r.child, self->r.area + 100, new + 10, 200),
		  200);
	ASSERT_TRUE(is_pattern(new + 10, 100, 200));
	munmap(new, self->r.page);
}

static int protect_second(struct remote *r)
{
	return mprotect(r->area + r->page, r->page, PROT_READ);
}

/* Across two VMAs, which no single VMA lock covers. */
TEST_F(remote_read, two_vmas)
{
	long word;

	start(_metadata, &self->r, protect_second);
	ASSERT_EQ(read_mem(&self->r, self->r.page - 4, 8), 8);
	ASSERT_TRUE(is_pattern(self->r.buf, self->r.page - 4, 8));
	ASSERT_EQ(read_readv(self->r.child, self->r.area + self->r.page - 100,
			     self->r.buf, 200), 200);
	ASSERT_TRUE(is_pattern(self->r.buf, self->r.page - 100, 200));

	ASSERT_EQ(ptrace(PTRACE_SEIZE, self->r.child, NULL, NULL), 0);
	ASSERT_EQ(ptrace(PTRACE_INTERRUPT, self->r.child, NULL, NULL), 0);
	ASSERT_EQ(waitpid(self->r.child, NULL, __WALL), self->r.child);
	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, self->r.child,
		      self->r.area + self->r.page - sizeof(word) / 2, NULL);
	ASSERT_EQ(errno, 0);
	ASSERT_TRUE(is_pattern((char *)&word,
			       self->r.page - sizeof(word) / 2, sizeof(word)));
}

static int unmap_second(struct remote *r)
{
	return munmap(r->area + r->page, r->page);
}

/* Into a hole: the bytes before it are read. */
TEST_F(remote_read, hole)
{
	start(_metadata, &self->r, unmap_second);
	ASSERT_EQ(read_mem(&self->r, self->r.page - 100, 200), 100);
	ASSERT_TRUE(is_pattern(self->r.buf, self->r.page - 100, 100));
	ASSERT_EQ(read_readv(self->r.child, self->r.area + self->r.page - 100,
			     self->r.buf, 200), 100);
	ASSERT_TRUE(is_pattern(self->r.buf, self->r.page - 100, 100));
	ASSERT_EQ(read_mem(&self->r, self->r.page, 8), -1);
	ASSERT_EQ(errno, EIO);
	ASSERT_EQ(read_readv(self->r.child, self->r.area + self->r.page, self->r.buf,
			     8), -1);
	ASSERT_EQ(errno, EFAULT);
}

/* The bytes around the start of the last page, which is not present. */
static bool is_half_zeros(struct remote *r)
{
	static const char zeros[100];

	return is_pattern(r->buf, (NR_PAGES - 1) * r->page - 100, 100) &&
	       !memcmp(r->buf + 100, zeros, 100);
}

TEST_F(remote_read, not_present)
{
	size_t last = (NR_PAGES - 1) * self->r.page;

	start(_metadata, &self->r, NULL);
	ASSERT_EQ(read_mem(&self->r, last - 100, 200), 200);
	ASSERT_TRUE(is_half_zeros(&self->r));
}

TEST_F(remote_read, readv_not_present)
{
	size_t last = (NR_PAGES - 1) * self->r.page;

	start(_metadata, &self->r, NULL);
	ASSERT_EQ(read_readv(self->r.child, self->r.area + last - 100,
			     self->r.buf, 200), 200);
	ASSERT_TRUE(is_half_zeros(&self->r));
}

static int forbid_second(struct remote *r)
{
	return mprotect(r->area + r->page, r->page, PROT_NONE);
}

/* Memory that the process itself may not read. */
TEST_F(remote_read, not_readable)
{
	start(_metadata, &self->r, forbid_second);
	ASSERT_EQ(read_readv(self->r.child, self->r.area + self->r.page, self->r.buf,
			     8), -1);
	ASSERT_EQ(errno, EFAULT);
	ASSERT_EQ(read_readv(self->r.child, self->r.area + self->r.page - 100,
			     self->r.buf, 200), 100);
	ASSERT_TRUE(is_pattern(self->r.buf, self->r.page - 100, 100));
}

static int point_environ_at_file(struct remote *r)
{
	int fd = memfd_create("remote_read", 0);
	unsigned long addr;
	char *p;

	if (fd < 0 || ftruncate(fd, r->page))
		return -1;
	p = mmap(NULL, r->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	memset(p, 1, r->page);
	addr = (unsigned long)p;
	/* Without the privilege, the test is skipped. */
	if (prctl(PR_SET_MM, PR_SET_MM_ENV_START, addr, 0, 0) ||
	    prctl(PR_SET_MM, PR_SET_MM_ENV_END, addr + r->page, 0, 0))
		r->area[0] = 0;
	return 0;
}

/* environ reads anonymous memory only. */
TEST_F(remote_read, environ_of_file)
{
	char path[64];
	int fd;

	start(_metadata, &self->r, point_environ_at_file);
	ASSERT_EQ(read_mem(&self->r, 0, 1), 1);
	if (!self->r.buf[0])
		SKIP(return, "PR_SET_MM is not there or not permitted");
	snprintf(path, sizeof(path), "/proc/%d/environ", self->r.child);
	fd = open(path, O_RDONLY);
	ASSERT_GE(fd, 0);
	ASSERT_LE(read(fd, self->r.buf, self->r.page), 0);
	close(fd);
}

/* A process that reads its own memory. */
TEST_F(remote_read, self_overlapping)
{
	for (size_t i = 0; i < 2 * self->r.page; i++)
		self->r.area[i] = pattern(i);
	ASSERT_EQ(read_readv(getpid(), self->r.area,
			     self->r.area + 4 * self->r.page, 2 * self->r.page),
		  2 * self->r.page);
	ASSERT_TRUE(is_pattern(self->r.area + 4 * self->r.page, 0,
			       2 * self->r.page));
}

TEST_HARNESS_MAIN
