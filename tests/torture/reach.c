// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmapeek.h"
#include "reach.h"

#define TRACING		"/sys/kernel/tracing"
#define INSTANCE	TRACING "/instances/torture"
#define EVENTS		INSTANCE "/events/torture"
/* The name of reader tasks, which turn.c sets. */
#define READER_NAME	"reader"
#define MAX_TASKS	1024

/* Page faults in the target, under the VMA's lock, by their flags. */
#define FAULT_FUNCTION	"handle_mm_fault"
#define FAULT_FLAGS	"flags=%dx:u32"
#define FAULT_FILTER	"comm == \"" READER_NAME "\" && flags & 4096 && flags & 128"

#define NR_READS	3

/* Number of rows of the play that are traced now. */
static unsigned int followed;
/* Does the trace end when the function of one has run? */
static bool may_end;

static const char *const reads[NR_READS] = {
	"remote_read", "remote_readv", "remote_mem_read",
};

/*
 * Their counterparts in the series. Like remote_readv() they include the wait
 * for the mmap lock, because nobody reads a VMA that is write-locked.
 */
static const char *const patched_reads[NR_READS] = {
	"__access_remote_vm", "pin_user_pages_remote_unlocked",
};

/* NULL after the last one. */
static const char *read_function(unsigned int i)
{
	return mainline() == PATCHED ? patched_reads[i] : reads[i];
}

static bool append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) ==
				     (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

static void clear(const char *path)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		die("cannot clear %s: %s", path, strerror(errno));
	close(fd);
}

/* Adds events for the entry of a function, with arguments, and for its exit. */
static bool probe(const char *prefix, unsigned int nr, const char *function,
		  const char *arguments)
{
	char text[160];

	snprintf(text, sizeof(text), "p:torture/%si%u %s %s\n", prefix, nr,
		 function, arguments);
	if (!append(TRACING "/kprobe_events", text))
		return false;
	snprintf(text, sizeof(text), "r:torture/%so%u %s\n", prefix, nr,
		 function);
	return append(TRACING "/kprobe_events", text);
}

static void enable(const char *prefix, unsigned int nr, bool on)
{
	char path[160];

	for (const char *way = "io"; *way; way++) {
		snprintf(path, sizeof(path), EVENTS "/%s%c%u/enable", prefix,
			 *way, nr);
		write_line(path, on ? "1" : "0");
	}
}

static bool has_symbol(const char *name)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512], symbol[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %*s %255s", symbol) == 1 &&
			!strcmp(symbol, name);
	if (file)
		fclose(file);
	return found;
}

/* Probe the first function of the row that this kernel has. */
static void prepare_row(unsigned int nr)
{
	struct row *row = &rows[nr];

	if (row->needs && !has_symbol(row->needs))
		return;
	for (int i = 0; i < MAX_FUNCTIONS && !row->found && row->functions[i];
	     i++)
		if (probe("row_", nr, row->functions[i], ""))
			row->found = row->functions[i];
}

bool reach_prepare(void)
{
	const char *module = mainline() == MODULE ? "vmapeek:" : "";
	char name[128];

	if (mkdir(INSTANCE, 0755) && errno != EEXIST)
		return false;
	write_line(INSTANCE "/trace_clock", "global");
	write_line(INSTANCE "/buffer_size_kb", "1024");
	for (unsigned int i = 0; i < NR_READS && read_function(i); i++) {
		snprintf(name, sizeof(name), "%s%s", module, read_function(i));
		if (!probe("read_", i, name, ""))
			return false;
	}
	if (!probe("fault_", 0, FAULT_FUNCTION, FAULT_FLAGS))
		return false;
	write_line(EVENTS "/fault_i0/filter", FAULT_FILTER);
	write_line(EVENTS "/fault_o0/filter", "comm == \"" READER_NAME "\"");
	for (unsigned int i = 0; i < nr_rows; i++)
		prepare_row(i);
	return true;
}

/* The number of calls of row @nr so far, from "  row_iNR HITS MISSED" lines. */
static unsigned long runs(unsigned int nr)
{
	char line[256], name[128], wanted[32];
	unsigned long hits, missed, sum = 0;
	FILE *file = fopen(TRACING "/kprobe_profile", "r");

	snprintf(wanted, sizeof(wanted), "row_i%u", nr);
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " %127s %lu %lu", name, &hits, &missed) == 3 &&
		    !strcmp(name, wanted))
			sum = hits + missed;
	if (file)
		fclose(file);
	return sum;
}

/*
 * A row that a read has met is not traced again: its events, a million in some
 * plays, would displace those of the unmet rows in the buffer.
 */
static bool is_followed(const struct row *row, const char *play)
{
	return row->found && !row->met && !strcmp(row->play, play);
}

static void trace_until(unsigned int nr, bool set)
{
	char path[160];

	snprintf(path, sizeof(path), EVENTS "/row_o%u/trigger", nr);
	append(path, set ? "traceoff\n" : "!traceoff\n");
}

static bool is_of_fault(const struct row *row)
{
	return row->kind == WHILE_FAULT || row->kind == BY_FAULT;
}

static void follow(unsigned int nr, bool on)
{
	rows[nr].runs += on ? -runs(nr) : runs(nr);
	enable("row_", nr, on);
}

static void trace_on(void)
{
	clear(INSTANCE "/trace");
	write_line(INSTANCE "/tracing_on", "1");
}

/* Selects whether the trace ends when the function of a row has run. */
static void set_end(const char *play, bool set)
{
	for (unsigned int i = 0; i < nr_rows; i++)
		if (is_followed(&rows[i], play))
			trace_until(i, set);
	may_end = set;
}

