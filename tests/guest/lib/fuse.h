/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file system that does not answer: a process serves /dev/fuse, and keeps
 * back the content of one page of each file until it is told to send it.
 */
#ifndef FUSE_H
#define FUSE_H

#include <stdbool.h>

struct fuse_files {
	const char *dir;	/* where they are mounted */
	unsigned long size;	/* of each, at most FUSE_SIZE_MAX */
	unsigned long kept_at;	/* the page that is kept back */
	char content, kept;	/* each byte; those of that page */
	/* The kernel reads ahead and does not wait, as with libfuse. */
	bool ahead;
	/* So many reads of that page fail before one is kept back. */
	unsigned int errors;
};

#define FUSE_SIZE_MAX	(64 * 1024UL)

/*
 * Mount it. False if this kernel lacks what is needed. One at a time, and it
 * ends with the calling process; @files must stay.
 */
bool fuse_start(const struct fuse_files *files);
void fuse_stop(void);
/* A new file: nothing of it is in the page cache. Of the newest one, a page is kept back. */
int fuse_open(void);
/* Has that page been asked for? */
bool fuse_is_asked(void);
void fuse_serve(void);

#endif
