// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel sums up the events itself, by a histogram trigger in a tracing
 * instance of our own: nothing is copied for each event, and other users of the
 * tracepoint are not disturbed.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command.h"
#include "files.h"
#include "output.h"
#include "readers.h"

#define TRACING		"/sys/kernel/tracing"
#define INSTANCE	TRACING "/instances/vmapeek"
#define EVENT		"/events/vmapeek/vmapeek_remote_read"

/* Entries. Each is a reading task, a process that is read, and a reason. */
#define TABLE_SIZE	8192

#define HISTOGRAM							\
	"hist:keys=common_pid.execname,pid,reason:vals=nsec:t=nsec:"	\
	"size=8192:onmax($t).save(len)"

/* The previous content of the kernel's table, which is cumulative. */
static struct entry {
	int tid;
	struct reader reader;
} *last;
static size_t nr_last;

/* A file lock, held while the command runs: there is one instance. */
static int lock = -1;

/* An open perf event, which keeps the module loaded. */
static int pin = -1;

/*
 * A histogram trigger does not pin the module. If the module is unloaded while
 * a trigger with variables exists, its instance stays until the next boot.
 */
static int pin_module(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.disabled = 1,
	};
	char id[32];

	if (!file_line(id, sizeof(id), TRACING EVENT "/id"))
		return errno;
	attr.config = atoi(id);
	pin = syscall(SYS_perf_event_open, &attr, 0, -1, -1,
		      PERF_FLAG_FD_CLOEXEC);
	return pin < 0 ? errno : 0;
}

/* Permit one instance. The lock ends with this process, however it ends. */
static int lock_instances(void)
{
	char *path = file_path(TRACING "/instances");
	int error = 0;

	lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB))
		error = errno;
	free(path);
	return error;
}

static void remove_instance(void)
{
	char *path = file_path(INSTANCE);

	file_write("!" HISTOGRAM, INSTANCE EVENT "/trigger");
	rmdir(path);
	free(path);
}

static int make_instance(void)
{
	char *path = file_path(INSTANCE);
	int error = 0;

	/* Remove the instance of a killed command. */
	remove_instance();
	if (mkdir(path, 0700))
		error = errno;
	free(path);
	return error;
}

static int step_failed(int error, char *why, size_t size, const char *what)
{
	if (error)
		snprintf(why, size, "%s: %s", what, strerror(error));
	return error;
}

static int begin(char *why, size_t size)
{
	int error;

	if (!file_exists(TRACING "/instances")) {
		snprintf(why, size, "there is no tracefs: run 'mount -t tracefs none " TRACING "'");
		return ENOENT;
	}
	if (!file_exists(TRACING EVENT)) {
		snprintf(why, size, "the module is not loaded: run 'vmapeek on' first");
		return ENODEV;
	}
	error = lock_instances();
	if (error == EWOULDBLOCK) {
		snprintf(why, size, "another 'vmapeek watch --by-reader' is running: end it first");
		return error;
	}
	error = step_failed(error, why, size, "cannot lock " TRACING) ?:
		step_failed(pin_module(), why, size,
			    "cannot open an event of the module") ?:
		step_failed(make_instance(), why, size,
			    "cannot create the tracing instance vmapeek");
	if (error)
		return error;
	error = step_failed(file_write(HISTOGRAM, INSTANCE EVENT "/trigger"),
			    why, size,
			    "the kernel does not support histograms (CONFIG_HIST_TRIGGERS)");
	if (error)
		readers_end();
	return error;
}

int readers_begin(char *why, size_t size)
{
	if (!*files_root() && geteuid()) {
		snprintf(why, size, "only root may do this: run 'sudo vmapeek watch --by-reader'");
		return EPERM;
	}
	return begin(why, size);
}

void readers_end(void)
{
	remove_instance();
	close(pin);
	close(lock);
}

void readers_free(struct readers *r)
{
	free(r->reader);
	*r = (struct readers) { 0 };
}

static struct reader *reader_of(struct readers *r, const struct reader *like)
{
	struct reader *new;

