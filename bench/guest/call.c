// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "call.h"
#include "pagemap-scan.h"
#include "reader.h"
#include "vmapeek.h"

#define SEGMENTS	10

const char *const call_names[NR_CALL_KINDS] = {
	[NULL_CALL] = "getppid",
	[VM_READV] = "process_vm_readv",
	[VM_READV_10] = "process_vm_readv, 10 segments",
	[PEEK] = "PEEKDATA",
	[POKE] = "POKEDATA",
	[PROC_MEM] = "mem",
	[PROC_CMDLINE] = "cmdline",
	[PROC_ENVIRON] = "environ",
	[PROC_MAPS] = "maps",
	[PROC_SMAPS] = "smaps",
	[PROC_ROLLUP] = "smaps_rollup",
	[PROC_PAGEMAP] = "pagemap",
	[PROC_SCAN] = "PAGEMAP_SCAN",
	[PREAD] = "pread of a memfd",
};

static char *buffer;
static int memfd;

/* The current call; one at a time. */
static struct {
	struct reader reader;
	pid_t pid;
	int fd;
	unsigned long addr;
	size_t size;
	struct iovec local, remote[SEGMENTS];
	int segments;
} now;

void call_setup(void)
{
	buffer = mmap(NULL, LARGEST, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memfd = memfd_create("bench", 0);
	if (buffer == MAP_FAILED || memfd < 0)
		die("no memory: %s", strerror(errno));
	memset(buffer, 1, LARGEST);
	if (write(memfd, buffer, LARGEST) != LARGEST)
		die("memfd: %s", strerror(errno));
}

static void segments_begin(int segments, unsigned long distance)
{
	now.segments = segments;
	now.local.iov_base = buffer;
	now.local.iov_len = now.size;
	for (int i = 0; i < segments; i++) {
		now.remote[i].iov_base = (void *)(now.addr + i * distance);
		now.remote[i].iov_len = now.size / segments;
	}
}

static void open_begin(enum interface how, pid_t pid)
{
	int err = reader_open(&now.reader, how, pid);

	if (err)
		die("%s: %s", interface_names[how], strerror(-err));
	now.fd = now.reader.fd;
}

static bool is_maps(enum call_kind kind)
{
	return kind >= PROC_MAPS && kind <= PROC_SCAN;
}

static void maps_begin(enum call_kind kind)
{
	const char *name = kind == PROC_SCAN ? "pagemap" : call_names[kind];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", now.pid, name);
	now.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (now.fd < 0)
		die("%s: %s", path, strerror(errno));
}

void call_begin(enum call_kind kind, struct memory *m, size_t size)
{
	now.pid = m->pid;
	now.size = size;
	now.addr = m->cursor;
	if (!m->prepare) {
		now.pid = getpid();
		now.addr = (unsigned long)buffer + LARGEST / 2;
	}

	switch (kind) {
	case VM_READV:
		segments_begin(1, 0);
		break;
	case VM_READV_10:
		segments_begin(SEGMENTS, m == &memories[MANY_VMAS] ?
					 2 * PAGE : PAGE);
		break;
	case PEEK:
	case POKE:
		open_begin(PEEKDATA, now.pid);
		break;
	case PROC_MEM:
		open_begin(MEM, now.pid);
		break;
	case PROC_CMDLINE:
		open_begin(CMDLINE, now.pid);
		now.addr -= m->target->addr;
		break;
	case PROC_ENVIRON:
		open_begin(ENVIRON, now.pid);
		now.addr -= m->target->addr;
		break;
	case PREAD:
		now.fd = memfd;
		now.addr = 0;
		break;
	default:
		if (is_maps(kind))
			maps_begin(kind);
		break;
	}
}

void call_end(enum call_kind kind)
{
	if (kind >= PEEK && kind <= PROC_ENVIRON)
		reader_close(&now.reader);
	if (is_maps(kind))
		close(now.fd);
}

static long read_whole(void)
{
	long n, sum = 0;

	do {
		n = syscall(SYS_pread64, now.fd, buffer, now.size, sum);
		sum += n;
	} while (n > 0);
	return n < 0 ? n : sum;
}

/* The number of pages whose pagemap entries take as many bytes. */
static long scan(void)
{
	struct scan s = {
		.size = sizeof(s),
		.start = now.addr & ~(PAGE - 1),
		.end = (now.addr & ~(PAGE - 1)) + now.size / 8 * PAGE,
		.vec = (unsigned long)buffer,
		.vec_len = LARGEST / sizeof(struct region_found),
		.all_of = IS_PRESENT,
		.returned = IS_PRESENT,
	};

	return syscall(SYS_ioctl, now.fd, PAGEMAP_SCAN, &s);
}

static inline long call(enum call_kind kind)
{
	switch (kind) {
	case NULL_CALL:
		/* The result is not used, but must not change. */
		return syscall(SYS_getppid) > 0;
	case VM_READV:
	case VM_READV_10:
		return syscall(SYS_process_vm_readv, now.pid, &now.local, 1L,
			       now.remote, now.segments, 0L);
	case PEEK:
		/*
		 * The system call stores the word in the buffer, and returns 0.
		 */
		return syscall(SYS_ptrace, PTRACE_PEEKDATA, now.pid, now.addr,
			       buffer);
	case POKE:
		return syscall(SYS_ptrace, PTRACE_POKEDATA, now.pid, now.addr,
			       0L);
	case PROC_MAPS:
	case PROC_SMAPS:
	case PROC_ROLLUP:
		return read_whole();
	case PROC_PAGEMAP:
		return syscall(SYS_pread64, now.fd, buffer, now.size,
			       now.addr / PAGE * 8);
	case PROC_SCAN:
		return scan();
	default:
		return syscall(SYS_pread64, now.fd, buffer, now.size, now.addr);
	}
}

long call_repeat(enum call_kind kind, unsigned int times, unsigned long step)
{
	long result = LONG_MIN, first = LONG_MIN;

	while (times--) {
		result = call(kind);
		if (first == LONG_MIN)
			first = result;
		if (result != first)
			die("%s: %ld (%s) after %ld", call_names[kind], result,
			    strerror(errno), first);
		now.addr += step;
		now.remote[0].iov_base += step;
	}
	return first < 0 ? -errno : first;
}
