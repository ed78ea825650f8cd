// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "files.h"

const char *files_root(void)
{
	const char *root = getenv("VMAPEEK_ROOT");

	return root ? root : "";
}

static char *path_of(const char *format, va_list args)
{
	char *path, *rooted;

	if (vasprintf(&path, format, args) < 0)
		err(EXIT_FAILED, "out of memory");
	if (!*files_root())
		return path;
	if (asprintf(&rooted, "%s%s", files_root(), path) < 0)
		err(EXIT_FAILED, "out of memory");
	free(path);
	return rooted;
}

/* The path of the variable arguments of the function that uses this. */
#define PATH_OF(format)							\
({									\
	va_list args_;							\
	char *path_;							\
									\
	va_start(args_, format);					\
	path_ = path_of(format, args_);					\
	va_end(args_);							\
	path_;								\
})

char *file_path(const char *format, ...)
{
	return PATH_OF(format);
}

/* Frees the path. */
static FILE *open_to_read(char *path)
{
	FILE *file = fopen(path, "re");
	int error = errno;

	free(path);
	errno = error;
	return file;
}

FILE *file_open(const char *format, ...)
{
	return open_to_read(PATH_OF(format));
}

bool file_exists(const char *format, ...)
{
	char *path = PATH_OF(format);
	bool exists = !access(path, F_OK);

	free(path);
	return exists;
}

static bool read_line(char *buf, size_t size, char *path)
{
	FILE *file = open_to_read(path);
	bool ok;

	if (!file)
		return false;
	ok = fgets(buf, size, file);
	fclose(file);
	if (ok)
		buf[strcspn(buf, "\n")] = '\0';
	return ok;
}

bool file_line(char *buf, size_t size, const char *format, ...)
{
	return read_line(buf, size, PATH_OF(format));
}

bool file_is(const char *text, const char *format, ...)
{
	char line[64];

	return read_line(line, sizeof(line), PATH_OF(format)) &&
	       !strcmp(line, text);
}

int file_write(const char *text, const char *format, ...)
{
	char *path = PATH_OF(format);
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	free(path);
	return error;
}

DIR *directory_open(const char *format, ...)
{
	char *path = PATH_OF(format);
	DIR *dir = opendir(path);

	free(path);
	return dir;
}

const char *directory_next(DIR *dir)
{
	struct dirent *entry;

	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			return entry->d_name;
	return NULL;
}
