// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "command.h"
#include "files.h"
#include "kernel.h"
#include "symbols.h"

#define MAX_CONFIG_SIZE	(4 << 20)	/* one has some 300 KiB */

const char *kernel_release(void)
{
	static char release[65];

	if (!*release && !file_line(release, sizeof(release),
				    "/proc/sys/kernel/osrelease"))
		errx(EXIT_FAILED, "cannot read /proc/sys/kernel/osrelease: mount /proc");
	return release;
}

/* As the kernel's own KERNEL_VERSION(), which counts no further than 255. */
static unsigned int version(unsigned int major, unsigned int minor,
			    unsigned int patch)
{
	return major << 16 | minor << 8 | (patch < 255 ? patch : 255);
}

bool kernel_is_supported(void)
{
	unsigned int major, minor, patch = 0, running;
	struct utsname u;

	uname(&u);
	if (strcmp(u.machine, "x86_64") ||
	    sscanf(kernel_release(), "%u.%u.%u", &major, &minor, &patch) < 2)
		return false;
	running = version(major, minor, patch);
	for (size_t i = 0; i < NR_SUPPORTED_KERNELS; i++) {
		const struct supported_kernels *k = &supported_kernels[i];

		if (running >= version(k->from[0], k->from[1], k->from[2]) &&
		    running < version(k->below[0], k->below[1], k->below[2]))
			return true;
	}
	return false;
}

bool kernel_is_of_series(const char *series)
{
	size_t len = series ? strlen(series) : 0;

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
				"%s%u.%u.%u up to before %u.%u.%u",
				i ? ", " : "", k->from[0], k->from[1],
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

bool kernel_config_read(void)
{
	if (config)
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

const char *kernel_config_path(void)
{
	return path;
}

bool kernel_config_has(const char *name)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "CONFIG_%s=", name);

	for (const char *at = config; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, line, len))
			return at[len] == 'y' || at[len] == 'm';
	}
	return false;
}

bool kernel_symbols_count(struct symbol_count *symbols, size_t n)
{
	FILE *file = file_open("/proc/kallsyms");
	char line[1024], name[512], bracket[2];
	bool any = false;

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		/* In brackets: the module that a symbol belongs to. */
		int fields = sscanf(line, "%*s %*s %511s %1s", name, bracket);

		any |= fields >= 1;
		for (size_t i = 0; fields == 1 && i < n; i++)
			if (!strcmp(symbols[i].name, name))
				symbols[i].times++;
	}
	fclose(file);
	return any;
}
