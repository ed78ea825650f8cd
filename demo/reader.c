// SPDX-License-Identifier: GPL-2.0
/*
 * Time one read of another process, and check its result.
 *
 *	reader cmdline|environ PID EXPECTED
 *	reader mem|peek|readv PID EXPECTED ADDRESS	(8 bytes)
 *	reader run EXPECTED PROGRAM ARGS...	(EXPECTED is in its output)
 *	reader swapped PID ADDRESS	(only tests: status 0 if swapped out)
 *
 * Prints, separated by tabs: microseconds, "ok" or "wrong", the text read.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char seen[1 << 16];

static long long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

/* Read a file of /proc/PID; its open() is timed, too. */
static ssize_t look_file(const char *pid, const char *name, size_t len,
			 off_t offset)
{
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		err(2, "%s", path);
	got = pread(fd, seen, len, offset);
	if (got < 0)
		err(2, "reading %s", path);
	close(fd);
	return got;
}

static void peek_stop(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) ||
	    waitpid(pid, NULL, __WALL) != pid)
		err(2, "stopping process %d", pid);
}

static ssize_t look_peek(pid_t pid, unsigned long addr)
{
	/* This is the system call itself; the library's returns the word. */
	long word = ptrace(PTRACE_PEEKDATA, pid, (void *)addr, NULL);

	memcpy(seen, &word, sizeof(word));
	return sizeof(word);
}

static ssize_t look_readv(pid_t pid, unsigned long addr)
{
	struct iovec local = { seen, 8 }, remote = { (void *)addr, 8 };
	ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	if (got < 0)
		err(2, "process_vm_readv");
	return got;
}

static ssize_t look_run(char **argv)
{
	ssize_t got, len = 0;
	int fds[2], status;
	pid_t pid;

	if (pipe(fds))
		err(2, "pipe");
	pid = fork();
	if (pid < 0)
		err(2, "fork");
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	close(fds[1]);
	while ((got = read(fds[0], seen + len, sizeof(seen) - 1 - len)) > 0)
		len += got;
	if (waitpid(pid, &status, 0) != pid || status)
		errx(2, "%s failed", argv[0]);
	return len;
}

/* Bit 62 of the page's entry in pagemap. */
static int is_swapped(const char *pid, unsigned long addr)
{
	unsigned long long entry = 0;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || pread(fd, &entry, sizeof(entry), addr / 4096 * 8) !=
			      sizeof(entry))
		err(2, "%s", path);
	close(fd);
	return entry >> 62 & 1;
}

/* Replace the NULs between arguments by blanks. */
static void make_text(ssize_t len)
{
	while (len && !seen[len - 1])
		len--;
	seen[len] = '\0';
	for (ssize_t i = 0; i < len; i++)
		if (!seen[i])
			seen[i] = ' ';
}

/* Return the line of the program's output that contains @expected. */
static char *find_line(const char *expected)
{
	char *at = strstr(seen, expected), *start;

	if (!at)
		return NULL;
	for (start = at; start > seen && start[-1] != '\n'; start--)
		;
	start[strcspn(start, "\n")] = '\0';
	return start + strspn(start, " ");
}

int main(int argc, char **argv)
{
	const char *what = argv[1], *expected, *line = seen;
	unsigned long addr = 0;
	long long start, end;
	ssize_t len;
	int ok;

	if (argc < 4)
		errx(2, "usage: reader WHAT ...; see its source");
	if (!strcmp(what, "swapped"))
		return !is_swapped(argv[2], strtoul(argv[3], NULL, 16));
	expected = argv[3];
	if (argc > 4)
		addr = strtoul(argv[4], NULL, 16);
	if (!strcmp(what, "peek"))
		peek_stop(atoi(argv[2]));

	start = now_us();
	if (!strcmp(what, "run")) {
		expected = argv[2];
		len = look_run(argv + 3);
	} else if (!strcmp(what, "peek")) {
		len = look_peek(atoi(argv[2]), addr);
	} else if (!strcmp(what, "readv")) {
		len = look_readv(atoi(argv[2]), addr);
	} else if (!strcmp(what, "mem")) {
		len = look_file(argv[2], "mem", 8, addr);
	} else {
		len = look_file(argv[2], what, sizeof(seen) - 1, 0);
	}
	end = now_us();

	make_text(len);
	if (!strcmp(what, "run")) {
		line = find_line(expected);
		ok = !!line;
	} else {
		ok = !strcmp(seen, expected);
	}
	printf("%lld\t%s\t%s\n", end - start, ok ? "ok" : "wrong",
	       line && *line ? line : "nothing");
	return 0;
}
