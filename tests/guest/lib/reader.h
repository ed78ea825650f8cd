/* SPDX-License-Identifier: GPL-2.0 */
/* The ways to read another process's memory. */
#ifndef READER_H
#define READER_H

#include <sys/types.h>

enum interface {
	MEM,		/* /proc/PID/mem */
	MEM_TRACED,	/* the same, with the target stopped by ptrace */
	CMDLINE,	/* /proc/PID/cmdline, from an offset on */
	ENVIRON,	/* /proc/PID/environ, from an offset on */
	PEEKDATA,	/* one word */
	PEEKTEXT,
	READV,		/* process_vm_readv(), one segment on each side */
	NR_INTERFACES
};

extern const char *const interface_names[NR_INTERFACES];

struct reader {
	enum interface how;
	pid_t pid;
	int fd;
};

/* Open or attach. Returns 0 or a negative error. */
int reader_open(struct reader *r, enum interface how, pid_t pid);

/* Returns the number of bytes or a negative error. */
ssize_t reader_read(struct reader *r, unsigned long addr, void *buf,
		    size_t len);
void reader_close(struct reader *r);

/* All three in one. */
ssize_t remote_read(enum interface how, pid_t pid, unsigned long addr,
		    void *buf, size_t len);

#endif
