// SPDX-License-Identifier: GPL-2.0
/* Reads the region through one interface in a loop, and checks each read. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

/* Number of reads before the file is reopened, or the thread reattached. */
#define READS_PER_OPENING	300

struct work {
	struct scene *s;
	struct reader r;
	struct reader_stats *stats;
	struct seen seen;
	unsigned int left;	/* 0: nothing is open */
	unsigned char *buf;
};

static bool is_peek(enum interface how)
{
	return how == PEEKDATA || how == PEEKTEXT;
}

/* cmdline and environ take an offset, other interfaces an address. */
static unsigned long place(const struct work *w, unsigned long offset)
{
	return w->r.how == CMDLINE || w->r.how == ENVIRON ?
	       offset : REGION_AT + offset;
}

/* The size that is read under one hold of the lock. */
static size_t unit(enum interface how, size_t len)
{
	return how == READV ? len : PAGE;
}

static size_t random_length(struct work *w)
{
	unsigned long n = scene_random(w->s, 100);

	if (is_peek(w->r.how))
		return 8;
	if (w->r.how != READV)
		return 1 + scene_random(w->s, n < 70 ? 2 * PAGE : 5 * PAGE);
	if (n < 50)
		return 1 + scene_random(w->s, 2 * PAGE);
	if (n < 90)
		return 1 + scene_random(w->s, 64 * PAGE);
	return 1 + scene_random(w->s, w->s->size);
}

/*
 * A traced thread disappears only after its tracer has waited for it. Its
 * process may wait for that in exec, and a task that attaches waits for exec.
 */
static void close_reader(struct work *w)
{
	if (w->left)
		reader_close(&w->r);
	w->left = 0;
	while (is_peek(w->r.how) && waitpid(-1, NULL, __WALL) > 0)
		;
}

/*
 * Returns false if there is no target at the moment. Open files stay open until
 * there is a new target, because they can still read the memory of an exited
 * process.
 */
static bool open_reader(struct work *w)
{
	unsigned int incarnation = atomic_load(&w->s->ready);
	bool same = w->left && w->seen.owner_first == incarnation;
	struct reader r;
	int err;

	if (same && w->left > 1)
		return true;
	if (!incarnation || incarnation != atomic_load(&w->s->incarnation))
		return false;
	if (!same || is_peek(w->r.how))
		close_reader(w);
	err = reader_open(&r, w->r.how, is_peek(w->r.how) ? w->s->idle :
							    w->s->pid);
	if (!err) {
		if (w->left)
			close_reader(w);
		w->r = r;
		w->seen.owner_first = incarnation;
	} else if (!w->left) {
		return false;
	}
	w->left = READS_PER_OPENING;
	return true;
}

static void look(const struct scene *s, unsigned int *to, unsigned long offset,
		 size_t len, bool newest)
{
	for (unsigned int i = offset / scene_chunk(s);
	     i <= (offset + len - 1) / scene_chunk(s); i++)
		to[i] = newest ? atomic_load(&s->generations[i].newest) :
				 atomic_load(&s->generations[i].oldest);
}

static void found(struct work *w)
{
	if (!atomic_fetch_add(&w->stats->wrong, 1))
		snprintf(w->stats->finding, sizeof(w->stats->finding), "%s",
			 w->seen.finding);
}

static void check_count(struct work *w, unsigned long offset, size_t len,
			ssize_t n)
{
	bool empty = (w->s->rules & NOT_ANONYMOUS) &&
		     (w->r.how == CMDLINE || w->r.how == ENVIRON);

	if (n == (empty ? 0 : (ssize_t)len))
		return;
	atomic_fetch_add(&w->stats->absent, 1);
	if ((w->s->rules & MAY_BE_ABSENT) ||
	    atomic_load(&w->s->incarnation) != w->seen.owner_first)
		return;
	snprintf(w->seen.finding, w->seen.finding_size,
		 "%s: %zu bytes at offset %#lx: %zd came back",
		 interface_names[w->r.how], len, offset, n);
	found(w);
}

static void check_read(struct work *w, unsigned long offset, size_t len,
		       ssize_t n)
{
	size_t at, part;

	atomic_fetch_add(&w->stats->reads, 1);
	check_count(w, offset, len, n);
	if (n <= 0)
		return;
	atomic_fetch_add(&w->stats->bytes, n);
	/* After exec they show other memory. */
	if (w->seen.owner_last != w->seen.owner_first &&
	    (w->r.how == CMDLINE || w->r.how == ENVIRON))
		return;
	w->seen.zeros = 0;
	for (at = 0; at < (size_t)n; at += part) {
		part = unit(w->r.how, n);
		if (part > n - at)
			part = n - at;
		if (!check_bytes(&w->seen, offset + at, w->buf + at, part)) {
			found(w);
			break;
		}
	}
	atomic_fetch_add(&w->stats->zeros, w->seen.zeros);
}

static void read_once(struct work *w)
{
	size_t len = random_length(w);
	unsigned long offset = scene_random(w->s, w->s->size - 8);
	ssize_t n;

	if (scene_random(w->s, 3) == 0)
		offset &= ~(PAGE - 1);
	if (len > w->s->size - offset)
		len = w->s->size - offset;
	look(w->s, w->seen.oldest, offset, len, false);
	/* Otherwise the sampled numbers belong to another target. */
	if (atomic_load(&w->s->incarnation) != w->seen.owner_first) {
		close_reader(w);
		return;
	}
	n = reader_read(&w->r, place(w, offset), w->buf, len);
	look(w->s, w->seen.newest, offset, len, true);
	w->seen.owner_last = atomic_load(&w->s->incarnation);
	check_read(w, offset, len, n);
	w->left--;
	/* The traced thread may be gone. */
	if (n < 0 && is_peek(w->r.how))
		close_reader(w);
}

void reader_run(struct scene *s, enum interface how)
{
	static char finding[sizeof(s->readers[0].finding)];
	struct work w = {
		.s = s,
		.r.how = how,
		.stats = &s->readers[how],
		.seen = { .scene = s, .how = how, .finding = finding,
			  .finding_size = sizeof(finding) },
		.buf = malloc(REGION_MAX),
	};

	if (!w.buf)
		_exit(1);
	while (!atomic_load(&s->stop_readers)) {
		if (open_reader(&w))
			read_once(&w);
		else
			sched_yield();
	}
	close_reader(&w);
	_exit(0);
}
