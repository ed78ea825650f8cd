// SPDX-License-Identifier: GPL-2.0
/*
 * The process that all looks read:
 *
 *	looktarget --marker=.. FILE COLD_FILE
 *
 * Prints the addresses of memory that is resident, swapped out, untouched, and
 * of a file without page-table entries; each has PAGES pages, one for each
 * look. FILE is on a file system that can be frozen. Then it reads commands
 * from stdin, one letter each:
 *
 *	w	a thread writes to the mapping of FILE, and may sleep there
 *	m	another changes the mapping of FILE, and changes it back
 *	x	the vfork() child of a third thread calls exec()
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

#define PAGE		4096UL
#define PAGES		32
#define FILE_PAGES	16
#define HEAP		(256 * 1024)

static int wanted[256];
static char *file_memory;

static void wait_for(int letter)
{
	while (!__atomic_load_n(&wanted[letter], __ATOMIC_ACQUIRE))
		usleep(10000);
	__atomic_store_n(&wanted[letter], 0, __ATOMIC_RELEASE);
}

/* A thread that stays runnable, whatever the others wait for. */
static void *run(void *arg)
{
	wait_for('r');
	return arg;
}

static void *write_file(void *arg)
{
	for (;;) {
		wait_for('w');
		*file_memory = 1;
	}
	return arg;
}

static void *change_mapping(void *arg)
{
	char *page = file_memory + FILE_PAGES / 2 * PAGE;

	for (;;) {
		wait_for('m');
		mprotect(page, PAGE, PROT_READ);
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	}
	return arg;
}

static void *call_exec(void *arg)
{
	for (;;) {
		pid_t pid;

		wait_for('x');
		pid = vfork();
		if (!pid) {
			execl("/bin/true", "true", NULL);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	}
	return arg;
}

/* A mapping with gaps on both sides, so that it does not merge. */
static char *map(const char *path, int protection, int flags, size_t pages)
{
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	char *p = mmap(NULL, (pages + 2) * PAGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED || (path && fd < 0) ||
	    mmap(p + PAGE, pages * PAGE, protection, flags | MAP_FIXED, fd,
		 0) == MAP_FAILED)
		die("cannot map %s: %s", path ?: "memory", strerror(errno));
	if (path)
		close(fd);
	return p + PAGE;
}

static char *map_memory(void)
{
	return map(NULL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		   PAGES);
}

/* Fills each page with the same bytes. */
static void fill(char *p, size_t pages)
{
	for (size_t i = 0; i < pages * PAGE; i++)
		p[i] = 'a' + i % PAGE % 23;
}

int main(int argc, char **argv)
{
	char *resident, *swapped, *untouched, *cold, *heap, letter;

	if (argc != 4)
		die("usage: looktarget --marker=.. FILE COLD_FILE");
	file_memory = map(argv[2], PROT_READ | PROT_WRITE, MAP_SHARED,
			  FILE_PAGES);
	(void)*(volatile char *)file_memory;
	cold = map(argv[3], PROT_READ, MAP_PRIVATE, PAGES);
	if (madvise(cold, PAGES * PAGE, MADV_RANDOM))
		die("madvise: %s", strerror(errno));
	resident = map_memory();
	fill(resident, PAGES);
	swapped = map_memory();
	fill(swapped, PAGES);
	untouched = map_memory();
	heap = sbrk(HEAP);
	fill(heap, HEAP / PAGE);
	start_thread(run);
	start_thread(write_file);
	start_thread(change_mapping);
	start_thread(call_exec);
	if (madvise(swapped, PAGES * PAGE, MADV_PAGEOUT))
		die("madvise: %s", strerror(errno));
	printf("R=%lu S=%lu U=%lu F=%lu\n", (unsigned long)resident,
	       (unsigned long)swapped, (unsigned long)untouched,
	       (unsigned long)cold);
	fflush(stdout);

	while (read(0, &letter, 1) == 1)
		__atomic_store_n(&wanted[(unsigned char)letter], 1,
				 __ATOMIC_RELEASE);
	return 0;
}
