/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file system that does not answer: a process serves /dev/fuse, and withholds
 * one page of each file until fuse_serve().
 */
#ifndef FUSE_H
#define FUSE_H

#include <stdbool.h>

struct fuse_files {
	const char *dir;	/* mount point */
	unsigned long size;	/* of each, at most FUSE_SIZE_MAX */
	unsigned long kept_at;	/* the withheld page */
	char content, kept;	/* each byte; each byte of that page */
	/* The kernel reads ahead asynchronously, as with libfuse. */
	bool ahead;
	/* This many reads of that page fail before one is withheld. */
	unsigned int errors;
};

#define FUSE_SIZE_MAX	(64 * 1024UL)

/*
 * Mounts it. False if this kernel lacks a feature. Only one at a time; it ends
 * with the calling process. @files must stay valid.
 */
bool fuse_start(const struct fuse_files *files);
void fuse_stop(void);
/* A new file, not in the page cache. Only the newest has a withheld page. */
int fuse_open(void);
/* Has that page been requested? */
bool fuse_is_asked(void);
void fuse_serve(void);

#endif
