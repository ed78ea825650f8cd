// SPDX-License-Identifier: GPL-2.0
/*
 * Events on a machine that uses vmapeek: CPU hotplug, lack of memory during
 * loading, another livepatch for the same function. docs/operators.md describes
 * them.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "reader.h"
#include "run.h"
#include "target.h"
#include "vmapeek.h"

#define AREA		(3 * PAGE)
#define ROUNDS		3
#define TOY		"/sys/kernel/livepatch/toy_livepatch"
#define FAIL_NTH	"/sys/module/fail_alloc/parameters/nth"

static struct target *target;
static pid_t pid;
static int step = 30;

/* Ends with a 0; otherwise cmdline would be a title. */
static unsigned char byte_at(size_t i)
{
	return i == AREA - 1 ? 0 : pattern(i);
}

static void prepare(struct target *t)
{
	char *p = map(t, AREA);

	for (size_t i = 0; i < AREA; i++)
		p[i] = byte_at(i);
	t->addr = (unsigned long)p;
	if (!show_memory(false, t->addr, t->addr + AREA) ||
	    !show_memory(true, t->addr, t->addr + AREA))
		broken(t, "PR_SET_MM");
}

/* Are the results of all interfaces right? */
static bool reads_are_right(void)
{
	for (int how = 0; how < NR_INTERFACES; how++) {
		bool proc = how == CMDLINE || how == ENVIRON;
		size_t want = how == PEEKDATA || how == PEEKTEXT ? 8 : AREA;
		unsigned char buf[AREA];
		ssize_t n = remote_read(how, pid, proc ? 0 : target->addr, buf,
					want);

		if (n != (ssize_t)want) {
			printf("# %s: %zd instead of %zd\n",
			       interface_names[how], n, want);
			return false;
		}
		for (size_t i = 0; i < want; i++)
			if (buf[i] != byte_at(i))
				return false;
	}
	return true;
}

/* Is the target's file the same as at first? The target maps nothing more. */
static bool file_is_right(const char *name)
{
	static char first[64 * 1024];
	static ssize_t len;
	char path[64], now[sizeof(first)];
	ssize_t n = 0, got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while ((got = read(fd, now + n, sizeof(now) - n)) > 0)
		n += got;
	close(fd);
	if (!len) {
		memcpy(first, now, n);
		len = n;
	}
	return !got && n == len && !memcmp(first, now, n);
}

static bool answers_are_right(void)
{
	return reads_are_right() && file_is_right("maps");
}

static void set_second_cpu(bool online)
{
	write_line("/sys/devices/system/cpu/cpu1/online", online ? "1" : "0");
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (cpu < 0) {
		CPU_SET(0, &set);
		CPU_SET(1, &set);
	} else {
		CPU_SET(cpu, &set);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static unsigned long fast_since(const struct counters *start)
{
	return counters_since(start).n[FAST];
}

/* Counts its rounds; exits after a wrong one. */
static pid_t start_reader(volatile unsigned long *rounds)
{
	pid_t reader;

	fflush(stdout);
	reader = fork();
	if (reader)
		return reader;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (reads_are_right())
		++*rounds;
	_exit(1);
}

static void wait_for_reader(pid_t reader, volatile unsigned long *rounds)
{
	unsigned long at = *rounds;

	while (*rounds < at + 2) {
		assert_int_equal(waitpid(reader, NULL, WNOHANG), 0);
		usleep(1000);
	}
}

static void cpu_comes_and_goes_while_reading(void **state)
{
	volatile unsigned long *rounds = (void *)&target->size;
	struct counters start;
	pid_t reader;

	(void)state;
	vmapeek_on();
	start = counters_read();
	reader = start_reader(rounds);
	for (int i = 0; i < ROUNDS; i++) {
		set_second_cpu(false);
		wait_for_reader(reader, rounds);
		set_second_cpu(true);
		wait_for_reader(reader, rounds);
	}
	assert_true(fast_since(&start) >= *rounds * NR_INTERFACES);
	target_stop(reader);
	vmapeek_off();
}

/* The counts of a CPU stay when it goes offline, and it counts again online. */
static void counters_of_a_cpu_that_is_off(void **state)
{
	struct counters start;
	unsigned long before;

	(void)state;
	set_second_cpu(false);
	vmapeek_on();
	set_second_cpu(true);
	run_on(1);
	start = counters_read();
	assert_true(reads_are_right());
	before = fast_since(&start);
	assert_true(before >= NR_INTERFACES);
	run_on(0);
	set_second_cpu(false);
	assert_int_equal(fast_since(&start), before);
	vmapeek_off();
	set_second_cpu(true);
	run_on(-1);
}

static int load(const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0 || syscall(SYS_finit_module, fd, parameters, 0))
		err = errno;
	close(fd);
	return err;
}

/* Load with the Nth allocation failing; returns the result of loading. */
static int load_short_of_memory(int nth, int *left)
{
	const char *path = !strcmp(vmapeek_module, "vmapeek") ?
				   "/vmapeek.ko" : "/vmapeek_maps.ko";
	int file = open(path, O_RDONLY | O_CLOEXEC);
	int fail = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);
	int err = 0;

	if (file < 0 || fail < 0)
		die("no module, or no " FAIL_NTH);
	if (write(fail, text, len) != len)
		die(FAIL_NTH ": %s", strerror(errno));
	if (syscall(SYS_finit_module, file, "", 0))
		err = errno;
	len = pread(fail, text, sizeof(text) - 1, 0);
	text[len > 0 ? len : 0] = '\0';
	*left = atoi(text);
	close(fail);
	close(file);
	return err;
}

