// SPDX-License-Identifier: GPL-2.0
/*
 * Debian's programs that read another process: their output is the same with
 * vmapeek off and on, and their reads take no mmap lock. strace itself shows
 * which of them use process_vm_readv().
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hold.h"
#include "run.h"
#include "target.h"
#include "vmapeek.h"

#define OUT		"/tmp/tool.out"
#define CALLS		"/tmp/tool.calls"
#define MAX_OUT		(256 * KIB)
#define TEXT_SIZE	12000	/* more than one page */

/*
 * The target process: it waits for a byte in nested functions, then makes some
 * system calls with arguments in memory, and exits.
 */
char text[TEXT_SIZE] = "text of the target, 0123456789";
int number = 424242;

static void __attribute__((noinline)) inner(void)
{
	struct iovec iov[] = { { text, 20 }, { text + 5000, 3000 } };
	int fd = open("/dev/null", O_WRONLY);
	char byte;

	if (read(0, &byte, 1) != 1)
		_exit(1);
	if (write(fd, text, TEXT_SIZE) != TEXT_SIZE ||
	    writev(fd, iov, 2) != 3020 ||
	    write(fd, "literal", 7) != 7 ||
	    access("/a/path/that/does/not/exist", F_OK) != -1 ||
	    truncate("/another", 5) != -1)
		_exit(1);
	_exit(0);
}

static void __attribute__((noinline)) outer(void)
{
	inner();
	/* Not a tail call. */
	asm volatile("");
}

static int target_main(void)
{
	for (size_t i = 30; i < TEXT_SIZE; i++)
		text[i] = 'a' + i % 26;
	outer();
	return 1;
}

struct tool {
	const char *name;
	const char *command;	/* the PID is appended */
	const char *attached;	/* stderr contains it when attached */
	const char *must_say[4];
	bool readv;		/* by process_vm_readv(); gdb by mem */
};

struct look {
	char out[MAX_OUT];
	unsigned long fast;
};

/* Execute the target, at the same addresses each time. */
static pid_t target_exec(int *go)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		die("pipe: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		personality(ADDR_NO_RANDOMIZE);
		dup2(ends[0], 0);
		close_range(3, ~0U, 0);
		execl("/proc/self/exe", "target", "target", NULL);
		_exit(1);
	}
	close(ends[0]);
	*go = ends[1];
	return pid;
}

static bool is_in(const char *path, const char *what)
{
	static char all[MAX_OUT];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, all, sizeof(all) - 1);

	close(fd);
	all[n > 0 ? n : 0] = '\0';
	return strstr(all, what);
}

static pid_t tool_start(const struct tool *tool, pid_t target, bool traced)
{
	char line[512];
	pid_t pid;

	snprintf(line, sizeof(line),
		 "exec %s%s%d >" OUT " 2>" OUT ".err </dev/null",
		 traced ? "strace -f -qq -e trace=process_vm_readv -o " CALLS
			  " " : "",
		 tool->command, target);
	unlink(OUT ".err");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close_range(3, ~0U, 0);
		execl("/bin/sh", "sh", "-c", line, NULL);
		_exit(127);
	}
	return pid;
}

/* Replace PIDs by one letter; they are the only part that may differ. */
static void replace_pid(char *out, pid_t pid)
{
	char decimal[16];
	char *at = out;
	size_t len = snprintf(decimal, sizeof(decimal), "%d", pid);

	while ((at = strstr(at, decimal))) {
		/* A part of another number, perhaps a hexadecimal one */
		if ((at > out && isalnum((unsigned char)at[-1])) ||
		    isalnum((unsigned char)at[len])) {
			at += len;
			continue;
		}
		*at++ = 'P';
		memmove(at, at + len - 1, strlen(at + len - 1) + 1);
	}
}

static void read_out(char *out, pid_t pid)
{
	int fd = open(OUT, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, out, MAX_OUT - 1);

	assert_true(n >= 0);
	out[n] = '\0';
	close(fd);
	replace_pid(out, pid);
}

/* Wait until the target is where the tools expect it. */
static void wait_for_read(pid_t pid)
{
	char path[64], line[64];

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	while (!read_line(path, line, sizeof(line)) ||
	       !strstr(line, "pipe_read"))
		sched_yield();
}

