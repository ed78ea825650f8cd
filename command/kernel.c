// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "build.h"
#include "command.h"
#include "files.h"
#include "kernel.h"
#include "symbols.h"

#define MAX_CONFIG_SIZE	(4 << 20)	/* one has some 300 KiB */

const char *kernel_release(void)
{
	static char release[65];

	if (build_dir())
		return build_release();
	if (!*release && !file_line(release, sizeof(release),
				    "/proc/sys/kernel/osrelease"))
		errx(EXIT_FAILED, "cannot read /proc/sys/kernel/osrelease: mount /proc");
	return release;
}

/* As KERNEL_VERSION(), which limits the sublevel to 255. */
static unsigned int version(unsigned int major, unsigned int minor,
			    unsigned int patch)
{
	return major << 16 | minor << 8 | (patch < 255 ? patch : 255);
}

static bool version_is_supported(unsigned int v)
{
	for (size_t i = 0; i < NR_SUPPORTED_KERNELS; i++) {
		const struct supported_kernels *k = &supported_kernels[i];

		if (v >= version(k->from[0], k->from[1], k->from[2]) &&
		    v < version(k->below[0], k->below[1], k->below[2]))
			return true;
	}
	return false;
}

bool kernel_is_supported_as(const char *release)
{
	unsigned int major, minor, patch = 0;

	return sscanf(release, "%u.%u.%u", &major, &minor, &patch) >= 2 &&
	       version_is_supported(version(major, minor, patch));
}

bool kernel_is_supported(void)
{
	struct utsname u;

	if (build_dir() && build_version())
		return version_is_supported(build_version());
	uname(&u);
	return !strcmp(u.machine, "x86_64") &&
	       kernel_is_supported_as(kernel_release());
}

/* A distribution may name its kernels as it likes. */
static bool build_is_of_series(const char *series)
{
	unsigned int major, minor;

	return sscanf(series, "%u.%u", &major, &minor) == 2 &&
	       build_version() >> 8 == (major << 8 | minor);
}

bool kernel_is_of_series(const char *series)
{
	size_t len = series ? strlen(series) : 0;

	if (len && build_dir() && build_version())
		return build_is_of_series(series);
	return !len || (!strncmp(kernel_release(), series, len) &&
			(!kernel_release()[len] ||
			 strchr(".-+", kernel_release()[len])));
}

const char *kernel_supported_versions(void)
{
	static char text[256];
	size_t len = 0;

	for (size_t i = 0; i < NR_SUPPORTED_KERNELS; i++) {
		const struct supported_kernels *k = &supported_kernels[i];

		len += snprintf(text + len, sizeof(text) - len,
				"%s>= %u.%u.%u and < %u.%u.%u",
				i ? ", or " : "", k->from[0], k->from[1],
				k->from[2], k->below[0], k->below[1],
				k->below[2]);
		if (len >= sizeof(text))
			break;
	}
	return text;
}

static char *config;
static char *path;

/* zlib reads files that are not compressed, too. */
static bool read_from(const char *name)
{
	gzFile file = gzopen(name, "re");
	int len;

	if (!file)
		return false;
	config = malloc(MAX_CONFIG_SIZE);
	len = config ? gzread(file, config, MAX_CONFIG_SIZE - 1) : -1;
	gzclose(file);
	if (len <= 0) {
		free(config);
		config = NULL;
		return false;
	}
	config[len] = '\0';
	return true;
}

static bool read_config_of_build(void)
{
	static const char *const names[] = { ".config", "include/config/auto.conf" };

	for (size_t i = 0; i < 2; i++) {
		free(path);
		path = build_path(names[i]);
		if (read_from(path))
			return true;
	}
	return false;
}

bool kernel_config_read(void)
{
	if (config)
		return true;
	if (build_dir())
		return read_config_of_build();
	/* Prefer the kernel's own copy, which few kernels have. */
	free(path);
	path = file_path("/proc/config.gz");
	if (read_from(path))
		return true;
	free(path);
	path = file_path("/boot/config-%s", kernel_release());
	return read_from(path);
}

const char *kernel_config_path(void)
{
	return path;
}

/* The text after CONFIG_@name=, or NULL. */
static const char *config_find(const char *name)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "CONFIG_%s=", name);

	for (const char *at = config; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, line, len))
			return at + len;
	}
	return NULL;
}

bool kernel_config_has(const char *name)
{
	const char *value = config_find(name);

	return value && (*value == 'y' || *value == 'm');
}

void kernel_config_value(const char *name, char *value, size_t size)
{
	const char *found = config_find(name);

	if (found && *found == '"')
		found++;
	snprintf(value, size, "%.*s", found ? (int)strcspn(found, "\"\n") : 0,
		 found ? found : "");
}

static void count_symbol(const char *name, struct symbol_count *symbols, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(symbols[i].name);

		if (strncmp(symbols[i].name, name, len))
			continue;
		if (!name[len])
			symbols[i].times++;
		else if (name[len] == '.')
			symbols[i].changed = true;
	}
}

/* Closes the file. A line of either kind has address, type and name. */
static bool count_in(FILE *file, struct symbol_count *symbols, size_t n)
{
	char line[1024], name[512], bracket[2];
	bool any = false;

	while (fgets(line, sizeof(line), file)) {
		/* In brackets: the module that a symbol belongs to. */
		int fields = sscanf(line, "%*s %*s %511s %1s", name, bracket);

		any |= fields >= 1;
		if (fields == 1)
			count_symbol(name, symbols, n);
	}
	fclose(file);
	return any;
}

/* Debian's file in /boot is a single line that names the real one. */
static bool is_system_map(FILE *file)
{
	char line[1024];

	for (int i = 0; i < 2; i++)
		if (!fgets(line, sizeof(line), file))
			return false;
	rewind(file);
	return true;
}

static FILE *open_system_map(void)
{
	char *map = build_path("System.map");
	FILE *files[] = {
		fopen(map, "re"),
		file_open("/boot/System.map-%s", build_release()),
		file_open("/lib/modules/%s/System.map", build_release()),
	};
	FILE *chosen = NULL;

	free(map);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!chosen && files[i] && is_system_map(files[i]))
			chosen = files[i];
		else if (files[i])
			fclose(files[i]);
	return chosen;
}

bool kernel_symbols_count(struct symbol_count *symbols, size_t n)
{
	FILE *file = build_dir() ? open_system_map() : file_open("/proc/kallsyms");

	return file && count_in(file, symbols, n);
}
