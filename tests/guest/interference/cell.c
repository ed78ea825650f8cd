// SPDX-License-Identifier: GPL-2.0
/* One run of one cell: the steps of the processes, in order. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "interference.h"
#include "kinds-make.h"
#include "state.h"
#include "vmapeek.h"

/* No order depends on time; this only ends processes that hang. */
#define LIMIT_S		10

struct scene *scene;

static int go[2];		/* the target may begin its deed */
/* A byte: the deed is done; EOF: the target is gone. */
static int deed_done[2];
/* A byte: the reader is ready; EOF: it is gone. */
static int read_done[2];

char *deed_page(void)
{
	return (char *)PAGES_AT +
	       (STOP_PAGE + (int)scene->cell->where - AT) * PAGE;
}

char *deed_start(void)
{
	if (!scene->cell->memory->whole)
		return deed_page();
	return (char *)((unsigned long)deed_page() & ~(HUGE_PAGE - 1));
}

size_t deed_size(void)
{
	return scene->cell->memory->whole ? HUGE_PAGE : PAGE;
}

bool deed_page_is_missing(void)
{
	return scene->cell->place->in_target && scene->cell->where == AT;
}

void deed_child(void)
{
	close(deed_done[1]);
}

/* The pages before those of the cell: always the same, and resident. */
static void map_lead(struct target *t)
{
	size_t size = scene->cell->place->lead * PAGE;
	static int fd = -1;
	char *lead;

	if (!size)
		return;
	fd = memfd_create("lead", MFD_CLOEXEC);
	must(t, fd >= 0 && !ftruncate(fd, size), "memfd");
	lead = map_at(t, PAGES_AT - size, size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, fd);
	memset(lead, LEAD, size);
	/* Each page becomes a VMA of its own. */
	for (size_t i = PAGE; scene->cell->place->many_vmas && i < size;
	     i += 2 * PAGE)
		must(t, !mprotect(lead + i, PAGE, PROT_READ), "mprotect");
}

static void *do_deed(void *arg)
{
	char byte;

	(void)arg;
	if (read(go[0], &byte, 1) == 1) {
		scene->cell->deed->make(0);
		if (write(deed_done[1], "d", 1) != 1)
			_exit(1);
	}
	/*
	 * Keep the thread, because a child gets SIGKILL when its parent thread
	 * exits.
	 */
	for (;;)
		pause();
}

static void prepare(struct target *t)
{
	const struct cell *c = scene->cell;
	pthread_t thread;

	close(go[1]);
	close(deed_done[0]);
	close(read_done[0]);
	close(read_done[1]);
	map_lead(t);
	c->memory->make(t);
	if (c->place->prepare)
		c->place->prepare(t);
	if (c->deed->prepare)
		c->deed->prepare(t);
	if (c->method->is_title)
		must(t, show_memory(true, PAGES_AT, PAGES_AT + NR_PAGES * PAGE),
		     "PR_SET_MM");
	must(t, !pthread_create(&thread, NULL, do_deed, NULL), "thread");
}

static void open_pipes(void)
{
	if (pipe2(go, O_CLOEXEC) || pipe2(deed_done, O_CLOEXEC) ||
	    pipe2(read_done, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_pipes(void)
{
	for (int i = 0; i < 2; i++) {
		close_end(&go[i]);
		close_end(&deed_done[i]);
		close_end(&read_done[i]);
	}
}

static bool too_late(time_t start)
{
	return time(NULL) - start > LIMIT_S;
}

/* Is there a byte, or EOF? */
static bool is_ready(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static bool stop_reader(pid_t reader, struct report *r)
{
	const struct place *place = scene->cell->place;
	time_t start = time(NULL);

	while (!place->is_stopped(reader)) {
		if (is_ready(read_done[0], 0)) {
			report_line(r, "the reader does not stop");
			return true;
		}
		if (too_late(start))
			return false;
		sched_yield();
	}
	return true;
}

static bool do_it(pid_t target)
{
	const struct deed *deed = scene->cell->deed;

	if (deed->by_test)
		deed->make(target);
	else if (write(go[1], "g", 1) != 1)
		die("the target: %s", strerror(errno));
	if (deed->by_test && !deed->is_end)
		return true;
	return is_ready(deed_done[0], LIMIT_S * 1000);
}

static bool let_go(void)
{
	time_t start = time(NULL);

	do {
		scene->cell->place->serve();
		if (too_late(start))
			return false;
	} while (!is_ready(read_done[0], 2));
	return true;
}

static void observe(struct report *r, const char *when, pid_t target)
{
	if (!scene->cell->deed->is_end)
		report_memory(r, when, target);
}

static const char *play(pid_t target, pid_t *reader, struct report *r)
{
	char byte;

	state_clear_referenced(target);
	if (scene->cell->place->hold)
		scene->cell->place->hold(target);
	pins_start();
	*reader = reader_fork(target, read_done);
	close_end(&read_done[1]);
	if (*reader < 0 || read(read_done[0], &byte, 1) != 1)
		return "no reader";
	if (scene->cell->place->by_uffd)
		uffd_take(scene->cell->place->in_target ? target : *reader);
	if (!stop_reader(*reader, r))
		return "the reader neither stops nor ends";
	report_pins(r, "stopped");
	if (!do_it(target))
		return "the target waits for the reader";
	/* Dropping caches drains the CPUs' batches of pages. */
	write_line("/proc/sys/vm/drop_caches", "1");
	/* Reading smaps takes the mmap lock. */
	if (!scene->cell->place->by_lock)
		observe(r, "after the deed", target);
	if (!let_go())
		return "the reader does not end";
	observe(r, "at the end", target);
	report_pins(r, "at the end");
	report_steps(r);
	report_reader(r);
	return NULL;
}

void cell_run(const struct cell *cell, struct report *r)
{
	const char *hangs = NULL;
	pid_t target, reader = -1;

	memset(scene, 0, sizeof(*scene));
	scene->cell = cell;
	open_pipes();
	target = target_start(prepare, &scene->target);
	close_end(&deed_done[1]);
	strcpy(r->lacks, scene->target.lacks);
	strcpy(r->broken, scene->target.broken);
	if (!r->lacks[0] && !r->broken[0])
		hangs = play(target, &reader, r);
	/* Otherwise neither of them can exit. */
	if (hangs) {
		cell->place->serve();
		snprintf(r->broken, sizeof(r->broken), "%s", hangs);
	}
	if (reader > 0)
		target_stop(reader);
	target_stop(target);
	close_pipes();
}
