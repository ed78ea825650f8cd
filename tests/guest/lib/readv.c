// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "readv.h"
#include "state.h"

#define STATE_REACH	(64 * MIB)

static enum kind kind_wanted;
static size_t size_wanted;

static void prepare_kind(struct target *t)
{
	make_kind(t, kind_wanted, size_wanted);
}

pid_t kind_start(enum kind kind, size_t size, struct target *t)
{
	kind_wanted = kind;
	size_wanted = size;
	return target_start(prepare_kind, t);
}

static char *local_at(unsigned long at)
{
	return (char *)LOCAL_AT + at;
}

static void local_map(unsigned long at, size_t size, int prot, int fd)
{
	if (mmap(local_at(at), size, prot, MAP_FIXED | MAP_PRIVATE |
		 (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0) == MAP_FAILED)
		die("no local memory: %s", strerror(errno));
}

void local_make(void)
{
	int fd = memfd_create("empty", MFD_CLOEXEC);

	local_map(0, LOCAL_SIZE, PROT_READ | PROT_WRITE, -1);
	memset(local_at(0), POISON, LOCAL_SIZE);
	if (mprotect(local_at(LOCAL_READ_ONLY), PAGE, PROT_READ) ||
	    munmap(local_at(LOCAL_HOLE), PAGE) ||
	    mprotect(local_at(LOCAL_NO_ACCESS), PAGE, PROT_NONE))
		die("local memory: %s", strerror(errno));
	local_map(LOCAL_PAST_EOF, PAGE, PROT_READ | PROT_WRITE, fd);
	close(fd);
}

void local_poison(size_t size)
{
	memset(local_at(0), POISON, size);
}

void local_copy(void *to)
{
	for (unsigned long at = 0; at < LOCAL_SIZE; at += PAGE) {
		if (at == LOCAL_HOLE || at == LOCAL_NO_ACCESS ||
		    at == LOCAL_PAST_EOF)
			memset((char *)to + at, 0, PAGE);
		else
			memcpy((char *)to + at, local_at(at), PAGE);
	}
}

ssize_t readv_raw(pid_t pid, const struct iovec *local,
		  unsigned long nr_local, const struct iovec *remote,
		  unsigned long nr_remote, unsigned long flags)
{
	long n = syscall(SYS_process_vm_readv, pid, local, nr_local, remote,
			 nr_remote, flags);

	return n < 0 ? -errno : n;
}

void run_vectors(const struct read_case *c, struct outcome *o)
{
	static struct target *t;
	const struct vectors *v = c->arg;
	struct counters start;
	pid_t pid;

	if (!t)
		t = target_alloc();
	local_make();
	pid = v->prepare ? target_start(v->prepare, t) :
			   kind_start(v->kind, v->size, t);
	if (outcome_started(o, t)) {
		state_clear_referenced(pid);
		start = counters_read();
		o->ret = readv_raw(pid, v->local, v->nr_local, v->remote,
				   v->nr_remote, 0);
		o->events = counters_since(&start);
		local_copy(o->bytes);
		o->extra = state_of(c->name, pid, TARGET_AT - STATE_REACH,
				    TARGET_AT + STATE_REACH);
	}
	target_stop(pid);
}