	for (size_t i = 0; i < r->n; i++)
		if (r->reader[i].target == like->target &&
		    !strcmp(r->reader[i].comm, like->comm) &&
		    !strcmp(r->reader[i].reason, like->reason))
			return &r->reader[i];
	r->reader = reallocarray(r->reader, r->n + 1, sizeof(*r->reader));
	if (!r->reader)
		err(EXIT_FAILED, "out of memory");
	new = &r->reader[r->n++];
	*new = *like;
	new->reads = new->nsec = new->max_nsec = 0;
	return new;
}

static struct entry *last_of(const struct entry *like)
{
	for (size_t i = 0; i < nr_last; i++)
		if (last[i].tid == like->tid &&
		    last[i].reader.target == like->reader.target &&
		    !strcmp(last[i].reader.reason, like->reader.reason))
			return &last[i];
	last = reallocarray(last, nr_last + 1, sizeof(*last));
	if (!last)
		err(EXIT_FAILED, "out of memory");
	last[nr_last] = *like;
	last[nr_last].reader.reads = last[nr_last].reader.nsec = 0;
	return &last[nr_last++];
}

static void add(struct readers *r, const struct entry *now)
{
	struct reader *sum = reader_of(r, &now->reader);
	struct entry *before = last_of(now);

	sum->reads += now->reader.reads - before->reader.reads;
	sum->nsec += now->reader.nsec - before->reader.nsec;
	if (now->reader.max_nsec > sum->max_nsec)
		sum->max_nsec = now->reader.max_nsec;
	*before = *now;
}

/*
 * { common_pid: ps  [  12], pid:  34, reason: fast  } hitcount:  5  nsec:  678
 *	max:  234  len:  8
 */
static bool parse_keys(const char *line, struct entry *e)
{
	const char *comm = strstr(line, "common_pid: "), *pid, *reason;
	size_t len;

	*e = (struct entry) { 0 };
	/* A name may have brackets in it. */
	pid = comm ? strstr(comm, "], pid:") : NULL;
	reason = pid ? strstr(pid, ", reason: ") : NULL;
	if (!reason || sscanf(pid, "], pid: %d", &e->reader.target) != 1 ||
	    sscanf(reason, ", reason: %31s", e->reader.reason) != 1)
		return false;
	comm += strlen("common_pid: ");
	len = pid - comm;
	while (len && comm[len - 1] != '[')
		len--;
	if (!len || sscanf(comm + len, "%d", &e->tid) != 1)
		return false;
	len--;
	while (len && comm[len - 1] == ' ')
		len--;
	snprintf(e->reader.comm, sizeof(e->reader.comm), "%.*s", (int)len,
		 comm);
	make_printable(e->reader.comm);
	return true;
}

static bool parse_values(const char *line, struct entry *e)
{
	const char *at = strstr(line, "} hitcount:");

	return at && sscanf(at, "} hitcount: %llu nsec: %llu",
			    &e->reader.reads, &e->reader.nsec) == 2;
}

/* Empty the table, so that short-lived readers do not fill it. */
static void empty_table(void)
{
	file_write(HISTOGRAM ":clear", INSTANCE EVENT "/trigger");
	nr_last = 0;
}

bool readers_read(struct readers *r)
{
	FILE *file = file_open(INSTANCE EVENT "/hist");
	unsigned long long entries = 0;
	struct entry e, last_line;
	char line[512];
	bool open = false;

	if (!file)
		return false;
	for (size_t i = 0; i < r->n; i++)
		r->reader[i].reads = r->reader[i].nsec = 0;
	while (fgets(line, sizeof(line), file)) {
		if (parse_keys(line, &last_line) &&
		    parse_values(line, &last_line)) {
			e = last_line;
			open = true;
		}
		if (open && sscanf(line, " max: %llu",
				   &e.reader.max_nsec) == 1) {
			add(r, &e);
			open = false;
		}
		sscanf(line, " Entries: %llu", &entries);
		sscanf(line, " Dropped: %llu", &r->dropped);
	}
	fclose(file);
	if (entries > TABLE_SIZE / 2)
		empty_table();
	return true;
}
