// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("not ok - ", stdout);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
	_exit(2);
}

void *shared_alloc(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("no memory");
	return p;
}

void use_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("there is no CPU %d for this", cpu);
}

pid_t keep_cpu_busy(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		;
}

void start_thread(void *(*function)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, NULL))
		die("no thread");
}

bool small_pages_only(void *at, size_t size)
{
	return !madvise(at, size, MADV_NOHUGEPAGE) || access(THP, F_OK);
}

bool read_line(const char *path, char *buf, size_t size)
{
	FILE *file = fopen(path, "r");
	bool ok;

	if (!file)
		return false;
	ok = fgets(buf, size, file);
	fclose(file);
	if (ok)
		buf[strcspn(buf, "\n")] = '\0';
	return ok;
}

void write_line(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("cannot write \"%s\" to %s: %s", text, path,
		    strerror(errno));
	close(fd);
}

/* Seconds after the limit until the kernel kills the process. */
#define LIMIT_GRACE	10

static const char *volatile limit_case = "the preparation";

/* System calls only, because printf() may have been interrupted. */
static void limit_say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(2);
}

static void limit_reached(int signal_nr)
{
	(void)signal_nr;
	limit_say("\nnot ok - took too long: ");
	limit_say(limit_case);
	limit_say("\n");
	_exit(2);
}

/* A task that sleeps killably in the kernel does not run the handler. */
static void limit_kill(unsigned int seconds)
{
	static timer_t timer;
	static pid_t owner;
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL,
	};
	struct itimerspec at = { .it_value.tv_sec = seconds };

	/* A child does not inherit the timer. */
	if (owner != getpid() && timer_create(CLOCK_MONOTONIC, &event, &timer))
		die("no timer: %s", strerror(errno));
	owner = getpid();
	timer_settime(timer, 0, &at, NULL);
}

/* @name: the test that must end within @seconds; must stay valid. */
void limit_set(unsigned int seconds, const char *name)
{
	limit_case = name;
	signal(SIGALRM, limit_reached);
	alarm(seconds);
	limit_kill(seconds + LIMIT_GRACE);
}

void limit_end(void)
{
	alarm(0);
	limit_kill(0);
}
