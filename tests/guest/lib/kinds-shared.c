// SPDX-License-Identifier: GPL-2.0
/* Memory with other users: files, shared memory, memory shared by fork. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kinds-make.h"
#include "vmapeek.h"

void make_shared(struct target *t, char *at, size_t size)
{
	pattern_fill(map_at(t, (unsigned long)at, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1), size);
}

void make_shared_huge(struct target *t, char *at, size_t size)
{
	if (access(THP "shmem_enabled", W_OK))
		lacks(t, "huge pages of shared memory");
	write_line(THP "shmem_enabled", "always");
	make_shared(t, at, size);
	write_line(THP "shmem_enabled", "never");
	must_be_given(t, smaps_kb(getpid(), (unsigned long)at,
				  "ShmemPmdMapped") > 0,
		      "no huge page of shared memory");
}

static bool has_writeback(struct target *t)
{
	char line[64];
	long pages = -1, n;
	FILE *file;

	/* Counts of single CPUs are not in the sum until then. */
	write_line("/proc/sys/vm/stat_refresh", "1");
	file = fopen("/proc/vmstat", "r");
	must(t, file, "vmstat");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "nr_writeback %ld", &n) == 1)
			pages = n;
	fclose(file);
	must(t, pages >= 0, "nr_writeback");
	return pages > 0;
}

/*
 * pagemap does not show it for shared memory. If swap is a disk, the pages stay
 * in the swap cache, because a fault would take them from there and free their
 * slots. They are clean once they are written.
 */
void swap_out_shared(struct target *t, char *at, size_t size)
{
	for (int i = 0; i < 100 && is_resident(t, at, size); i++) {
		if (smaps_kb(getpid(), (unsigned long)at, "Swap") >=
		    (long)(size / KIB)) {
			while (has_writeback(t))
				usleep(1000);
			return;
		}
		/*
		 * Drain the batches of the CPUs, because reclaim does not find
		 * pages there.
		 */
		write_line("/proc/sys/vm/drop_caches", "1");
		must(t, !madvise(at, size, MADV_PAGEOUT), "MADV_PAGEOUT");
	}
	must_be_given(t, !is_resident(t, at, size), "not swapped out");
}

void make_shared_swapped(struct target *t, char *at, size_t size)
{
	make_shared(t, at, size);
	swap_out_shared(t, at, size);
}

void make_memfd(struct target *t, char *at, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	must(t, fd >= 0 && !ftruncate(fd, size), "memfd");
	pattern_fill(map_at(t, (unsigned long)at, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd), size);
	close(fd);
}

/* Maps a file of @filled bytes. */
static void map_file(struct target *t, char *at, size_t size, size_t filled,
		     int flags)
{
	char name[] = "/tmp/fileXXXXXX";
	unsigned char page[PAGE];
	int fd = mkstemp(name);

	must(t, fd >= 0 && !unlink(name), "file");
	for (size_t i = 0; i < filled; i += PAGE) {
		for (size_t j = 0; j < PAGE; j++)
			page[j] = pattern(i + j);
		must(t, write(fd, page, PAGE) == PAGE, "write to a file");
	}
	map_at(t, (unsigned long)at, size, PROT_READ | PROT_WRITE, flags, fd);
	close(fd);
}

void make_file_untouched(struct target *t, char *at, size_t size)
{
	map_file(t, at, size, size, MAP_PRIVATE);
}

void make_file_private(struct target *t, char *at, size_t size)
{
	map_file(t, at, size, size, MAP_PRIVATE);
	read_all(at, size);
}

void make_file_shared(struct target *t, char *at, size_t size)
{
	map_file(t, at, size, size, MAP_SHARED);
	read_all(at, size);
}

void make_file_copied(struct target *t, char *at, size_t size)
{
	map_file(t, at, size, size, MAP_PRIVATE);
	pattern_fill(at, size);
}

void make_file_ends(struct target *t, char *at, size_t size)
{
	size_t half = size / 2 & ~(PAGE - 1);

	map_file(t, at, size, half, MAP_PRIVATE);
	read_all(at, half);
}

static pid_t share_with_child(struct target *t)
{
	pid_t pid = fork();

	must(t, pid >= 0, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	t->child = pid;
	return pid;
}

#define MAKE_FORKED(_name, _make)					\
	void make_##_name(struct target *t, char *at, size_t size)	\
	{								\
		_make(t, at, size);					\
		share_with_child(t);					\
	}

MAKE_FORKED(forked, make_anon)
MAKE_FORKED(forked_huge, make_huge)
/*
 * Swapped out before the fork, because shared pages are not swapped out on
 * request.
 */
MAKE_FORKED(forked_swapped, make_swapped)
MAKE_FORKED(forked_file, make_file_copied)

void make_forked_copied(struct target *t, char *at, size_t size)
{
	make_anon(t, at, size);
	share_with_child(t);
	pattern_fill(at, size);
}

void make_forked_alone(struct target *t, char *at, size_t size)
{
	pid_t other = t->child, child;

	make_anon(t, at, size);
	child = share_with_child(t);
	kill(child, SIGKILL);
	must(t, waitpid(child, NULL, 0) == child, "wait for a child");
	t->child = other;
}
