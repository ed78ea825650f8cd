// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <search.h>
#include <string.h>

#include "file.h"
#include "names.h"

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void add(struct names *names, const char *name)
{
	if (!tsearch(name, &names->root, compare))
		die("out of memory (free some and try again)");
}

bool names_have(const struct names *names, const char *name)
{
	return tfind(name, &names->root, compare);
}

static bool is_symbol(const char *name)
{
	const char *p = name;

	while (isalnum((unsigned char)*p) || *p == '_' || *p == '.' || *p == '$')
		p++;
	return p != name && !*p;
}

/* The text stays allocated, because the added names point into it. */
static char *read_text(const char *path)
{
	struct blob blob;

	read_file(path, &blob);
	if (strlen(blob.data) != blob.len)
		die("%s: not a text file (check the path)", path);
	return blob.data;
}

void names_read_symvers(struct names *names, const char *path)
{
	char *text = read_text(path);
	unsigned long lineno;
	char *line, *crc, *name;

	for (lineno = 1; (line = strsep(&text, "\n")); lineno++) {
		if (!*line)
			continue;
		crc = strsep(&line, "\t");
		name = strsep(&line, "\t");
		if (!line || strncmp(crc, "0x", 2) || !is_symbol(name))
			die("%s:%lu: not a line of Module.symvers (give the one of the kernel's headers)",
			    path, lineno);
		add(names, name);
	}
	if (!names->root)
		die("%s: lists no symbol (give the one of the kernel's headers)", path);
}

void names_read_list(struct names *names, const char *path)
{
	char *text = read_text(path);
	unsigned long lineno;
	char *line, *end;

	for (lineno = 1; (line = strsep(&text, "\n")); lineno++) {
		line[strcspn(line, "#")] = '\0';
		line += strspn(line, " \t");
		end = line + strlen(line);
		while (end > line && isspace((unsigned char)end[-1]))
			*--end = '\0';
		if (!*line)
			continue;
		if (!is_symbol(line))
			die("%s:%lu: not a symbol name (write one name per line)", path, lineno);
		add(names, line);
	}
}
