// SPDX-License-Identifier: GPL-2.0
/*
 * The 32-bit side of semantics-process and semantics-readv-process:
 *
 *	helper32 target			print where a known text is, then stay
 *	helper32 read FILE ADDR LEN	read LEN bytes there, to stdout
 *	helper32 peek PID ADDR		PTRACE_PEEKDATA, to stdout
 *	helper32 readv PID ADDR LEN ...	process_vm_readv() of these segments
 *					into many, to stdout
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
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOCAL_SIZE	(1 << 20)
#define LOCAL_STEP	5000	/* neither step divides the other or a page */
#define MAX_REMOTE	8

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

static int readv_many(int count, char **argv)
{
	static char buf[LOCAL_SIZE];
	struct iovec local[LOCAL_SIZE / LOCAL_STEP], remote[MAX_REMOTE];
	ssize_t n;

	for (int i = 0; i < LOCAL_SIZE / LOCAL_STEP; i++) {
		local[i].iov_base = buf + i * LOCAL_STEP;
		local[i].iov_len = LOCAL_STEP;
	}
	for (int i = 0; i < count; i++) {
		remote[i].iov_base = (void *)strtoul(argv[2 * i + 1], NULL,
						     16);
		remote[i].iov_len = strtoul(argv[2 * i + 2], NULL, 10);
	}
	n = process_vm_readv(atoi(argv[0]), local, LOCAL_SIZE / LOCAL_STEP,
			     remote, count, 0);
	if (n < 0)
		return errno;
	return write(1, buf, n) == n ? 0 : EIO;
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
	if (argc >= 5 && argc % 2 && argc <= 3 + 2 * MAX_REMOTE &&
	    !strcmp(argv[1], "readv"))
		return readv_many((argc - 3) / 2, argv + 2);
	return ENOSYS;
}
