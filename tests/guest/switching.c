// SPDX-License-Identifier: GPL-2.0
/*
 * Switch on, off, unload and load again, while readers of every kind read
 * from several targets without a pause. No read may fail or be wrong.
 */
#include <errno.h>
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
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "reader.h"
#include "target.h"
#include "title.h"
#include "vmapeek.h"

#define CYCLES	50
#define AREA	(3 * PAGE)
#define TARGETS	1

/* One target for each reader that traces, as there can be only one tracer. */
struct worker {
	enum interface how;
	pid_t pid, target;
	unsigned long addr;
	volatile unsigned long reads;
	char wrong[128];
};

static struct worker *workers;
static size_t nr_workers;

/* Resident; the last page never is, so that the slow path runs, too. */
static void prepare(struct target *t)
{
	char *p = map(t, AREA + PAGE);

	pattern_fill(p, AREA);
	t->addr = (unsigned long)p;
	if (prctl(PR_SET_MM, PR_SET_MM_ENV_START, t->addr, 0, 0) ||
	    prctl(PR_SET_MM, PR_SET_MM_ENV_END, t->addr + AREA, 0, 0))
		broken(t, "PR_SET_MM");
}

static void wrong(struct worker *w, const char *what, long n)
{
	snprintf(w->wrong, sizeof(w->wrong), "%s: %s (%ld)",
		 interface_names[w->how], what, n);
	_exit(1);
}

static void read_once(struct worker *w, struct reader *r, unsigned char *buf)
{
	bool small = w->how == PEEKDATA || w->how == PEEKTEXT;
	size_t want = small ? 8 : AREA;
	unsigned long addr = w->how == ENVIRON ? 0 : w->addr;
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

static void work(struct worker *w)
{
	unsigned char buf[AREA];
	struct reader r;
	int err = reader_open(&r, w->how, w->target);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (err)
		wrong(w, "open", err);
	for (;;) {
		read_once(w, &r, buf);
		w->reads++;
		/*
		 * A moment of sleep, or the kernel waits long for us to pass a
		 * point where it can be sure of us.
		 */
		usleep(1);
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

/* Until every reader has read once more, as things are now. */
static void all_read_on(void)
{
	unsigned long at[NR_INTERFACES * TARGETS];

	for (size_t i = 0; i < nr_workers; i++)
		at[i] = workers[i].reads;
	for (size_t i = 0; i < nr_workers; i++) {
		while (workers[i].reads < at[i] + 2) {
			if (workers[i].wrong[0])
				fail_msg("%s", workers[i].wrong);
			sched_yield();
		}
	}
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

/* Lines of /proc/vmallocinfo that are memory of modules. */
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

static void cycle(void **state)
{
	unsigned long fast = 0;

	(void)state;
	for (int i = 0; i < CYCLES; i++) {
		vmapeek_on();
		all_read_on();
		fast += counters_read().n[FAST];
		assert_true(counters_read().n[FAST] > 0);
		/* Every other time, change one's mind, half-way if it can. */
		if (i % 2 && !vmapeek_enable(false))
			vmapeek_enable(true);
		vmapeek_off();
		all_read_on();
		if (i % 10 == 9)
			printf("# %d of %d cycles\n", i + 1, CYCLES);
	}
	printf("# %d cycles, %lu fast reads\n", CYCLES, fast);
	assert_false(vmapeek_is_loaded());
}

static void no_read_was_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_workers; i++) {
		assert_string_equal(workers[i].wrong, "");
		assert_int_equal(waitpid(workers[i].pid, NULL, WNOHANG), 0);
		assert_true(workers[i].reads > CYCLES);
	}
}

static void nothing_is_left(void **state)
{
	int areas = module_areas();

	(void)state;
	assert_false(symbols_left());
	/* Loaded it takes some, unloaded it gives them back. */
	vmapeek_on();
	assert_true(symbols_left());
	assert_true(module_areas() > areas);
	vmapeek_off();
	assert_false(symbols_left());
	while (module_areas() > areas)
		sched_yield();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cycle),
		cmocka_unit_test(no_read_was_wrong),
		cmocka_unit_test(nothing_is_left),
	};
	int failed;

	if (argc > 1)
		title_main(argv);
	alarm(850);
	workers = mmap(NULL, 64 * KIB, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (workers == MAP_FAILED)
		die("no memory");
	for (int i = 0; i < TARGETS; i++)
		for (int how = 0; how < NR_INTERFACES; how++)
			start_worker(how);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	for (size_t i = 0; i < nr_workers; i++) {
		target_stop(workers[i].pid);
		target_stop(workers[i].target);
	}
	return failed;
}
