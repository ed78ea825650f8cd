// SPDX-License-Identifier: GPL-2.0
/*
 * Switches on, off, unloads and loads again, while readers of every kind read
 * from several targets. No read may fail or be wrong.
 *
 * Switching the tasks is fast. But Debian's kernels have
 * CONFIG_PREEMPT_DYNAMIC: at the start and the end of each transition,
 * klp_cond_resched_enable() and _disable() rewrite thousands of calls in the
 * kernel's code, one by one, and each rewrite sends an IPI to all CPUs. A busy
 * CPU answers late; under emulation, only when the host runs it again.
 * Therefore the readers leave the CPUs idle most of the time. The test counts
 * their reads during transitions.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "hold.h"
#include "progress.h"
#include "reader.h"
#include "run.h"
#include "target.h"
#include "vmapeek.h"

#define CYCLES		50
#define SMP_CYCLES	15	/* the rest with one CPU, a third of the work */
#define REVERSALS	5	/* one in this many cycles */
#define AREA		(3 * PAGE)
#define BURST		4	/* reads in a row */
#define REST		9	/* times the duration of a burst */

/* One target for each tracing reader, because a process has one tracer. */
struct worker {
	enum interface how;
	pid_t pid, target;
	unsigned long addr;
	struct progress progress;
	volatile unsigned long inside;	/* reads wholly in transition */
};

static struct worker *workers;
static size_t nr_workers;

/*
 * Resident memory in two VMAs: a read across their border takes the slow path,
 * a read of one page does not take the mmap lock.
 */
static void prepare(struct target *t)
{
	char *p = (char *)map(t, AREA + PAGE) + 100;

	pattern_fill(p, AREA);
	if (mprotect(p - 100 + 2 * PAGE, 2 * PAGE, PROT_READ))
		broken(t, "mprotect");
	t->addr = (unsigned long)p;
	if (!show_memory(true, t->addr, t->addr + AREA))
		broken(t, "PR_SET_MM");
}

static void wrong(struct worker *w, const char *what, long n)
{
	progress_wrong(&w->progress, "%s: %s (%ld)", interface_names[w->how],
		       what, n);
}

/* Reads inside one VMA and across VMAs take different paths. */
static size_t what_to_read(const struct worker *w)
{
	switch (w->how) {
	case PEEKDATA:
	case PEEKTEXT:
		return 8;
	case READV:
		return AREA;
	default:
		return (const size_t[]){ AREA, PAGE, 8 }[w->progress.reads % 3];
	}
}

static void read_once(struct worker *w, struct reader *r, unsigned char *buf)
{
	unsigned long addr = w->how == ENVIRON ? 0 : w->addr;
	size_t want = what_to_read(w);
	ssize_t n;

	if (w->how == CMDLINE) {
		n = reader_read(r, 0, buf, AREA);
		if (n != sizeof(TITLE) || memcmp(buf, TITLE, n))
			wrong(w, "not the title", n);
		return;
	}
	n = reader_read(r, addr, buf, want);
	if (n != (ssize_t)want)
		wrong(w, "short", n);
	for (size_t i = 0; i < want; i++)
		if (buf[i] != pattern(i))
			wrong(w, "wrong byte", i);
}

/* The patch state is -1 if there is no transition. */
static bool in_transition(int patch_state)
{
	char c;

	return pread(patch_state, &c, 1, 0) == 1 && c != '-';
}

static unsigned long microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000UL + t.tv_nsec / 1000;
}

static void work(struct worker *w)
{
	int patch_state = open("/proc/self/patch_state", O_RDONLY);
	/* Aligned like the targets' memory. */
	_Alignas(8) unsigned char space[AREA + 4], *buf = space + 4;
	struct reader r;
	int err = reader_open(&r, w->how, w->target);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (err || patch_state < 0)
		wrong(w, "open", err);
	for (;;) {
		unsigned long start = microseconds();
		bool before = in_transition(patch_state);

		for (int i = 0; i < BURST; i++) {
			read_once(w, &r, buf);
			w->progress.reads++;
			if (!in_transition(patch_state))
				before = false;
			else if (before)
				w->inside++;
			else
				before = true;
		}
		usleep(REST * (microseconds() - start));
	}
}

static void start_worker(enum interface how)
{
	struct worker *w = &workers[nr_workers++];
	struct target *t = target_alloc();
	pid_t pid;

	w->how = how;
	w->target = how == CMDLINE ? title_start(0) :
				     target_start(prepare, t);
	if (t->broken[0])
		die("target: %s", t->broken);
	w->addr = t->addr;
	fflush(stdout);
	pid = fork();
	if (!pid)
		work(w);
	w->pid = pid;
}

/* Wait until every reader has completed one more read. */
static void all_read_on(void)
{
	for (size_t i = 0; i < nr_workers; i++)
		progress_wait(&workers[i].progress);
}

static bool symbols_left(void)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512];
	bool found = false;

	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, "[vmapeek]");
	fclose(file);
	return found;
}

/* The number of lines of /proc/vmallocinfo for memory of modules. */
static int module_areas(void)
{
	FILE *file = fopen("/proc/vmallocinfo", "r");
	char line[512];
	int n = 0;

	while (fgets(line, sizeof(line), file))
		n += strstr(line, "load_module") || strstr(line, "execmem");
	fclose(file);
	return n;
}

