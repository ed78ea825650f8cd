// SPDX-License-Identifier: GPL-2.0
/*
 * Counts the instructions of a call, on the stock kernel and with vmapeek. The
 * guest's clocks must count instructions; with others the numbers would be
 * nanoseconds.
 *
 *	instructions [-q] ROUNDS [INTERFACE]
 *
 * -q: nothing longer than 64 KiB. Each round measures everything with vmapeek
 * off, and then on. Result lines begin with "@"; bench/instructions describes
 * the columns.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "vmapeek.h"

#define MAX_ROUNDS	51
#define MAX_BATCHES	11
#define MAX_ROWS	192
#define WARM_UP		4
#define QUICK_SIZE	(64 * KIB)

enum mode { STOCK, VMAPEEK, NR_MODES };

struct row {
	enum call_kind call;
	struct memory *memory;
	size_t size;
	long result;
	double cost[NR_MODES][MAX_ROUNDS];	/* instructions per call */
	const char *outcome;	/* the counter that changed most */
};

static struct row rows[MAX_ROWS];
static int nr_rows, rounds;
static const char *only;
static bool quick;

static long long cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts them. */
static double median(double *values, int n)
{
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* If a look changes the memory, each page is read only once. */
static bool walks(const struct row *row)
{
	return row->memory == &memories[ABSENT] ||
	       (row->memory == &memories[FORK_SHARED] && row->call == VM_READV);
}

/* The distance from one look to the next. */
static size_t walk_step(const struct row *row)
{
	return row->size > PAGE ? row->size : PAGE;
}

static void add(enum call_kind call, enum memory_kind memory, size_t size)
{
	struct row *row = &rows[nr_rows];

	if (only && call != NULL_CALL &&
	    strncmp(only, call_names[call], strlen(only)))
		return;
	if (quick && size > QUICK_SIZE)
		return;
	if (nr_rows++ == MAX_ROWS)
		die("too many rows");
	row->call = call;
	row->memory = &memories[memory];
	row->size = size;
	row->memory->walks += walks(row);
}

/* Ranges without a page: each page takes a fault. */
static void add_absent_rows(enum call_kind call)
{
	add(call, ABSENT, 64 * KIB);
	add(call, ABSENT, 64 * PAGE);
	add(call, ABSENT, MIB);
}

static void add_readv_rows(const size_t *sizes, int nr_sizes)
{
	for (int m = SMALL_PAGES; m <= FILE_PAGES; m++)
		for (int i = 0; i < nr_sizes; i++)
			add(VM_READV, m, sizes[i]);
	add(VM_READV_10, SMALL_PAGES, 80);
	add(VM_READV, MANY_VMAS, 8);
	add(VM_READV_10, MANY_VMAS, 80);
	add(VM_READV, MOST_VMAS, 8);
	for (int m = TWO_PAGES; m <= OWN; m++)
		add(VM_READV, m, 8);
	add_absent_rows(VM_READV);
}

/* Interfaces that use access_remote_vm(). */
static void add_proc_rows(const size_t *sizes, int nr_sizes)
{
	static const enum memory_kind by_vmas[] = {
		SMALL_PAGES, MANY_VMAS, MOST_VMAS
	};

	for (int i = 0; i < 3; i++) {
		add(PEEK, by_vmas[i], 8);
		add(PROC_MEM, by_vmas[i], 8);
		add(PROC_CMDLINE, by_vmas[i], PAGE);
		add(PROC_ENVIRON, by_vmas[i], PAGE);
	}
	for (int i = 0; i < nr_sizes; i++)
		if (sizes[i] != 8)
			add(PROC_MEM, SMALL_PAGES, sizes[i]);
	for (int m = HUGE_PAGES; m <= FILE_PAGES; m++) {
		add(PEEK, m, 8);
		add(PROC_MEM, m, 8);
		add(PROC_MEM, m, PAGE);
		add(PROC_MEM, m, 64 * KIB);
	}
	add(POKE, SMALL_PAGES, 8);
	for (int m = TWO_PAGES; m <= ABSENT; m++) {
		add(PEEK, m, 8);
		add(PROC_MEM, m, 8);
		add(PROC_CMDLINE, m, 8);
		add(PROC_ENVIRON, m, 8);
	}
	add_absent_rows(PROC_MEM);
	add(PROC_MEM, FORK_SHARED, 8);
	/* cmdline and environ accept anonymous memory only. */
	add(PROC_CMDLINE, FILE_PAGES, 8);
	add(PROC_ENVIRON, FILE_PAGES, 8);
}

/* Only if requested by name; the series does not change these. */
static void add_maps_rows(void)
{
	static const enum memory_kind by_vmas[] = {
		TWO_PAGES, MANY_VMAS, TOUCHED_VMAS
	};

	if (!only || mainline() != MODULE)
		return;
	for (int i = 0; i < 3; i++) {
		add(PROC_MAPS, by_vmas[i], 64 * KIB);
		add(PROC_SMAPS, by_vmas[i], 64 * KIB);
		add(PROC_ROLLUP, by_vmas[i], 64 * KIB);
		add(PROC_PAGEMAP, by_vmas[i], 4 * KIB);
		add(PROC_SCAN, by_vmas[i], 4 * KIB);
	}
	add(PROC_PAGEMAP, SMALL_PAGES, 4 * KIB);
	add(PROC_SCAN, SMALL_PAGES, 4 * KIB);
}

static void add_rows(void)
{
	static const size_t sizes[] = {
		1, 8, 64, 512, 4 * KIB, 16 * KIB, 64 * KIB, MIB, 16 * MIB,
		LARGEST
	};
	const int nr_sizes = sizeof(sizes) / sizeof(*sizes);

	/* The first row, whose cost is subtracted from all others. */
	add(NULL_CALL, NO_MEMORY, 0);
	add_readv_rows(sizes, nr_sizes);
	add_proc_rows(sizes, nr_sizes);
	add_maps_rows();
	for (int i = 4; i < nr_sizes; i++)
		add(PREAD, NO_MEMORY, sizes[i]);
}

/* Keeps most batches too short for a timer interrupt. */
static int repetitions(const struct row *row)
{
	if (walks(row))
		return WALK_SIZE / walk_step(row);
	/* Each call is many reads. */
	if (row->call >= PROC_MAPS && row->call <= PROC_ROLLUP)
		return 1;
	return row->size <= 4 * KIB ? 100 : row->size <= 64 * KIB ? 20 :
	       row->size <= MIB ? 2 : 1;
}

static int batches(const struct row *row)
{
	if (walks(row))
		return 1;
	return row->size <= MIB ? MAX_BATCHES : row->size <= 16 * MIB ? 3 : 1;
}

static long repeat(const struct row *row, int times)
{
	return call_repeat(row->call, times, walks(row) ? walk_step(row) : 0);
}

static void look_at_result(struct row *row, long result, bool first)
{
	if (first)
		row->result = result;
	else if (result != row->result)
		die("%s of %s, %zu bytes: %ld, and before it was %ld",
		    call_names[row->call], row->memory->name, row->size, result,
		    row->result);
}

static void look_at_counters(struct row *row, const struct counters *before)
{
	struct counters moved = counters_since(before);
	unsigned long most = 0;

	row->outcome = "-";
	for (int i = 0; i < NR_EVENTS; i++) {
		if (moved.n[i] <= most)
			continue;
		most = moved.n[i];
		row->outcome = event_names[i];
	}
}

static double batch(struct row *row, bool first, long long overhead)
{
	int times = repetitions(row);
	long long start, end;
	long result;

	start = cpu_ns();
	result = repeat(row, times);
	end = cpu_ns();
	look_at_result(row, result, first);
	return (double)(end - start - overhead) / times;
}

static double measure(struct row *row, enum mode mode, int round,
		      long long overhead)
{
	struct memory *m = row->memory;
	bool first = mode == STOCK && round == 0;
	double costs[MAX_BATCHES];
	struct counters before;

	call_begin(row->call, m, row->size);
	if (!walks(row))
		repeat(row, first ? WARM_UP : 1);
	if (round == 0)
		before = counters_read();
	for (int i = 0; i < batches(row); i++)
		costs[i] = batch(row, first && i == 0, overhead);
	if (round == 0)
		look_at_counters(row, &before);
	if (walks(row))
		m->cursor += WALK_SIZE;
	call_end(row->call);
	return median(costs, batches(row));
}

/* The cost of reading the clock, which is part of each batch. */
static long long clock_overhead(void)
{
	double costs[MAX_BATCHES];

	for (int i = 0; i < MAX_BATCHES; i++) {
		long long start = cpu_ns();

		costs[i] = cpu_ns() - start;
	}
	return median(costs, MAX_BATCHES);
}

static void measure_all(enum mode mode, int round)
{
	long long overhead;

	if (mode == VMAPEEK)
		modules_on();
	else
		modules_off();
	overhead = clock_overhead();
	for (struct row *row = rows; row < rows + nr_rows; row++) {
		if (row->memory->prepare && !row->memory->pid)
			continue;
		row->cost[mode][round] = measure(row, mode, round, overhead);
		if (row != rows)
			row->cost[mode][round] -= rows->cost[mode][round];
	}
}

static void print_row(struct row *row)
{
	double *stock = row->cost[STOCK], *vmapeek = row->cost[VMAPEEK];
	double before = median(stock, rounds), after = median(vmapeek, rounds);

	printf("@%s\t%s\t%zu\t%ld\t%s\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.3f\n",
	       call_names[row->call], row->memory->name, row->size, row->result,
	       row->outcome, before, stock[0], stock[rounds - 1],
	       after, vmapeek[0], vmapeek[rounds - 1], after / before);
}

static int count_vmas(pid_t pid)
{
	char path[64];
	int c, n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "r");
	if (!file)
		die("%s: %s", path, strerror(errno));
	while ((c = getc(file)) != EOF)
		n += c == '\n';
	fclose(file);
	return n;
}

