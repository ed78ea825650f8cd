// SPDX-License-Identifier: GPL-2.0
/* The reader of a cell: makes one read, and stores the result in the scene. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interference.h"

/*
 * The number of bytes loaded before the first store: the processor loads them,
 * then faults, and does not load them again. It depends on the kernel's copy
 * routine, so these bytes are not compared.
 */
#define LOADED		64

static char *const local = (char *)LOCAL_AT;

static void map_local(char *at, size_t size, int flags)
{
	if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE |
		 MAP_ANONYMOUS | flags, -1, 0) != at)
		_exit(2);
}

/* Also pages that the cell does not read, to detect writes there. */
static void make_local(const struct place *place)
{
	char *pages = local + place->lead * PAGE;
	char *missing = pages + STOP_PAGE * PAGE;

	if (place->lead)
		map_local(local, place->lead * PAGE, MAP_POPULATE);
	map_local(pages, NR_PAGES * PAGE, 0);
	for (int i = 0; i < NR_PAGES; i++)
		if (place->in_target || i != STOP_PAGE)
			memset(pages + i * PAGE, UNREAD, PAGE);
	if (place->in_target)
		return;
	scene->uffd = uffd_open(missing, PAGE);
	if (scene->uffd < 0)
		_exit(2);
}

static int open_file(pid_t target, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", target, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int open_mem(pid_t target)
{
	return open_file(target, "mem");
}

static int open_environ(pid_t target)
{
	return open_file(target, "environ");
}

static long result(ssize_t n)
{
	return n < 0 ? -errno : n;
}

static long read_vectors(int fd, pid_t target, char *to, char *from)
{
	const struct place *place = scene->cell->place;
	size_t size = (place->lead + NR_PAGES) * PAGE;
	size_t second = place->second * PAGE;
	struct iovec own = { to, size };
	struct iovec remote[2] = {
		{ from, size - second }, { from + size - second, second },
	};

	(void)fd;
	return readv_raw(target, &own, 1, remote, second ? 2 : 1, 0);
}

static long read_mem(int fd, pid_t target, char *to, char *from)
{
	(void)target;
	return result(pread(fd, to, NR_PAGES * PAGE, (unsigned long)from));
}

/* The kernel reads PAGE bytes at a time, here across two pages. */
static long read_mem_across(int fd, pid_t target, char *to, char *from)
{
	(void)target;
	return result(pread(fd, to + PAGE / 2, (NR_PAGES - 1) * PAGE,
			    (unsigned long)from + PAGE / 2));
}

static long read_environ(int fd, pid_t target, char *to, char *from)
{
	(void)target;
	(void)from;
	return result(pread(fd, to, NR_PAGES * PAGE, 0));
}

/* Stops the main thread only, because another thread does the deed. */
static int attach(pid_t target)
{
	if (ptrace(PTRACE_SEIZE, target, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, target, NULL, NULL) ||
	    waitpid(target, NULL, __WALL) != target)
		return -1;
	return 0;
}

/* Half of the word is in the first page, the other half in the second. */
static long read_word(int fd, pid_t target, char *to, char *from)
{
	long at = PAGE - sizeof(long) / 2, word, ret;

	(void)fd;
	/* The library's function interprets some results. */
	ret = result(syscall(SYS_ptrace, PTRACE_PEEKDATA, target, from + at,
			     &word));
	if (!ret)
		memcpy(to + at, &word, sizeof(word));
	return ret;
}

const struct method methods[] = {
	{ "readv", .read = read_vectors },
	{ "mem", .locked = true, .open = open_mem, .read = read_mem },
	{ "mem-across", .locked = true, .open = open_mem,
	  .read = read_mem_across },
	{ "peek", .locked = true, .traced = true, .open = attach,
	  .read = read_word },
	{ "environ", .locked = true, .anon_only = true, .is_title = true,
	  .open = open_environ, .read = read_environ },
};

const size_t nr_methods = sizeof(methods) / sizeof(methods[0]);

static char letter(char byte)
{
	return byte ?: '0';
}

/* One letter for a uniform page; otherwise the offset of the change. */
static void look_at(char *text, size_t size, const char *page, size_t skip)
{
	size_t end = skip;

	while (end < PAGE && page[end] == page[skip])
		end++;
	if (end == PAGE)
		snprintf(text, size, "%c", letter(page[skip]));
	else
		snprintf(text, size, "%c, %c from %zu", letter(page[skip]),
			 letter(page[end]), end);
}

static void note_pages(const struct place *place)
{
	const char *pages = local + place->lead * PAGE;

	for (unsigned int i = 0; i < place->lead; i++)
		scene->lead_good += local[i * PAGE] == LEAD &&
				    local[(i + 1) * PAGE - 1] == LEAD;
	for (int i = 0; i < NR_PAGES; i++)
		look_at(scene->pages[i], sizeof(scene->pages[i]),
			pages + i * PAGE,
			!place->in_target && i == STOP_PAGE ? LOADED : 0);
}

static void read_once(pid_t target, int done)
{
	const struct method *how = scene->cell->method;
	const struct place *place = scene->cell->place;
	static struct rusage before, after;
	int fd;

	make_local(place);
	fd = how->open ? how->open(target) : 0;
	if (fd < 0 || write(done, "r", 1) != 1)
		_exit(2);
	/*
	 * Touch the code, the stack and these two, so that they do not fault
	 * later.
	 */
	how->read(-1, 0, local, (char *)PAGES_AT);
	getrusage(RUSAGE_THREAD, &after);
	getrusage(RUSAGE_THREAD, &before);
	scene->n = how->read(fd, target, local,
			     (char *)PAGES_AT - place->lead * PAGE);
	getrusage(RUSAGE_THREAD, &after);
	scene->minor = after.ru_minflt - before.ru_minflt;
	scene->major = after.ru_majflt - before.ru_majflt;
	note_pages(place);
}

pid_t reader_fork(pid_t target, int done[2])
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(done[0]);
	places_child();
	read_once(target, done[1]);
	_exit(0);
}