/*
 * module_areas() without vmapeek: the least seen, because another module's
 * memory for initialization may still wait to be freed.
 */
static int areas_without = INT_MAX;

static void note_areas_without(void)
{
	int n = module_areas();

	if (n < areas_without)
		areas_without = n;
}

static void wait_for_areas_without(void)
{
	while (module_areas() > areas_without)
		sched_yield();
}

static void wait_for_transition(void)
{
	while (vmapeek_in_transition())
		usleep(1000);
}

static void wait_until_off(void)
{
	while (!access("/sys/kernel/livepatch/vmapeek", F_OK))
		usleep(1000);
}

/* While a writer holds the mmap lock, a hole cannot be proven. */
static void prepare_hole(struct target *t)
{
	t->addr = (unsigned long)map(t, PAGE);
	if (munmap((void *)t->addr, PAGE))
		broken(t, "munmap");
}

/* Waits for the mmap lock in process_vm_readv(), with vmapeek on its stack. */
static pid_t start_blocked(pid_t target, const struct target *t, int hold)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		char byte;
		struct iovec to = { &byte, 1 };
		struct iovec from = { (void *)t->addr, 1 };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/*
		 * The lock is released when the last process closes this file.
		 */
		close(hold);
		_exit(process_vm_readv(target, &to, 1, &from, 1, 0) != -1 ||
		      errno != EFAULT);
	}
	while (!waits_for_mmap_lock(pid))
		sched_yield();
	return pid;
}

/*
 * Switches off, and on again half-way: a reader that waits in vmapeek keeps the
 * transition from completing.
 */
static void reverse(void)
{
	static struct target *t;
	pid_t target, blocked;
	struct counters start;
	int hold, status;

	if (!t)
		t = target_alloc();
	target = target_start(prepare_hole, t);
	hold = hold_begin("write", target);
	hold_wait(hold, "held");
	blocked = start_blocked(target, t, hold);

	assert_int_equal(vmapeek_enable(false), 0);
	assert_true(vmapeek_in_transition());
	all_read_on();
	assert_true(vmapeek_in_transition());
	assert_int_equal(vmapeek_enable(true), 0);
	wait_for_transition();
	assert_true(waits_for_mmap_lock(blocked));
	start = counters_read();
	all_read_on();
	assert_true(counters_since(&start).n[FAST] > 0);

	close(hold);
	assert_int_equal(waitpid(blocked, &status, 0), blocked);
	assert_int_equal(status, 0);
	target_stop(target);
}

/* Did each reader read in transition since the last call? */
static bool all_were_inside(void)
{
	static unsigned long last[NR_INTERFACES];
	bool all = true;

	for (size_t i = 0; i < nr_workers; i++) {
		unsigned long n = workers[i].inside;

		all = all && n > last[i];
		last[i] = n;
	}
	return all;
}

static void set_second_cpu(const char *online)
{
	static const char path[] = "/sys/devices/system/cpu/cpu1/online";

	if (!access(path, F_OK))
		write_line(path, online);
}

static void cycle(void **state)
{
	int inside_on = 0, inside_off = 0;
	unsigned long fast = 0;

	(void)state;
	for (int i = 0; i < CYCLES; i++) {
		if (i == SMP_CYCLES)
			set_second_cpu("0");
		all_were_inside();
		vmapeek_on();
		inside_on += all_were_inside();
		all_read_on();
		fast += counters_read().n[FAST];
		assert_true(counters_read().n[FAST] > 0);
		if (i % REVERSALS == 0)
			reverse();
		all_were_inside();
		assert_int_equal(vmapeek_enable(false), 0);
		wait_until_off();
		inside_off += all_were_inside();
		vmapeek_off();
		note_areas_without();
		all_read_on();
		if (i % 10 == 9)
			printf("# %d of %d cycles\n", i + 1, CYCLES);
	}
	set_second_cpu("1");
	printf("# %d cycles, %lu fast reads\n", CYCLES, fast);
	printf("# each reader read in the middle of %d transitions to on and %d to off\n",
	       inside_on, inside_off);
	assert_false(vmapeek_is_loaded());
	assert_true(inside_on >= CYCLES / 2);
	assert_true(inside_off >= CYCLES / 2);
}

static void no_read_was_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_workers; i++) {
		assert_string_equal(workers[i].progress.wrong, "");
		assert_int_equal(waitpid(workers[i].pid, NULL, WNOHANG), 0);
		assert_true(workers[i].progress.reads > CYCLES);
	}
}

static void nothing_is_left(void **state)
{
	(void)state;
	assert_false(symbols_left());
	wait_for_areas_without();
	/* A loaded module takes some, and unloading returns them. */
	vmapeek_on();
	assert_true(symbols_left());
	assert_true(module_areas() > areas_without);
	vmapeek_off();
	assert_false(symbols_left());
	wait_for_areas_without();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cycle),
		cmocka_unit_test(no_read_was_wrong),
		cmocka_unit_test(nothing_is_left),
	};
	int failed;

	title_main(argc, argv);
	note_areas_without();
	workers = shared_alloc(64 * KIB);
	for (int how = 0; how < NR_INTERFACES; how++)
		start_worker(how);
	failed = run_selected("switching", tests, ARRAY_SIZE(tests), 850);
	for (size_t i = 0; i < nr_workers; i++) {
		target_stop(workers[i].pid);
		target_stop(workers[i].target);
	}
	return failed;
}