int main(int argc, char **argv)
{
	char version[512];

	setvbuf(stdout, NULL, _IOLBF, 0);
	quick = argc > 1 && !strcmp(argv[1], "-q");
	argc -= quick;
	argv += quick;
	rounds = argc < 2 ? 0 : atoi(argv[1]);
	if (rounds < 1 || rounds > MAX_ROUNDS || argc > 3)
		die("usage: instructions [-q] ROUNDS [INTERFACE], at most %d rounds",
		    MAX_ROUNDS);
	only = argv[2];
	add_rows();
	if (nr_rows == 1)
		die("no interface '%s'", only);
	memories_prepare(NR_MODES * rounds, quick ? HUGE_PAGE : LARGEST);
	call_setup();
	/* Wait for the work that the kernel defers at boot. */
	sleep(10);

	for (int i = 0; i < rounds; i++) {
		printf("round %d of %d\n", i + 1, rounds);
		measure_all(STOCK, i);
		measure_all(VMAPEEK, i);
	}
	modules_off();

	read_line("/proc/version", version, sizeof(version));
	printf("@# kernel: %s\n", version);
	printf("@# VMAs of the target: %d, of the one with many: %d\n",
	       count_vmas(memories[SMALL_PAGES].pid),
	       count_vmas(memories[MANY_VMAS].pid));
	for (struct row *row = rows; row < rows + nr_rows; row++)
		if (!row->memory->prepare || row->memory->pid)
			print_row(row);
	memories_stop();
	return 0;
}
