// SPDX-License-Identifier: GPL-2.0
/*
 * What the test in the guest needs besides the command:
 *
 *	remote target		a process to read from; prints an address with
 *				a page that is resident, one that is not, and
 *				one where nothing is mapped
 *	remote read PID ADDR	process_vm_readv() of 8 bytes, or of nothing
 *	remote as UID COMMAND..	runs it as that user
 */
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE	4096UL

static void be_target(void)
{
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || madvise(p, 2 * PAGE, MADV_NOHUGEPAGE) ||
	    munmap(p + 2 * PAGE, PAGE))
		err(1, "target");
	memset(p, 1, PAGE);
	printf("%lu\n", (unsigned long)p);
	fflush(stdout);
	for (;;)
		pause();
}

static int read_once(pid_t pid, unsigned long addr)
{
	char buf[8];
	struct iovec local = { buf, sizeof(buf) };
	struct iovec remote = { (void *)addr, sizeof(buf) };

	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != sizeof(buf) &&
	    errno != EFAULT)
		err(1, "process_vm_readv");
	return 0;
}

static int run_as(unsigned int id, char **argv)
{
	if (setgroups(0, NULL) || setgid(id) || setuid(id))
		err(1, "cannot become user %u", id);
	execvp(argv[0], argv);
	err(127, "%s", argv[0]);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "target"))
		be_target();
	if (argc == 4 && !strcmp(argv[1], "read"))
		return read_once(atoi(argv[2]), strtoul(argv[3], NULL, 10));
	if (argc > 3 && !strcmp(argv[1], "as"))
		return run_as(atoi(argv[2]), argv + 3);
	errx(2, "usage: see its source");
}
