// SPDX-License-Identifier: GPL-2.0
/*
 * Runs in the guest beside a test: moves the memory of all processes from the
 * first NUMA node to the second and back. Ends at SIGTERM, and prints how often
 * it moved all.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAUSE_US	20000

static unsigned long rounds, processes;

static void end(int sig)
{
	(void)sig;
	printf("# migrate: moved all memory %lu times, %.1f processes each time\n",
	       rounds, rounds ? (double)processes / rounds : 0.0);
	fflush(stdout);
	_exit(!processes);
}

/* A process may exit meanwhile, and kernel threads have no memory. */
static void move(pid_t pid, unsigned long from, unsigned long to)
{
	if (!syscall(SYS_migrate_pages, pid, 8 * sizeof(from), &from, &to))
		processes++;
	else if (errno == EPERM || errno == ENOSYS || errno == ENODEV)
		_exit(1);
}

static void move_all(unsigned long from, unsigned long to)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t pid;

	if (!proc)
		_exit(1);
	while ((entry = readdir(proc))) {
		pid = atoi(entry->d_name);
		if (pid > 1 && pid != getpid())
			move(pid, from, to);
	}
	closedir(proc);
}

int main(void)
{
	sigset_t term;

	/* The signal arrives only between two rounds. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	signal(SIGTERM, end);
	for (unsigned long from = 1;; from = 3 - from) {
		move_all(from, 3 - from);
		rounds++;
		sigprocmask(SIG_UNBLOCK, &term, NULL);
		usleep(PAUSE_US);
		sigprocmask(SIG_BLOCK, &term, NULL);
	}
}
