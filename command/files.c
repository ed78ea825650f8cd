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

char *file_path(const char *format, ...)
{
	va_list args;
	char *path;

	va_start(args, format);
	path = path_of(format, args);
	va_end(args);
	return path;
}

static FILE *open_to_read(const char *format, va_list args)
{
	char *path = path_of(format, args);
	FILE *file = fopen(path, "re");
	int error = errno;

	free(path);
	errno = error;
	return file;
}

FILE *file_open(const char *format, ...)
{
	va_list args;
	FILE *file;

	va_start(args, format);
	file = open_to_read(format, args);
	va_end(args);
	return file;
}

bool file_exists(const char *format, ...)
{
	va_list args;
	bool exists;
	char *path;

	va_start(args, format);
	path = path_of(format, args);
	va_end(args);
	exists = !access(path, F_OK);
	free(path);
	return exists;
}

static bool read_line(char *buf, size_t size, const char *format, va_list args)
{
	FILE *file = open_to_read(format, args);
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
	va_list args;
	bool ok;

	va_start(args, format);
	ok = read_line(buf, size, format, args);
	va_end(args);
	return ok;
}

bool file_is(const char *text, const char *format, ...)
{
	char line[64];
	va_list args;
	bool ok;

	va_start(args, format);
	ok = read_line(line, sizeof(line), format, args);
	va_end(args);
	return ok && !strcmp(line, text);
}

int file_write(const char *text, const char *format, ...)
{
	int fd, error = 0;
	va_list args;
	char *path;

	va_start(args, format);
	path = path_of(format, args);
	va_end(args);

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	free(path);
	return error;
}

DIR *directory_open(const char *format, ...)
{
	va_list args;
	char *path;
	DIR *dir;

	va_start(args, format);
	path = path_of(format, args);
	va_end(args);
	dir = opendir(path);
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
