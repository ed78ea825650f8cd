// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "command.h"

static const char *opened;
static char release[65];
static unsigned int version;

char *build_path(const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", opened, name) < 0)
		err(EXIT_FAILED, "out of memory");
	return path;
}

bool build_has(const char *name)
{
	char *path = build_path(name);
	bool has = !access(path, F_OK);

	free(path);
	return has;
}

#define LINE_SIZE	512

/* Find the first line of the file for which @is_wanted returns true. */
static bool find_line(const char *name, char line[LINE_SIZE],
		      bool (*is_wanted)(const char *line, const char *text), const char *text)
{
	char *path = build_path(name);
	FILE *file = fopen(path, "re");
	bool found = false;

	free(path);
	if (!file)
		return false;
	while (!found && fgets(line, LINE_SIZE, file))
		found = is_wanted(line, text);
	fclose(file);
	return found;
}

static bool begins_so(const char *line, const char *begin)
{
	return !strncmp(line, begin, strlen(begin));
}

/* Find the first line that begins with @begin; store its rest. */
static bool rest_of_line(const char *name, const char *begin, char *rest,
			 size_t size)
{
	char line[LINE_SIZE];

	if (!find_line(name, line, begins_so, begin))
		return false;
	snprintf(rest, size, "%.*s", (int)strcspn(line + strlen(begin), "\"\n"),
		 line + strlen(begin));
	return true;
}

/* Fields of a line: checksum, symbol, module, kind of export. */
static bool is_of_symbol(const char *line, const char *symbol)
{
	char name[256];

	return sscanf(line, "%*s %255s", name) == 1 && !strcmp(name, symbol);
}

bool build_exports(const char *symbol)
{
	char line[LINE_SIZE];

	return find_line("Module.symvers", line, is_of_symbol, symbol);
}

bool build_open(const char *dir)
{
	struct stat st;
	char number[16];

	if (stat(dir, &st) || !S_ISDIR(st.st_mode))
		return false;
	opened = dir;
	if (!rest_of_line("include/config/kernel.release", "", release, sizeof(release)))
		rest_of_line("include/generated/utsrelease.h", "#define UTS_RELEASE \"",
			     release, sizeof(release));
	if (rest_of_line("include/generated/uapi/linux/version.h",
			 "#define LINUX_VERSION_CODE ", number, sizeof(number)))
		version = strtoul(number, NULL, 10);
	return true;
}

const char *build_dir(void)
{
	return opened;
}

const char *build_release(void)
{
	return release;
}

unsigned int build_version(void)
{
	return version;
}
