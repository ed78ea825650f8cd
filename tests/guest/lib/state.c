// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"
#include "vmapeek.h"

#define TEXT_SIZE	(1 << 20)

/* Without Pss, which depends on other users of a page. */
static const char *const fields[] = {
	"Rss", "Shared_Clean", "Shared_Dirty", "Private_Clean",
	"Private_Dirty", "Referenced", "Anonymous", "KSM", "LazyFree",
	"AnonHugePages", "ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb",
	"Private_Hugetlb", "Swap", "Locked", "VmFlags",
};

struct kept {
	struct kept *next;
	char *name, *text;
};

void state_clear_referenced(pid_t pid)
{
	char path[64];

	/*
	 * New pages may lose the mark when they move from a CPU's batch to a
	 * list. Dropping caches drains the batches.
	 */
	write_line("/proc/sys/vm/drop_caches", "1");
	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	write_line(path, "1");
}

static bool is_field(const char *line)
{
	size_t len = strcspn(line, ":");

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strlen(fields[i]) == len && !strncmp(line, fields[i], len))
			return true;
	return false;
}

/* Remove blanks, except one between words. */
static void squeeze(char *line)
{
	char *to = line;

	for (char *from = line; *from; from++)
		if (*from != ' ' || (from[1] != ' ' && to > line))
			*to++ = *from;
	*to = '\0';
}

void state_text(char *text, size_t size, pid_t pid, unsigned long start,
		unsigned long end)
{
	unsigned long first, last;
	char path[64], line[512];
	char where[64] = "";
	size_t len = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	file = fopen(path, "r");
	if (!file)
		die("no %s", path);
	text[0] = '\0';
	while (fgets(line, sizeof(line), file) && len < size) {
		if (sscanf(line, "%lx-%lx ", &first, &last) == 2) {
			where[0] = '\0';
			if (first < end && last > start)
				snprintf(where, sizeof(where), "%lx-%lx",
					 first - start, last - start);
		} else if (where[0] && is_field(line)) {
			squeeze(line);
			len += snprintf(text + len, size - len, "%s %s",
					where, line);
		}
	}
	fclose(file);
}

static size_t line_len(const char *text)
{
	return strcspn(text, "\n");
}

/* Prints the first lines that differ; of other mappings, many differ. */
static void print_difference(const char *name, const char *a, const char *b)
{
	int shown = 0;

	while ((*a || *b) && shown < 20) {
		int len_a = line_len(a), len_b = line_len(b);

		if (len_a != len_b || strncmp(a, b, len_a)) {
			printf("# %s: first \"%.*s\", then \"%.*s\"\n", name,
			       len_a, a, len_b, b);
			shown++;
		}
		a += len_a + (a[len_a] == '\n');
		b += len_b + (b[len_b] == '\n');
	}
}

long state_keep(const char *name, const char *text)
{
	static struct kept *all;
	struct kept *k = all;

	while (k && strcmp(k->name, name))
		k = k->next;
	if (k) {
		print_difference(name, k->text, text);
	} else {
		k = malloc(sizeof(*k));
		if (!k)
			die("no memory");
		*k = (struct kept){ all, strdup(name), strdup(text) };
		all = k;
	}
	return hash_bytes(0, text, strlen(text));
}

long state_of(const char *name, pid_t pid, unsigned long start,
	      unsigned long end)
{
	static char text[TEXT_SIZE];

	state_text(text, sizeof(text), pid, start, end);
	return state_keep(name, text);
}

/* Eight bytes at a time, because emulation is slow. */
unsigned long hash_bytes(unsigned long hash, const void *bytes, size_t size)
{
	const unsigned char *p = bytes;
	uint64_t word;

	hash ^= 0xcbf29ce484222325;
	for (; size >= sizeof(word); size -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3;
		hash ^= hash >> 32;
	}
	for (; size; size--, p++)
		hash = (hash ^ *p) * 0x100000001b3;
	return hash;
}
