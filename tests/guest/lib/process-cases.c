// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process-cases.h"

#define KTHREADD	2

void read_into(struct outcome *o, const struct read_case *c, pid_t pid,
	       unsigned long addr)
{
	struct counters start = counters_read();

	o->ret = remote_read(c->how, pid, addr, o->bytes, c->len);
	o->events = counters_since(&start);
}

void become_nobody(void)
{
	if (setgid(NOBODY) || setuid(NOBODY) ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
		_exit(111);
}

pid_t make_zombie(void)
{
	siginfo_t info;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(0);
	waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
	return pid;
}

void run_zombie(const struct read_case *c, struct outcome *o)
{
	pid_t pid = make_zombie();

	read_into(o, c, pid, c->offset);
	waitpid(pid, NULL, 0);
}

void run_gone(const struct read_case *c, struct outcome *o)
{
	pid_t pid = make_zombie();

	waitpid(pid, NULL, 0);
	read_into(o, c, pid, c->offset);
}

void run_kthread(const struct read_case *c, struct outcome *o)
{
	read_into(o, c, KTHREADD, c->offset);
}

static FILE *start32(const char *args, pid_t *pid)
{
	char line[256];
	int out[2];

	snprintf(line, sizeof(line), "exec " HELPER32 " %s", args);
	if (pipe(out))
		die("pipe: %s", strerror(errno));
	fflush(stdout);
	*pid = fork();
	if (!*pid) {
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execl("/bin/sh", "sh", "-c", line, NULL);
		_exit(127);
	}
	close(out[1]);
	return fdopen(out[0], "r");
}

void read32(struct outcome *o, const char *args)
{
	struct counters start = counters_read();
	pid_t reader;
	FILE *out = start32(args, &reader);
	int status;

	o->ret = fread(o->bytes, 1, MAX_READ, out);
	o->events = counters_since(&start);
	fclose(out);
	waitpid(reader, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		o->ret = -WEXITSTATUS(status);
}

void run_target32(const struct read_case *c, struct outcome *o)
{
	unsigned long addr = 0;
	pid_t pid;
	FILE *out = start32("target", &pid);

	if (fscanf(out, "%lx", &addr) != 1)
		outcome_lacks(o, "32-bit programs");
	else
		read_into(o, c, pid, c->how == CMDLINE ? 0 : addr);
	errno = 0;
	if (o->ret > 0 && c->how != CMDLINE &&
	    memcmp(o->bytes, TEXT32, o->ret))
		outcome_broken(o, "not its text");
	fclose(out);
	target_stop(pid);
}
