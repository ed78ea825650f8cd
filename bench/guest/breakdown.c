// SPDX-License-Identifier: GPL-2.0
/*
 * Reads of another process in a loop, between markers for the plugin, which
 * counts the instructions executed there. The guest's clocks must count
 * instructions.
 *
 * Lines for bench/breakdown begin with "@": for each section, in the order of
 * the markers, "section", interface, size, mode, number of calls, instructions
 * per call by the clock; "object", then a line of the module objects about the
 * target process; and "symbol", address and name of each function.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "marker.h"
#include "vmapeek.h"

/* Some batches contain a timer interrupt; the median counts. */
#define BATCHES		5
#define WARM_UP		4

static const struct row {
	enum call_kind call;
	enum memory_kind memory;
	size_t size;
	unsigned int times;
} rows[] = {
	{ NULL_CALL, NO_MEMORY, 0, 50 },
	{ PEEK, SMALL_PAGES, 8, 50 },
	{ PROC_MEM, SMALL_PAGES, 8, 50 },
	{ PROC_CMDLINE, SMALL_PAGES, PAGE, 50 },
	{ PROC_ENVIRON, SMALL_PAGES, PAGE, 50 },
	{ VM_READV, SMALL_PAGES, 8, 50 },
	{ VM_READV, SMALL_PAGES, MIB, 1 },
};

#define NR_ROWS		((int)(sizeof(rows) / sizeof(*rows)))
#define MAX_SECTIONS	(NR_MODES * NR_ROWS * BATCHES)

enum mode { STOCK, VMAPEEK, NR_MODES };

/* Printed at the end: the receiver of the lines would run in between. */
static double took[MAX_SECTIONS];
static int nr_sections;

static long long cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void section(const struct row *row)
{
	long long start, end, clock;

	start = cpu_ns();
	clock = cpu_ns() - start;
	start = cpu_ns();
	marker(MARKER_BEGIN);
	call_repeat(row->call, row->times, 0);
	marker(MARKER_END);
	end = cpu_ns();
	took[nr_sections++] = (double)(end - start - clock) / row->times;
}

static void measure_all(void)
{
	for (const struct row *row = rows; row < rows + NR_ROWS; row++) {
		call_begin(row->call, &memories[row->memory], row->size);
		call_repeat(row->call, WARM_UP, 0);
		for (int i = 0; i < BATCHES; i++)
			section(row);
		call_end(row->call);
	}
}

static void print_sections(void)
{
	int n = 0;

	for (int mode = STOCK; mode < NR_MODES; mode++)
		for (int r = 0; r < NR_ROWS; r++)
			for (int i = 0; i < BATCHES; i++)
				printf("@section\t%s\t%zu\t%s\t%u\t%.2f\n",
				       call_names[rows[r].call], rows[r].size,
				       mode == STOCK ? "stock" : "vmapeek",
				       rows[r].times, took[n++]);
}

static void print_objects(pid_t pid)
{
	const char *path = "/sys/module/objects/parameters/of";
	char number[16], line[128];
	FILE *file;

	snprintf(number, sizeof(number), "%d", pid);
	write_line(path, number);
	file = fopen(path, "r");
	if (!file)
		die("no module objects");
	while (fgets(line, sizeof(line), file))
		printf("@object\t%s", line);
	fclose(file);
}

/* Printed in large pieces, because each write goes to the host separately. */
static void print_symbols(void)
{
	FILE *symbols = fopen("/proc/kallsyms", "r"), *out = fdopen(1, "w");
	char line[512];

	if (!symbols || !out || setvbuf(out, NULL, _IOFBF, 64 * KIB))
		die("no symbols");
	while (fgets(line, sizeof(line), symbols)) {
		char *type = strchr(line, ' ');

		/* Address, type, name; then a tab and the module, if any. */
		if (!type || !strchr("tTwW", type[1]))
			continue;
		*type = '\0';
		type[3 + strcspn(type + 3, "\t\n")] = '\0';
		fprintf(out, "@symbol\t%s\t%s\n", line, type + 3);
	}
	fclose(symbols);
	fclose(out);
}

int main(void)
{
	char version[512];

	setvbuf(stdout, NULL, _IOLBF, 0);
	memories_prepare_one(SMALL_PAGES, HUGE_PAGE);
	call_setup();
	/* Wait for the work that the kernel defers at boot. */
	sleep(10);

	vmapeek_off();
	measure_all();
	vmapeek_on();
	measure_all();
	print_sections();
	print_objects(memories[SMALL_PAGES].pid);
	read_line("/proc/version", version, sizeof(version));
	printf("@# kernel: %s\n", version);
	/* The module's symbols exist only while it is loaded. */
	print_symbols();
	return 0;
}
