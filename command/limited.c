// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "limited.h"

/*
 * Seconds. A child that sleeps after the first limit, at some polls in a row,
 * waits for a lock. One that is runnable is only short of CPU time.
 */
#define LIMIT		0.2
#define LIMIT_RUNNABLE	10
#define POLL_MS		20
#define POLLS		5

/* After this many time-outs, give a sleeping child up at once. */
#define MANY_TIMEOUTS	10

/* Children that do not die. Each wait is killable, so there should be none. */
#define MAX_LOST	8

struct request {
	enum { ASK_READ, ASK_LINK, ASK_CLOCK } what;
	unsigned int cpu;
	char path[512];
};

struct reply {
	int error;
	char text[LIMITED_SIZE];
};

static struct {
	pid_t pid;		/* 0: none */
	int fd;
	unsigned int lost, timeouts;
} child;

/* One read of a /proc file may return only a few whole lines. */
static int read_all(const char *path, char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return errno;
	while (len < LIMITED_SIZE - 1) {
		n = read(fd, text + len, LIMITED_SIZE - 1 - len);
		if (n < 0)
			error = errno;
		if (n <= 0)
			break;
		len += n;
	}
	text[len] = '\0';
	close(fd);
	return error;
}

static int read_link(const char *path, char *text)
{
	ssize_t n = readlink(path, text, LIMITED_SIZE - 1);

	if (n < 0)
		return errno;
	text[n] = '\0';
	return 0;
}

/* Running there sets exec_start to the clock of that CPU. */
static int read_clock(unsigned int cpu, char *text)
{
	size_t size = CPU_ALLOC_SIZE(cpu + 1);
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	int error = 0;

	if (!set)
		return ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	if (sched_setaffinity(0, size, set))
		error = errno;
	CPU_FREE(set);
	if (error)
		return error;
	sched_yield();
	return read_all("/proc/self/sched", text);
}

static int answer(const struct request *request, char *text)
{
	switch (request->what) {
	case ASK_READ:
		return read_all(request->path, text);
	case ASK_LINK:
		return read_link(request->path, text);
	case ASK_CLOCK:
		return read_clock(request->cpu, text);
	}
	return EINVAL;
}

static void serve(int fd)
{
	static struct request request;
	static struct reply reply;
	size_t len;

	while (recv(fd, &request, sizeof(request), 0) ==
	       (ssize_t)sizeof(request)) {
		*reply.text = '\0';
		reply.error = answer(&request, reply.text);
		len = offsetof(struct reply, text) + strlen(reply.text) + 1;
		if (send(fd, &reply, len, 0) < 0)
			break;
	}
	_exit(0);
}

/* Nobody may wait for the end of our output because of a child that hangs. */
static void close_output(void)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
}

static bool start(void)
{
	pid_t parent = getpid();
	int pair[2];

	if (child.lost >= MAX_LOST)
		return false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		err(EXIT_FAILED, "cannot start a process");
	fflush(stdout);
	child.pid = fork();
	if (child.pid < 0)
		err(EXIT_FAILED, "cannot start a process");
	if (!child.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The parent may have ended before that. */
		if (getppid() != parent)
			_exit(1);
		close_output();
		close(pair[0]);
		serve(pair[1]);
	}
	close(pair[1]);
	child.fd = pair[0];
	return true;
}

void limited_end(void)
{
	double give_up = seconds_now() + 1;
	pid_t ended;

	if (!child.pid)
		return;
	close(child.fd);
	kill(child.pid, SIGKILL);
	while (!(ended = waitpid(child.pid, NULL, WNOHANG)) &&
	       seconds_now() < give_up)
		poll(NULL, 0, 1);
	if (!ended)
		child.lost++;
	child.pid = 0;
}

static bool is_asleep(pid_t pid)
{
	char path[64], line[128];
	bool found = false;
	FILE *file;

	/* Never in $VMAPEEK_ROOT: the child is real in tests, too. */
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, "State:\t", 7) && line[7] != 'R';
	fclose(file);
	return found;
}

static bool answers(void)
{
	double limit = child.timeouts < MANY_TIMEOUTS ? LIMIT : 0;
	double begin = seconds_now(), waited = 0;
	struct pollfd p = { .fd = child.fd, .events = POLLIN };
	int asleep = 0;

	while (asleep < POLLS && waited < LIMIT_RUNNABLE) {
		if (poll(&p, 1, POLL_MS) > 0)
			return true;
		waited = seconds_now() - begin;
		asleep = waited > limit && is_asleep(child.pid) ? asleep + 1 :
								  0;
	}
	child.timeouts++;
	return false;
}

static int ask(char *text, const struct request *request)
{
	static struct reply reply;
	ssize_t len;

	*text = '\0';
	if (!child.pid && !start())
		return ETIMEDOUT;
	if (send(child.fd, request, sizeof(*request), MSG_NOSIGNAL) < 0 ||
	    !answers()) {
		limited_end();
		return ETIMEDOUT;
	}
	len = recv(child.fd, &reply, sizeof(reply), 0);
	if (len <= (ssize_t)offsetof(struct reply, text)) {
		limited_end();
		return EIO;
	}
	strcpy(text, reply.text);
	return reply.error;
}

static void set_path(struct request *request, const char *format, va_list args)
{
	int len = snprintf(request->path, sizeof(request->path), "%s",
			   files_root());

	vsnprintf(request->path + len, sizeof(request->path) - len, format,
		  args);
}

int limited_read(char *text, const char *format, ...)
{
	struct request request = { .what = ASK_READ };
	va_list args;

	va_start(args, format);
	set_path(&request, format, args);
	va_end(args);
	return ask(text, &request);
}

int limited_link(char *text, const char *format, ...)
{
	struct request request = { .what = ASK_LINK };
	va_list args;

	va_start(args, format);
	set_path(&request, format, args);
	va_end(args);
	return ask(text, &request);
}

/* Milliseconds, of a line "se.exec_start : 1234.567890" */
double exec_start(const char *sched)
{
	const char *line = strstr(sched, "\nse.exec_start");
	double ms;

	if (!line || sscanf(line, " se.exec_start : %lf", &ms) != 1 || ms <= 0)
		return -1;
	return ms / 1000;
}

double limited_clock(unsigned int cpu)
{
	struct request request = { .what = ASK_CLOCK, .cpu = cpu };
	static char text[LIMITED_SIZE];

	return ask(text, &request) ? -1 : exec_start(text);
}
