// SPDX-License-Identifier: GPL-2.0
/* Files are read as a whole and replaced as a whole. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

/* Far above any module; a wrong argument such as /dev/zero must not use all memory. */
#define MAX_SIZE	((size_t)1 << 30)

void die(const char *fmt, ...)
{
	char *text, *p;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		exit(1);
	va_end(args);
	/* A name from a damaged file may contain newlines and control characters. */
	for (p = text; *p; p++) {
		if (iscntrl((unsigned char)*p))
			*p = '?';
	}
	fprintf(stderr, "klp-link: %s\n", text);
	exit(1);
}

void *must_alloc(size_t size)
{
	/* malloc(0) may return NULL without being out of memory. */
	void *p = malloc(size ? size : 1);

	if (!p)
		die("out of memory (free some and try again)");
	return p;
}

void read_file(const char *path, struct blob *blob)
{
	size_t room = 0;
	struct stat st;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die("%s: cannot open: %s (check the path)", path, strerror(errno));

	blob->data = NULL;
	blob->len = 0;
	blob->mode = st.st_mode & 07777;
	do {
		if (room - blob->len < 2) {
			room = room ? 2 * room : 1 << 20;
			if (room > MAX_SIZE)
				die("%s: too large (check the path)", path);
			blob->data = realloc(blob->data, room);
			if (!blob->data)
				die("out of memory (free some and try again)");
		}
		/* One byte stays free for the NUL. */
		n = read(fd, blob->data + blob->len, room - blob->len - 1);
		if (n < 0 && errno != EINTR)
			die("%s: cannot read: %s (check the path)", path, strerror(errno));
		if (n > 0)
			blob->len += n;
	} while (n);
	blob->data[blob->len] = '\0';
	close(fd);
}

static bool write_all(int fd, const struct blob *blob)
{
	size_t done = 0;
	ssize_t n;

	while (done < blob->len) {
		n = write(fd, blob->data + done, blob->len - done);
		if (n < 0)
			return false;
		done += n;
	}
	return true;
}

void write_file(const char *path, const struct blob *blob)
{
	sigset_t all, old;
	struct stat st;
	char *tmp;
	int fd, err;

	/* rename() would replace even /dev/null by a file. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		die("%s: not a regular file (name the file to write)", path);
	if (asprintf(&tmp, "%s.XXXXXX", path) < 0)
		die("out of memory (free some and try again)");

	/* A signal must not leave the temporary file behind. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	fd = mkstemp(tmp);
	if (fd < 0)
		die("%s: cannot create a file beside it: %s (check its directory)",
		    path, strerror(errno));
	if (!write_all(fd, blob) || fchmod(fd, blob->mode))
		goto fail;
	err = close(fd);
	fd = -1;
	if (err || rename(tmp, path))
		goto fail;
	sigprocmask(SIG_SETMASK, &old, NULL);
	free(tmp);
	return;

fail:
	err = errno;
	if (fd >= 0)
		close(fd);
	unlink(tmp);
	die("%s: cannot write: %s (check its directory and the space left)", path, strerror(err));
}
