// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "config.h"
#include "files.h"

#define MAX_SIZE	(4 << 20)	/* one has some 300 KiB */

static char *text;
static char *path;

/* zlib reads files that are not compressed, too. */
static bool read_from(const char *name)
{
	gzFile file = gzopen(name, "re");
	int len;

	if (!file)
		return false;
	text = malloc(MAX_SIZE);
	len = text ? gzread(file, text, MAX_SIZE - 1) : -1;
	gzclose(file);
	if (len <= 0) {
		free(text);
		text = NULL;
		return false;
	}
	text[len] = '\0';
	return true;
}

bool config_read(void)
{
	if (text)
		return true;
	/* The kernel itself knows best, but few have it. */
	free(path);
	path = file_path("/proc/config.gz");
	if (read_from(path))
		return true;
	free(path);
	path = file_path("/boot/config-%s", kernel_release());
	return read_from(path);
}

const char *config_path(void)
{
	return path;
}

bool config_has(const char *name)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "CONFIG_%s=", name);

	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, line, len))
			return at[len] == 'y' || at[len] == 'm';
	}
	return false;
}
