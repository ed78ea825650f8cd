// SPDX-License-Identifier: GPL-2.0
/* The reader of a cell: one read, and what it brought, into the scene. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "interference.h"

/*
 * How much of a page is copied before its first byte is written: the processor
 * loads that much, then faults, and does not load it again. That depends on
 * the copy routine of the kernel, and is not compared.
 */
#define LOADED		64

static char *const local = (char *)LOCAL_AT;

static void map_local(char *at, size_t size, int flags)
{
	if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE |
		 MAP_ANONYMOUS | flags, -1, 0) != at)
		_exit(2);
}

/* Also where the cell reads less: it must not write there. */
static void make_local(const struct place *place)
{
	char *pages = local + place->lead * PAGE;
	char *missing = pages + STOP_PAGE * PAGE;

	if (place->lead)
		map_local(local, place->lead * PAGE, MAP_POPULATE);
	map_local(pages, NR_PAGES * PAGE, 0);
	for (int i = 0; i < NR_PAGES; i++)
		if (place->in_target || i != STOP_PAGE)
			memset(pages + i * PAGE, POISON, PAGE);
	if (place->in_target)
		return;
	scene->uffd = uffd_open(missing, PAGE);
	if (scene->uffd < 0)
		_exit(2);
}

static long read_vectors(const struct place *place, pid_t target)
{
	size_t size = (place->lead + NR_PAGES) * PAGE;
	size_t second = place->second * PAGE;
	char *start = (char *)PAGES_AT - place->lead * PAGE;
	struct iovec to = { local, size };
	struct iovec from[2] = {
		{ start, size - second },
		{ start + size - second, second },
	};

	return readv_raw(target, &to, 1, from, second ? 2 : 1, 0);
}

static long read_file(int fd, unsigned long at, size_t size)
{
	long n = pread(fd, local, size, at);

	return n < 0 ? -errno : n;
}

/* One letter for a page that is the same throughout; else where it changes. */
static void look_at(char *text, size_t size, const char *page, size_t skip)
{
	size_t end = skip;

	while (end < PAGE && page[end] == page[skip])
		end++;
	if (end == PAGE)
		snprintf(text, size, "%c", page[skip]);
	else
		snprintf(text, size, "%c, %c from %zu", page[skip], page[end],
			 end);
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

static void read_once(pid_t target)
{
	const struct place *place = scene->cell->place;
	bool is_readv = !strcmp(scene->cell->interface, "readv");
	static struct rusage before, after;
	char path[64];
	int fd = -1;

	make_local(place);
	if (!is_readv) {
		snprintf(path, sizeof(path), "/proc/%d/%s", target,
			 scene->cell->interface);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			_exit(2);
	}
	scene->reader_ready = true;
	getrusage(RUSAGE_THREAD, &after);
	getrusage(RUSAGE_THREAD, &before);
	scene->n = is_readv ? read_vectors(place, target) :
		   read_file(fd, PAGES_AT, NR_PAGES * PAGE);
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
	read_once(target);
	_exit(0);
}
