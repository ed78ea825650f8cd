// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target.h"
#include "uapi.h"
#include "util.h"

#define TAG_MODULE	"/sys/module/tag_addresses/parameters/mine"

struct target *target_alloc(void)
{
	return shared_alloc(sizeof(struct target));
}

static struct target *asked;

static void fork_once(int signal)
{
	pid_t child = fork();

	(void)signal;
	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	asked->size++;
}

void target_fork_when_asked(struct target *t)
{
	asked = t;
	signal(SIGUSR1, fork_once);
}

void target_fork(struct target *t, pid_t pid)
{
	unsigned long before = *(volatile unsigned long *)&t->size;

	limit_set(30, "fork(), as a lock of a VMA was left behind");
	kill(pid, SIGUSR1);
	while (*(volatile unsigned long *)&t->size == before)
		sched_yield();
	limit_end();
}

pid_t target_start(prepare_fn prepare, struct target *t)
{
	int ready[2];
	char byte;
	pid_t pid;

	memset(t, 0, sizeof(*t));
	if (pipe(ready))
		die("pipe: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		prepare(t);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1 && !t->lacks[0] && !t->broken[0])
		strcpy(t->broken, "the target died while it was prepared");
	close(ready[0]);
	return pid;
}

void target_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
}

void lacks(struct target *t, const char *what)
{
	snprintf(t->lacks, sizeof(t->lacks), "%s", what);
	_exit(0);
}

void broken(struct target *t, const char *what)
{
	snprintf(t->broken, sizeof(t->broken), "%s: %s", what,
		 strerror(errno));
	_exit(1);
}

void *map_at(struct target *t, unsigned long addr, size_t size, int prot,
	     int flags, int fd)
{
	void *p;

	if (addr)
		flags |= MAP_FIXED_NOREPLACE;
	p = mmap((void *)addr, size, prot, flags, fd, 0);
	if (p == MAP_FAILED)
		broken(t, "mmap");
	return p;
}

/* With holes on both sides, so that the mapping does not merge with others. */
void *map(struct target *t, size_t size)
{
	char *p = map_at(t, 0, size + 2 * MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);

	munmap(p, MIB);
	munmap(p + MIB + size, MIB);
	return p + MIB;
}

void *map_huge_aligned(struct target *t, size_t size)
{
	char *p = map_at(t, 0, size + 2 * HUGE_PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *start = (char *)(((unsigned long)p + HUGE_PAGE) &
			       ~(HUGE_PAGE - 1));

	munmap(p, start - p);
	munmap(start + size, p + 2 * HUGE_PAGE - start);
	return start;
}

/* Without LAM in the CPU, only the module works: the system call sets CR3. */
bool tags_enable(void)
{
	if (!access(TAG_MODULE, F_OK)) {
		write_line(TAG_MODULE, "1");
		return true;
	}
#ifdef SYS_arch_prctl
	return !syscall(SYS_arch_prctl, ARCH_ENABLE_TAGGED_ADDR, 6);
#else
	return false;
#endif
}

void tag_address(struct target *t)
{
	if (!tags_enable())
		lacks(t, "tagged addresses (LAM)");
	t->addr |= 1UL << 57;
}

bool show_memory(bool environ, unsigned long start, unsigned long end)
{
	int set_start = environ ? PR_SET_MM_ENV_START : PR_SET_MM_ARG_START;
	int set_end = environ ? PR_SET_MM_ENV_END : PR_SET_MM_ARG_END;

	return !prctl(PR_SET_MM, set_start, start, 0, 0) &&
	       !prctl(PR_SET_MM, set_end, end, 0, 0);
}

unsigned char pattern(unsigned long offset)
{
	return (offset * 7 + offset / PAGE * 13) % 251 + 1;
}

void pattern_fill(void *start, size_t size)
{
	unsigned char *p = start;

	for (size_t i = 0; i < size; i++)
		p[i] = pattern(i);
}

int target_collapse(pid_t pid, unsigned long addr, size_t size)
{
	struct iovec range = { (void *)addr, size };
	int fd = syscall(SYS_pidfd_open, pid, 0);
	ssize_t n = syscall(SYS_process_madvise, fd, &range, 1L, MADV_COLLAPSE,
			    0L);

	close(fd);
	return n == (ssize_t)size ? 0 : -errno;
}

long smaps_kb(pid_t pid, unsigned long addr, const char *field)
{
	char path[64], line[512];
	unsigned long start, end;
	bool inside = false;
	long kb = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	file = fopen(path, "r");
	if (!file)
		return -1;
	while (kb < 0 && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start <= addr && addr < end;
		else if (inside && !strncmp(line, field, strlen(field)) &&
			 line[strlen(field)] == ':')
			kb = strtol(line + strlen(field) + 1, NULL, 10);
	}
	fclose(file);
	return kb;
}

/* Shorter than the title, which therefore extends past the arguments. */
#define ARGUMENT	"argument"

pid_t title_start(size_t environ_size)
{
	char *argv[] = { (char *)"t", (char *)ARGUMENT, NULL, NULL };
	char *filler = calloc(1, environ_size + 32);
	char *envp[] = { filler, NULL }, fd[16], byte;
	int ready[2];
	pid_t pid;

	if (!filler || pipe(ready))
		die("title_start: %s", strerror(errno));
	strcpy(filler, "FILLER_OF_THE_ENVIRONMENT=");
	memset(filler + strlen(filler), 'x', environ_size);
	snprintf(fd, sizeof(fd), "%d", ready[1]);
	argv[2] = fd;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execve("/proc/self/exe", argv, envp);
		_exit(127);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		die("the process with a title did not start");
	close(ready[0]);
	free(filler);
	return pid;
}

void title_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void title_main(int argc, char **argv)
{
	int fd;

	if (argc != 3 || strcmp(argv[1], ARGUMENT))
		return;
	fd = atoi(argv[2]);
	strcpy(argv[0], TITLE);
	if (write(fd, "r", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}
