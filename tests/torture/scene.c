// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scene.h"
#include "stamp.h"

void scene_lacks(struct scene *s, const char *what)
{
	snprintf(s->lacks, sizeof(s->lacks), "%s", what);
	_exit(0);
}

void scene_broken(struct scene *s, const char *what)
{
	snprintf(s->broken, sizeof(s->broken), "%s: %s", what,
		 strerror(errno));
	_exit(1);
}

void scene_must(struct scene *s, bool ok, const char *what)
{
	if (!ok)
		scene_broken(s, what);
}

void *scene_map(struct scene *s, unsigned long addr, size_t size, int flags,
		int fd)
{
	void *p;

	if (fd < 0)
		flags |= MAP_ANONYMOUS;
	p = mmap((void *)addr, size, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (p == MAP_FAILED)
		scene_broken(s, "mmap");
	return p;
}

/* Each process has its own sequence. */
unsigned long scene_random(struct scene *s, unsigned long below)
{
	static uint64_t x;

	if (!x)
		x = s->seed * 0x9e3779b97f4a7c15ULL + gettid() * 7919UL;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (x >> 16) % below;
}

unsigned long scene_pages(struct scene *s, size_t *size)
{
	unsigned long at = scene_random(s, s->size / PAGE) * PAGE;

	*size = (1 + scene_random(s, 16)) * PAGE;
	if (*size > s->size - at)
		*size = s->size - at;
	return at;
}

static unsigned int chunk_first(const struct scene *s, unsigned long offset)
{
	return offset / scene_chunk(s);
}

static unsigned int chunk_last(const struct scene *s, unsigned long offset,
			       size_t size)
{
	return (offset + size - 1) / scene_chunk(s);
}

unsigned int generation_begin(struct scene *s, unsigned long offset,
			      size_t size)
{
	unsigned int first = chunk_first(s, offset), g = 0;

	for (unsigned int i = first; i <= chunk_last(s, offset, size); i++)
		if (s->generations[i].newest > g)
			g = s->generations[i].newest;
	g++;
	for (unsigned int i = first; i <= chunk_last(s, offset, size); i++)
		atomic_store(&s->generations[i].newest, g);
	return g;
}

void generation_end(struct scene *s, unsigned long offset, size_t size,
		    unsigned int generation)
{
	for (unsigned int i = chunk_first(s, offset);
	     i <= chunk_last(s, offset, size); i++)
		atomic_store(&s->generations[i].oldest, generation);
}

void scene_fill(struct scene *s, void *p, unsigned long offset, size_t size,
		unsigned int generation)
{
	stamp_fill(p, size, scene_owner(s->incarnation), generation,
		   offset / 8);
}

void scene_refill(struct scene *s, void *p, unsigned long offset, size_t size)
{
	unsigned int g = generation_begin(s, offset, size);

	scene_fill(s, p, offset, size, g);
	generation_end(s, offset, size, g);
}

void setup_plain(struct scene *s)
{
	unsigned int g = generation_begin(s, 0, s->size);
	char *p = scene_map(s, 0, s->size, MAP_PRIVATE, -1);

	/* Fill it before it is visible: readers may be running already. */
	scene_fill(s, p, 0, s->size, g);
	scene_must(s, mremap(p, s->size, s->size, MREMAP_MAYMOVE |
			     MREMAP_FIXED, (void *)REGION_AT) !=
			MAP_FAILED, "mremap");
	generation_end(s, 0, s->size, g);
}

void incarnation_begin(struct scene *s)
{
	atomic_fetch_add(&s->incarnation, 1);
}

static void *idle_main(void *arg)
{
	struct scene *s = arg;

	s->idle = gettid();
	while (pause())
		;
	return NULL;
}

void incarnation_ready(struct scene *s)
{
	pthread_attr_t attr;
	pthread_t thread;

	scene_must(s, show_memory(false, REGION_AT, REGION_AT + s->size) &&
		      show_memory(true, REGION_AT, REGION_AT + s->size),
		   "PR_SET_MM");
	s->idle = 0;
	s->pid = getpid();
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * KIB);
	scene_must(s, !pthread_create(&thread, &attr, idle_main, s),
		   "a thread");
	while (!*(volatile pid_t *)&s->idle)
		sched_yield();
	atomic_store(&s->ready, atomic_load(&s->incarnation));
}

void target_run(struct scene *s, const struct play *p)
{
	incarnation_begin(s);
	p->setup(s);
	incarnation_ready(s);
	while (!scene_ends(s)) {
		p->step(s);
		atomic_fetch_add(&s->steps, 1);
	}
	_exit(0);
}

bool in_child(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return !pid;
}
