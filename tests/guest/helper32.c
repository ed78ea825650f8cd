// SPDX-License-Identifier: GPL-2.0
/*
 * The 32-bit side of semantics-process:
 *
 *	helper32 target			print where a known text lies, then stay
 *	helper32 read FILE ADDR LEN	read LEN bytes there, as they are to stdout
 *	helper32 peek PID ADDR		PTRACE_PEEKDATA, to stdout
 *
 * Exits with 0, or with errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[] = "text of a 32-bit process";

static void target(void)
{
	printf("%lx\n", (unsigned long)text);
	fflush(stdout);
	for (;;)
		pause();
}

static int read_file(char **argv)
{
	unsigned long long addr = strtoull(argv[3], NULL, 16);
	size_t len = strtoul(argv[4], NULL, 10);
	char *buf = malloc(len);
	int fd = open(argv[2], O_RDONLY);
	ssize_t n;

	if (fd < 0 || !buf)
		return errno;
	n = pread64(fd, buf, len, addr);
	if (n < 0)
		return errno;
	return write(1, buf, n) == n ? 0 : EIO;
}

static int peek(char **argv)
{
	pid_t pid = atoi(argv[2]);
	unsigned long addr = strtoul(argv[3], NULL, 16), word;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) ||
	    waitpid(pid, NULL, __WALL) != pid ||
	    syscall(SYS_ptrace, PTRACE_PEEKDATA, pid, addr, &word))
		return errno;
	return write(1, &word, sizeof(word)) == sizeof(word) ? 0 : EIO;
}

int main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, 9);
	if (argc == 2 && !strcmp(argv[1], "target"))
		target();
	if (argc == 5 && !strcmp(argv[1], "read"))
		return read_file(argv);
	if (argc == 4 && !strcmp(argv[1], "peek"))
		return peek(argv);
	return EINVAL;
}
