// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoint: enables it through tracefs, and compares its events with the
 * reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "bpf/programs.h"
#include "hold.h"
#include "reader.h"
#include "run.h"
#include "target.h"
#include "vmapeek.h"

#define TRACEFS		"/sys/kernel/tracing/"
#define EVENT		TRACEFS "events/vmapeek/vmapeek_remote_read/"
#define MAX_EVENTS	8
#define OTHER_VMA	(2 * PAGE)
#define HOLE		(3 * PAGE)

struct event_seen {
	int pid;
	unsigned long addr, len;
	long result;
	char reason[32];
	unsigned long long nsec;
};

static struct target *target;
static pid_t pid;
static struct event_seen seen[MAX_EVENTS];
static int nr_seen;

/* Two resident pages, another VMA with an untouched page, then a hole. */
static void prepare(struct target *t)
{
	char *p = map(t, 4 * PAGE);

	pattern_fill(p, OTHER_VMA);
	if (mprotect(p + OTHER_VMA, PAGE, PROT_READ))
		broken(t, "mprotect");
	if (munmap(p + HOLE, PAGE))
		broken(t, "munmap");
	t->addr = (unsigned long)p;
}

static void trace_on(void)
{
	char of_this_task[32];

	snprintf(of_this_task, sizeof(of_this_task), "%d", getpid());
	write_line(TRACEFS "set_event_pid", of_this_task);
	close(open(TRACEFS "trace", O_WRONLY | O_TRUNC));
	write_line(EVENT "enable", "1");
}

static void trace_off(void)
{
	write_line(EVENT "enable", "0");
}

/* Reads the events from the trace. */
static void trace_read(void)
{
	FILE *f = fopen(TRACEFS "trace", "r");
	char line[512], *text;
	struct event_seen *e;

	if (!f)
		die("no trace");
	nr_seen = 0;
	while (fgets(line, sizeof(line), f)) {
		text = strstr(line, "vmapeek_remote_read: ");
		if (!text)
			continue;
		assert_true(nr_seen < MAX_EVENTS);
		e = &seen[nr_seen++];
		assert_int_equal(sscanf(text, "vmapeek_remote_read: pid=%d addr=%lx len=%lu result=%ld reason=%31s nsec=%llu",
					&e->pid, &e->addr, &e->len, &e->result,
					e->reason, &e->nsec), 6);
	}
	fclose(f);
}

static void is_event(int i, unsigned long addr, unsigned long len, long result,
		     const char *reason)
{
	assert_true(i < nr_seen);
	assert_int_equal(seen[i].pid, pid);
	assert_int_equal(seen[i].addr, addr);
	assert_int_equal(seen[i].len, len);
	assert_int_equal(seen[i].result, result);
	assert_string_equal(seen[i].reason, reason);
	assert_true(seen[i].nsec > 0);
}

/* One read, which has one event. */
static void one(enum interface how, unsigned long offset, size_t len,
		ssize_t want, long result, const char *reason)
{
	unsigned char buf[64] = { 0 };
	ssize_t got;

	trace_on();
	got = remote_read(how, pid, target->addr + offset, buf, len);
	trace_off();
	trace_read();
	assert_int_equal(got, want);
	if (!strcmp(reason, "fast"))
		for (ssize_t i = 0; i < got; i++)
			assert_int_equal(buf[i], pattern(offset + i));
	assert_int_equal(nr_seen, 1);
	is_event(0, target->addr + offset, len, result, reason);
}

static void fast(void **state)
{
	(void)state;
	one(MEM, 100, 8, 8, 8, "fast");
	one(PEEKDATA, 64, 8, 8, 8, "fast");
	one(READV, 100, 40, 40, 40, "fast");
}

/* The reason for the slow path, and its result; errors may be fast. */
static void slow(void **state)
{
	(void)state;
	one(MEM, OTHER_VMA - 4, 8, 8, 8, "leaves_vma");
	one(MEM, HOLE + 100, 8, -EIO, 0, "fast");
	one(READV, HOLE + 100, 8, -EFAULT, -EFAULT, "fast");
}