static void enable_reads(bool on)
{
	for (unsigned int i = 0; i < NR_READS && read_function(i); i++)
		enable("read_", i, on);
}

void reach_start(const char *play)
{
	bool faults = false;

	followed = 0;
	for (unsigned int i = 0; i < nr_rows; i++) {
		if (!is_followed(&rows[i], play))
			continue;
		followed++;
		faults = faults || is_of_fault(&rows[i]);
		follow(i, true);
	}
	if (!followed)
		return;
	enable_reads(true);
	if (faults)
		enable("fault_", 0, true);
	trace_on();
}

/* State of a task while the trace is evaluated. */
struct task {
	int pid;
	bool reads;
	bool faults;	/* in the target's memory */
	bool in_row;
	bool met;	/* the condition held while it was in the row */
};

static struct task tasks[MAX_TASKS];
static unsigned int nr_tasks, nr_reading, nr_faulting;

static struct task *task_of(int pid)
{
	for (unsigned int i = 0; i < nr_tasks; i++)
		if (tasks[i].pid == pid)
			return &tasks[i];
	if (nr_tasks == MAX_TASKS)
		nr_tasks = nr_reading = nr_faulting = 0;
	tasks[nr_tasks] = (struct task){ .pid = pid };
	return &tasks[nr_tasks++];
}

/* A read, or its fault, began: all other tasks in the row have met it. */
static void meet(const struct task *reader)
{
	for (unsigned int i = 0; i < nr_tasks; i++)
		if (tasks[i].in_row && &tasks[i] != reader)
			tasks[i].met = true;
}

/* Set or clear the state @is_in of a task; @nr counts the tasks in it. */
static void set_in(bool *is_in, unsigned int *nr, bool entered)
{
	if (*is_in != entered)
		*nr += entered ? 1 : -1;
	*is_in = entered;
}

static void saw_fault(const struct row *row, struct task *t, bool entered)
{
	set_in(&t->faults, &nr_faulting, entered);
	if (entered && row->kind == WHILE_FAULT)
		meet(t);
}

static void saw_read(const struct row *row, struct task *t, bool entered)
{
	set_in(&t->reads, &nr_reading, entered);
	if (entered && row->kind == WHILE_READ)
		meet(t);
	/* The trace may have missed the end of a fault. */
	if (!entered)
		saw_fault(row, t, false);
}

/* Does it meet the condition that @t runs the function of @row now? */
static bool counts(const struct row *row, const struct task *t)
{
	switch (row->kind) {
	case WHILE_READ:
		return nr_reading > t->reads;
	case WHILE_FAULT:
		return nr_faulting > t->faults;
	case BY_FAULT:
		return t->faults;
	default:
		return true;
	}
}

static void saw_row(struct row *row, struct task *t, const char *comm,
		    bool entered)
{
	bool is_reader = !strncmp(comm, READER_NAME, strlen(READER_NAME));

	if (entered) {
		t->in_row = true;
		t->met = counts(row, t);
		return;
	}
	if (!t->in_row)
		return;
	t->in_row = false;
	row->traced++;
	/* A reader changes its own tables, too, but nobody reads those. */
	if (is_reader == (row->kind == BY_READER || row->kind == BY_FAULT))
		row->met += t->met;
}

/* "COMM-PID [CPU] FLAGS TIME: EVENT: ...", for row @nr. */
static void saw_line(char *line, unsigned int nr)
{
	char *cpu = strstr(line, " ["), *pid, *event, *comm = line;
	struct task *t;
	unsigned int n;
	char way;

	if (!cpu)
		return;
	*cpu = '\0';
	event = strstr(cpu + 1, ": ");
	pid = strrchr(line, '-');
	if (!event || !pid)
		return;
	event += 2;
	comm += strspn(comm, " ");
	t = task_of(atoi(pid + 1));
	if (sscanf(event, "read_%c%u:", &way, &n) == 2)
		saw_read(&rows[nr], t, way == 'i');
	else if (sscanf(event, "fault_%c%u:", &way, &n) == 2)
		saw_fault(&rows[nr], t, way == 'i');
	else if (sscanf(event, "row_%c%u:", &way, &n) == 2 && n == nr)
		saw_row(&rows[nr], t, comm, way == 'i');
}

static void look_at_trace(unsigned int nr)
{
	char line[512];
	FILE *file = fopen(INSTANCE "/trace", "r");

	nr_tasks = nr_reading = nr_faulting = 0;
	while (file && fgets(line, sizeof(line), file))
		if (line[0] != '#')
			saw_line(line, nr);
	if (file)
		fclose(file);
}

static bool is_tracing(void)
{
	char on[8];

	return read_line(INSTANCE "/tracing_on", on, sizeof(on)) &&
	       on[0] == '1';
}

/* Evaluate the trace. Stop tracing the rows that a read has met, or all. */
static void look_at_rows(const char *play, bool all)
{
	for (unsigned int i = 0; i < nr_rows; i++) {
		if (!is_followed(&rows[i], play))
			continue;
		look_at_trace(i);
		if (!rows[i].met && !all)
			continue;
		follow(i, false);
		followed--;
	}
}

void reach_look(const char *play)
{
	if (!followed)
		return;
	/* Not at once: the trace must have the start of each current read. */
	if (!may_end) {
		set_end(play, true);
		return;
	}
	if (is_tracing())
		return;
	set_end(play, false);
	look_at_rows(play, false);
	if (followed)
		trace_on();
}

void reach_stop(const char *play)
{
	write_line(INSTANCE "/tracing_on", "0");
	set_end(play, false);
	look_at_rows(play, true);
	enable_reads(false);
	enable("fault_", 0, false);
}

void reach_end(void)
{
	rmdir(INSTANCE);
	clear(TRACING "/kprobe_events");
}
