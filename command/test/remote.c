// SPDX-License-Identifier: GPL-2.0
/*
 * What the test in the guest needs besides the command:
 *
 *	remote target		a process to read from; prints an address with
 *				a page that is resident, one that is not, and
 *				one where nothing is mapped
 *	remote read PID ADDR	process_vm_readv() of 8 bytes, or of nothing
 *	remote show PID ADDR	process_vm_readv() of 8 bytes, and prints them
 *	remote as UID COMMAND..	runs it as that user
 */
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdbool.h>
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

	if (p == MAP_FAILED || munmap(p + 2 * PAGE, PAGE))
		err(1, "target");
	memset(p, 1, PAGE);
	printf("%lu\n", (unsigned long)p);
	fflush(stdout);
	for (;;)
		pause();
}

static bool read_word(pid_t pid, unsigned long addr, uint64_t *word)
{
	struct iovec local = { word, sizeof(*word) };
	struct iovec remote = { (void *)addr, sizeof(*word) };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == sizeof(*word);
}

static int read_once(pid_t pid, unsigned long addr)
{
	uint64_t word;

	if (!read_word(pid, addr, &word) && errno != EFAULT)
		err(1, "process_vm_readv");
	return 0;
}

static int show(pid_t pid, unsigned long addr)
{
	uint64_t word;

	if (!read_word(pid, addr, &word))
		err(1, "process_vm_readv");
	printf("%016" PRIx64 "\n", word);
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
	if (argc == 4 && !strcmp(argv[1], "show"))
		return show(atoi(argv[2]), strtoul(argv[3], NULL, 10));
	if (argc > 3 && !strcmp(argv[1], "as"))
		return run_as(atoi(argv[2]), argv + 3);
	errx(2, "usage: see its source");
}
