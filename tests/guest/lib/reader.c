// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader.h"

const char *const interface_names[NR_INTERFACES] = {
	[MEM] = "mem",
	[MEM_TRACED] = "mem, traced",
	[CMDLINE] = "cmdline",
	[ENVIRON] = "environ",
	[PEEKDATA] = "PEEKDATA",
	[PEEKTEXT] = "PEEKTEXT",
	[READV] = "process_vm_readv",
};

static bool is_peek(enum interface how)
{
	return how == PEEKDATA || how == PEEKTEXT;
}

static bool is_traced(enum interface how)
{
	return is_peek(how) || how == MEM_TRACED;
}

static int attach(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		return -errno;
	return waitpid(pid, NULL, __WALL) == pid ? 0 : -errno;
}

int reader_open(struct reader *r, enum interface how, pid_t pid)
{
	const char *name = how == CMDLINE ? "cmdline" :
			   how == ENVIRON ? "environ" : "mem";
	char path[64];
	int err;

	r->how = how;
	r->pid = pid;
	r->fd = -1;

	if (is_traced(how)) {
		err = attach(pid);
		if (err)
			return err;
	}
	if (is_peek(how) || how == READV)
		return 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd >= 0)
		return 0;
	err = -errno;
	reader_close(r);
	return err;
}

/* By the system call, because the library interprets some results. */
static ssize_t peek(struct reader *r, unsigned long addr, void *buf,
		    size_t len)
{
	long request = r->how == PEEKTEXT ? PTRACE_PEEKTEXT : PTRACE_PEEKDATA;
	long word;

	if (syscall(SYS_ptrace, request, r->pid, addr, &word))
		return -errno;
	if (len > sizeof(word))
		len = sizeof(word);
	memcpy(buf, &word, len);
	return len;
}

static ssize_t readv_one(struct reader *r, unsigned long addr, void *buf,
			 size_t len)
{
	struct iovec local = { .iov_base = buf, .iov_len = len };
	struct iovec remote = { .iov_base = (void *)addr, .iov_len = len };
	ssize_t n = process_vm_readv(r->pid, &local, 1, &remote, 1, 0);

	return n < 0 ? -errno : n;
}

ssize_t reader_read(struct reader *r, unsigned long addr, void *buf,
		    size_t len)
{
	ssize_t n;

	if (is_peek(r->how))
		return peek(r, addr, buf, len);
	if (r->how == READV)
		return readv_one(r, addr, buf, len);
	/* Each address is a valid offset, even if negative. */
	errno = 0;
	if (lseek(r->fd, addr, SEEK_SET) == -1 && errno)
		return -errno;
	n = read(r->fd, buf, len);
	return n < 0 ? -errno : n;
}

void reader_close(struct reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	if (is_traced(r->how))
		ptrace(PTRACE_DETACH, r->pid, NULL, NULL);
}

ssize_t remote_read(enum interface how, pid_t pid, unsigned long addr,
		    void *buf, size_t len)
{
	struct reader r;
	ssize_t n = reader_open(&r, how, pid);

	if (n)
		return n;
	n = reader_read(&r, addr, buf, len);
	reader_close(&r);
	return n;
}