/*
 * Memory is short during the module's own initialization, in which it makes its
 * counters and the kernel makes the livepatch. Earlier allocations are those of
 * loading any module.
 */
static void memory_is_short_for(const char *module)
{
	int nth, left, err, loaded = 0, refused = 0;

	vmapeek_module = module;
	assert_int_equal(load("/fail_alloc.ko", "from=kobject_create_and_add"),
			 0);
	/* With one CPU, a transition takes a third of the work. */
	set_second_cpu(false);
	for (nth = 1;; nth += step) {
		err = load_short_of_memory(nth, &left);
		if (left)
			break;
		if (err) {
			refused++;
			assert_int_equal(err, ENOMEM);
			assert_false(vmapeek_is_loaded());
			continue;
		}
		/* The kernel tolerates this failure. */
		loaded++;
		assert_true(answers_are_right());
		vmapeek_off();
	}
	/* There were fewer than @nth allocations. */
	assert_int_equal(err, 0);
	assert_true(answers_are_right());
	vmapeek_off();
	assert_true(answers_are_right());
	assert_true(refused > 5);
	assert_int_equal(syscall(SYS_delete_module, "fail_alloc", 0), 0);
	set_second_cpu(true);
	printf("# %s: of less than %d allocations, %d failed and it was not loaded, %d failed and it was\n",
	       module, nth, refused, loaded);
	vmapeek_module = "vmapeek";
}

static void memory_is_short_at_load(void **state)
{
	(void)state;
	memory_is_short_for("vmapeek");
}

static void memory_is_short_when_maps_is_loaded(void **state)
{
	(void)state;
	memory_is_short_for("vmapeek_maps");
}

static void toy_on(void)
{
	char text[8];

	assert_int_equal(load("/toy_livepatch.ko", ""), 0);
	while (read_line(TOY "/transition", text, sizeof(text)) &&
	       text[0] == '1')
		usleep(1000);
}

static void toy_off(void)
{
	write_line(TOY "/enabled", "0");
	while (!access(TOY, F_OK))
		usleep(1000);
	while (syscall(SYS_delete_module, "toy_livepatch", O_NONBLOCK))
		usleep(1000);
}

/*
 * The number of counted reads of a single step, which calls
 * access_process_vm(). toy_livepatch replaces that function, too. The trap ends
 * the process.
 */
static unsigned long counted_of_a_step(void)
{
	struct counters start = counters_read();
	pid_t stepped = target_start(prepare, target);
	struct reader r;
	unsigned long n;

	assert_int_equal(reader_open(&r, PEEKDATA, stepped), 0);
	assert_int_equal(ptrace(PTRACE_SINGLESTEP, stepped, 0, 0), 0);
	n = fast_since(&start);
	target_stop(stepped);
	return n;
}

/* The number of counted reads through functions that only vmapeek replaces. */
static unsigned long counted_of_reads(void)
{
	struct counters start = counters_read();

	assert_true(reads_are_right());
	return fast_since(&start);
}

/* For each function, the last loaded livepatch is in effect. */
static void other_livepatch_comes_later(void **state)
{
	(void)state;
	vmapeek_on();
	assert_true(counted_of_a_step() > 0);
	toy_on();
	assert_int_equal(counted_of_a_step(), 0);
	assert_true(counted_of_reads() >= NR_INTERFACES);
	toy_off();
	assert_true(counted_of_a_step() > 0);
	toy_on();
	/* Unload the lower one of the two. */
	vmapeek_off();
	assert_true(reads_are_right());
	toy_off();
	assert_true(reads_are_right());
}

static void other_livepatch_was_there_before(void **state)
{
	(void)state;
	toy_on();
	vmapeek_on();
	assert_true(counted_of_a_step() > 0);
	assert_true(counted_of_reads() >= NR_INTERFACES);
	/* Unload the lower one. */
	toy_off();
	assert_true(counted_of_a_step() > 0);
	assert_true(counted_of_reads() >= NR_INTERFACES);
	vmapeek_off();
	assert_true(reads_are_right());
}

/* operators [STEP]: fail every STEPth allocation during loading. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpu_comes_and_goes_while_reading),
		cmocka_unit_test(counters_of_a_cpu_that_is_off),
		cmocka_unit_test(memory_is_short_at_load),
		cmocka_unit_test(memory_is_short_when_maps_is_loaded),
		cmocka_unit_test(other_livepatch_comes_later),
		cmocka_unit_test(other_livepatch_was_there_before),
	};

	if (argc > 1)
		step = atoi(argv[1]);
	if (step < 1)
		die("usage: operators [STEP]");
	target = target_alloc();
	pid = target_start(prepare, target);
	if (target->broken[0])
		die("target: %s", target->broken);
	return run_selected("operators", tests, ARRAY_SIZE(tests), 850);
}