static void look(const struct tool *tool, struct look *l, bool traced)
{
	struct counters start;
	pid_t target, pid;
	int go, status;

	target = target_exec(&go);
	wait_for_read(target);
	start = counters_read();
	pid = tool_start(tool, target, traced);
	if (tool->attached) {
		while (!is_in(OUT ".err", tool->attached)) {
			assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
			usleep(10000);
		}
		assert_int_equal(write(go, "g", 1), 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	l->fast = counters_since(&start).n[FAST];
	close(go);
	target_stop(target);
	read_out(l->out, target);
	if (status)
		fail_msg("%s ended with status %#x, see: %s", tool->name,
			 status, l->out);
}

static void check_said(const struct tool *tool, const char *out)
{
	for (int i = 0; i < 4 && tool->must_say[i]; i++)
		if (!strstr(out, tool->must_say[i]))
			fail_msg("%s did not say \"%s\" but: %s", tool->name,
				 tool->must_say[i], out);
}

/* cmocka cuts long texts off, perhaps before they differ. */
static void check_same(const char *on, const char *off)
{
	size_t same = 0;

	while (on[same] && on[same] == off[same])
		same++;
	if (on[same] != off[same])
		fail_msg("from byte %zu on, on: \"%.200s\", off: \"%.200s\"",
			 same, on + same, off + same);
}

static void same_answer(void **state)
{
	static struct look off, on;
	const struct tool *tool = *state;

	vmapeek_off();
	look(tool, &off, false);
	check_said(tool, off.out);
	vmapeek_on();
	look(tool, &on, false);
	check_same(on.out, off.out);
	printf("# %s: %zu bytes of output, %lu fast reads\n", tool->name,
	       strlen(on.out), on.fast);
	if (mainline() != CONTROL)
		assert_true(on.fast > 0);
}

/* Otherwise the comparison would prove nothing. */
static void uses_readv(void **state)
{
	static struct look l;
	const struct tool *tool = *state;

	unlink(CALLS);
	look(tool, &l, true);
	assert_true(is_in(CALLS, "process_vm_readv("));
}

static bool has_said(const struct tool *tool)
{
	for (int i = 0; i < 4 && tool->must_say[i]; i++)
		if (!is_in(OUT, tool->must_say[i]))
			return false;
	return true;
}

/*
 * Hold the mmap lock of the process that the tool has attached to. Wait until
 * the tool has printed everything, or waits for the lock.
 */
static bool speaks_while_held(const struct tool *tool)
{
	pid_t target, pid;
	int go, hold;
	bool spoke;

	target = target_exec(&go);
	wait_for_read(target);
	pid = tool_start(tool, target, false);
	while (!is_in(OUT ".err", tool->attached))
		usleep(10000);
	hold = hold_begin("write", target);
	hold_wait(hold, "held");
	assert_int_equal(write(go, "g", 1), 1);
	do {
		spoke = has_said(tool);
	} while (!spoke && !waits_for_mmap_lock(pid));
	assert_true(hold_is(hold, "held"));

	close(hold);
	close(go);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	target_stop(target);
	assert_true(has_said(tool));
	return spoke;
}

static void off_while_held(void **state)
{
	vmapeek_off();
	assert_false(speaks_while_held(*state));
}

static void on_while_held(void **state)
{
	vmapeek_on();
	assert_true(speaks_while_held(*state));
}

static const struct tool tools[] = {
	{ "strace",
	  "strace -e trace=write,writev,access,truncate -s 20000 -o " OUT
	  " -p ", " attached",
	  { "write(3, \"text of the target, 0123456789", "\"literal\"",
	    "\"/a/path/that/does/not/exist\"", "iov_len=3000" }, true },
	{ "eu-stack", "eu-stack -p ", NULL,
	  { " inner\n", " outer\n", " main\n" }, true },
	{ "gdb",
	  "gdb -nx -batch -ex 'print number' -ex 'x/s text' -ex bt -p ", NULL,
	  { "424242", "text of the target", "outer" }, false },
};

#define COUNT	(sizeof(tools) / sizeof(tools[0]))

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[2 * COUNT + 2];
	static char names[COUNT][64];
	size_t n = 0;

	if (argc > 1 && !strcmp(argv[1], "target"))
		return target_main();
	for (size_t i = 0; i < COUNT; i++) {
		tests[n].name = tools[i].name;
		tests[n].test_func = same_answer;
		tests[n++].initial_state = (void *)&tools[i];
		if (!tools[i].readv)
			continue;
		snprintf(names[i], sizeof(names[i]),
			 "%s uses process_vm_readv()", tools[i].name);
		tests[n].name = names[i];
		tests[n].test_func = uses_readv;
		tests[n++].initial_state = (void *)&tools[i];
	}
	if (mainline() != PATCHED)
		tests[n++] = (struct CMUnitTest){
			"off, strace while the lock is held", off_while_held,
			NULL, NULL, (void *)&tools[0] };
	if (mainline() != CONTROL)
		tests[n++] = (struct CMUnitTest){
			"on, strace while the lock is held", on_while_held,
			NULL, NULL, (void *)&tools[0] };
	return run_selected("tools", tests, n, 280);
}