/* Strings read by BPF. */
static void strings(void **state)
{
	const char *lacking = bpf_lacks(BPF_STRING);
	unsigned char buf[40];

	(void)state;
	if (lacking)
		skip_lacking(lacking);
	trace_on();
	assert_int_equal(bpf_read(BPF_STRING, pid, target->addr + 100, buf,
				  sizeof(buf)), sizeof(buf));
	/* Four bytes, and the NUL in the other VMA. */
	assert_int_equal(bpf_read(BPF_STRING, pid,
				  target->addr + OTHER_VMA - 4, buf, 8), 5);
	assert_int_equal(bpf_read(BPF_STRING, pid, target->addr + HOLE, buf,
				  sizeof(buf)), -EFAULT);
	trace_off();
	trace_read();
	assert_int_equal(nr_seen, 3);
	is_event(0, target->addr + 100, 40, 39, "fast");
	is_event(1, target->addr + OTHER_VMA - 4, 8, 4, "leaves_vma");
	is_event(2, target->addr + HOLE, 40, -EFAULT, "fast");
}

static void segments(void **state)
{
	char buf[64];
	struct iovec local = { buf, sizeof(buf) };
	struct iovec remote[] = {
		{ (void *)(target->addr + 10), 20 },
		{ (void *)(target->addr + PAGE - 4), 4 },
	};

	(void)state;
	trace_on();
	assert_int_equal(process_vm_readv(pid, &local, 1, remote, 2, 0), 24);
	trace_off();
	trace_read();
	assert_int_equal(nr_seen, 2);
	is_event(0, target->addr + 10, 20, 20, "fast");
	is_event(1, target->addr + PAGE - 4, 4, 4, "fast");
}

static void nothing_when_off(void **state)
{
	char buf[8];

	(void)state;
	trace_on();
	trace_off();
	assert_int_equal(remote_read(MEM, pid, target->addr, buf, 8), 8);
	trace_read();
	assert_int_equal(nr_seen, 0);
}

/*
 * Such a reader waits inside the module: it delays switching off, and can
 * return.
 */
static void switched_off_while_a_reader_waits(void **state)
{
	int hold, status;
	pid_t reader;
	char buf[8];

	(void)state;
	hold = hold_begin("write", pid);
	hold_wait(hold, "held");
	trace_on();
	reader = fork();
	if (!reader) {
		/*
		 * The lock is released when the last process closes the file.
		 */
		close(hold);
		_exit(remote_read(MEM, pid, target->addr + OTHER_VMA - 4, buf,
				  8) != 8);
	}
	while (!waits_for_mmap_lock(reader)) {
		assert_int_equal(waitpid(reader, &status, WNOHANG), 0);
		usleep(1000);
	}

	assert_int_equal(vmapeek_enable(false), 0);
	usleep(2000000);
	assert_true(vmapeek_in_transition());
	trace_off();
	close(hold);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	vmapeek_off();
	assert_false(vmapeek_is_loaded());
	vmapeek_on();
}

/* Unloading while the event is enabled disables it. */
static void unloaded_while_on(void **state)
{
	char text[8];

	(void)state;
	trace_on();
	vmapeek_off();
	assert_false(read_line(EVENT "enable", text, sizeof(text)));
	vmapeek_on();
	assert_true(read_line(EVENT "enable", text, sizeof(text)));
	assert_string_equal(text, "0");
}

static void begin(void)
{
	target = target_alloc();
	pid = target_start(prepare, target);
	if (target->broken[0])
		die("target: %s", target->broken);
	vmapeek_on();
}

static void end(void)
{
	vmapeek_off();
	target_stop(pid);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast),
		cmocka_unit_test(slow),
		cmocka_unit_test(strings),
		cmocka_unit_test(segments),
		cmocka_unit_test(nothing_when_off),
		cmocka_unit_test(switched_off_while_a_reader_waits),
		cmocka_unit_test(unloaded_while_on),
	};
	int failed;

	select_tests(argc, argv);
	bpf_start();
	begin();
	failed = run_selected("tracing", tests, ARRAY_SIZE(tests), 280);
	end();
	return failed;
}
