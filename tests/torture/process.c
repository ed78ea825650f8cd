// SPDX-License-Identifier: GPL-2.0
/* Processes that fork, execute a program, exit, or are OOM-killed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmapeek.h"
#include "plays.h"

#define REGION		((char *)REGION_AT)
#define CGROUP		"/sys/fs/cgroup/torture"

void step_nothing(struct scene *s)
{
	(void)s;
	usleep(1000);
}

/* Both processes write: each page is shared, then copied. */
void step_fork(struct scene *s)
{
	if (in_child()) {
		memset(REGION, 0, s->size / 2);
		_exit(0);
	}
	for (unsigned long i = 0; i < s->size; i += 3 * PAGE) {
		volatile uint64_t *word = (volatile uint64_t *)(REGION + i);

		*word = *word;
	}
	scene_must(s, wait(NULL) > 0, "wait for a child");
}

/* Long enough for readers to start, short enough for many processes. */
static void live(struct scene *s)
{
	atomic_fetch_add(&s->steps, 1);
	usleep(20000 + scene_random(s, 30000));
}

/* The executed program returns here, in a new address space. */
void run_exec(struct scene *s, const struct play *p)
{
	char *argv[] = { (char *)"torture", (char *)"--again",
			 (char *)p->name, NULL };

	if (atomic_load(&s->incarnation) == atomic_load(&s->ready))
		incarnation_begin(s);
	p->setup(s);
	incarnation_ready(s);
	live(s);
	if (scene_ends(s))
		_exit(0);
	/* Until it is ready, cmdline and environ show other memory. */
	incarnation_begin(s);
	execv("/proc/self/exe", argv);
	scene_broken(s, "exec");
}

void run_exit(struct scene *s, const struct play *p)
{
	pid_t pid;

	while (!scene_ends(s)) {
		pid = fork();
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			incarnation_begin(s);
			p->setup(s);
			incarnation_ready(s);
			live(s);
			if (scene_random(s, 2))
				raise(SIGKILL);
			_exit(0);
		}
		scene_must(s, pid > 0 && waitpid(pid, NULL, 0) == pid,
			   "a target");
		if (s->lacks[0] || s->broken[0])
			break;
	}
	_exit(0);
}

static void cgroup_make(struct scene *s)
{
	mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	if (access("/sys/fs/cgroup/cgroup.subtree_control", F_OK))
		scene_lacks(s, "control groups");
	write_line("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		scene_broken(s, CGROUP);
	write_line(CGROUP "/memory.max", "16M");
	if (!access(CGROUP "/memory.swap.max", F_OK))
		write_line(CGROUP "/memory.swap.max", "0");
}

/*
 * Starts a reader whose buffer a userfaultfd never fills. It waits for ever,
 * and keeps the target's address space after the target has exited.
 */
static pid_t hold_memory(struct scene *s, pid_t target)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct iovec local, remote;
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	local.iov_base = scene_map(s, 0, PAGE, MAP_PRIVATE, -1);
	local.iov_len = PAGE;
	remote = (struct iovec){ REGION, PAGE };
	fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = (unsigned long)local.iov_base;
	reg.range.len = PAGE;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &reg))
		_exit(1);
	process_vm_readv(target, &local, 1, &remote, 1, 0);
	_exit(0);
}

static void eat_memory(struct scene *s)
{
	for (;;) {
		char *p = scene_map(s, 0, MIB, MAP_PRIVATE, -1);

		memset(p, 1, MIB);
	}
}

/* The target's memory survives until the OOM reaper runs, seconds later. */
void run_oom(struct scene *s, const struct play *p)
{
	pid_t pid, holder;

	cgroup_make(s);
	while (!scene_ends(s)) {
		unsigned int before = atomic_load(&s->ready);

		pid = fork();
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			write_line(CGROUP "/cgroup.procs", "0");
			incarnation_begin(s);
			p->setup(s);
			incarnation_ready(s);
			usleep(300000);
			eat_memory(s);
		}
		while (atomic_load(&s->ready) == before && !s->broken[0])
			usleep(1000);
		holder = hold_memory(s, pid);
		scene_must(s, waitpid(pid, NULL, 0) == pid, "a target");
		for (int i = 0; i < 300 && !scene_ends(s); i++)
			usleep(10000);
		kill(holder, SIGKILL);
		waitpid(holder, NULL, 0);
		atomic_fetch_add(&s->steps, 1);
	}
	_exit(0);
}
