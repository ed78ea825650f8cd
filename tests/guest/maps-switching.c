// SPDX-License-Identifier: GPL-2.0
/*
 * Switch vmapeek_maps on and off while readers are on their way, all on one CPU
 * and so preempted anywhere, and while one stands between ->start() and ->stop() of
 * maps. No read may fail or be wrong, and no lock may be dropped that was not
 * taken: of that the kernel itself would complain.
 */
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
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hold.h"
#include "progress.h"
#include "run.h"
#include "target.h"
#include "vmapeek.h"

#define CYCLES		15
#define MAX_TEXT	(256 * KIB)
#define NR_MAPPINGS	64

struct worker {
	const char *file;
	/* What the file shows now is also shown later, up to here in a line. */
	const char *until;
	pid_t pid;
	struct progress progress;
};

static struct worker *workers;
static size_t nr_workers;
static pid_t target;

static void prepare(struct target *t)
{
	char *p = map(t, NR_MAPPINGS * 2 * PAGE);

	pattern_fill(p, NR_MAPPINGS * 2 * PAGE);
	for (int i = 0; i < NR_MAPPINGS; i++)
		mprotect(p + i * 2 * PAGE, PAGE, PROT_READ);
	t->addr = (unsigned long)p;
}

static int open_file(const char *file)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", target, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

/* In pieces, so that each has a start and a stop. Returns its length. */
static size_t read_whole(int fd, char *text)
{
	size_t len = 0;
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, text + len, 500)) > 0)
		len += n;
	text[n < 0 ? 0 : len] = 0;
	return len;
}

/* Sums of shared pages change with other processes; so they are cut off. */
static void keep(const struct worker *w, char *text)
{
	char *from = text, *to = text;

	while (w->until && *from) {
		char *end = strchrnul(from, '\n');
		char *cut = memmem(from, end - from, w->until,
				   strlen(w->until));
		size_t len = (cut ? cut : end) - from;

		memmove(to, from, len);
		to += len;
		from = *end ? end + 1 : end;
	}
	if (w->until)
		*to = 0;
}

static void work(struct worker *w)
{
	static char first[MAX_TEXT], text[MAX_TEXT];
	int fd = open_file(w->file);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	read_whole(fd, first);
	keep(w, first);
	for (;;) {
		read_whole(fd, text);
		keep(w, text);
		if (!*text || strcmp(text, first))
			progress_wrong(&w->progress, "%s differs", w->file);
		w->progress.reads++;
		/* Switching wants the CPU, too. */
		usleep(5000);
	}
}

static void start_worker(const char *file, const char *until)
{
	struct worker *w = &workers[nr_workers++];
	pid_t pid;

	w->file = file;
	w->until = until;
	fflush(stdout);
	pid = fork();
	if (!pid)
		work(w);
	w->pid = pid;
}

/* Until every reader has read once more, as things are now. */
static void all_read_on(void)
{
	for (size_t i = 0; i < nr_workers; i++)
		progress_wait(&workers[i].progress);
}

static void cycle(void **state)
{
	(void)state;
	for (int i = 0; i < CYCLES; i++) {
		vmapeek_on();
		all_read_on();
		vmapeek_off();
		all_read_on();
	}
}

/* Reads a file from @offset on, and waits for the mmap lock in @function. */
static pid_t start_blocked(int hold, const char *file, long offset,
			   const char *function)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		char text[100];
		int fd = open_file(file);

		/* The lock is let go when nobody has this open. */
		close(hold);
		_exit(pread(fd, text, sizeof(text), offset) != sizeof(text));
	}
	while (!waits_in(pid, function))
		sched_yield();
	return pid;
}

static void ends_well(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/*
 * One of stock's readers waits, with a function on its stack that is going to be
 * replaced. Others are switched, and do not wait.
 */
static void on_while(const char *file, const char *function)
{
	int hold = hold_begin("write", target);
	static char text[MAX_TEXT];
	pid_t blocked;

	hold_wait(hold, "held");
	blocked = start_blocked(hold, file, 0, function);
	assert_int_equal(vmapeek_load("/vmapeek_maps.ko"), 0);
	while (vmapeek_task_state() != 1)
		sched_yield();
	assert_true(read_whole(open_file(file), text) > 0);
	assert_true(vmapeek_in_transition());
	assert_true(waits_in(blocked, function));
	close(hold);
	ends_well(blocked);
	while (vmapeek_in_transition())
		sched_yield();
}

/* Linux 6.17 and later do not wait there. */
static bool has_m_start_wait(void)
{
	struct utsname u;

	uname(&u);
	return !strncmp(u.release, "6.12.", 5);
}

static void on_while_rollup_waits(void **state)
{
	(void)state;
	on_while("smaps_rollup", "show_smaps_rollup");
	vmapeek_off();
}

static void on_while_maps_waits(void **state)
{
	(void)state;
	if (!has_m_start_wait())
		skip();
	on_while("maps", "m_start");
	vmapeek_off();
}

/* One waits that is ours, as it begins elsewhere than the last read ended. */
static void off_while_maps_waits(void **state)
{
	pid_t blocked;
	int hold;

	(void)state;
	if (!has_m_start_wait())
		skip();
	vmapeek_on();
	hold = hold_begin("write", target);
	hold_wait(hold, "held");
	blocked = start_blocked(hold, "maps", 1000, "m_start");
	assert_int_equal(vmapeek_enable(false), 0);
	while (vmapeek_task_state() != 0)
		sched_yield();
	assert_true(vmapeek_in_transition());
	assert_true(waits_in(blocked, "m_start"));
	close(hold);
	ends_well(blocked);
	vmapeek_off();
}

int main(int argc, char **argv)
{
	struct target *t = target_alloc();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_while_rollup_waits),
		cmocka_unit_test(on_while_maps_waits),
		cmocka_unit_test(off_while_maps_waits),
		cmocka_unit_test(cycle),
	};
	int failed;

	select_tests(argc, argv);
	if (!has_m_start_wait())
		printf("# this kernel or machine lacks: maps under the mmap lock\n");
	vmapeek_module = "vmapeek_maps";
	workers = mmap(NULL, 8 * sizeof(*workers), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	target = target_start(prepare, t);
	if (t->broken[0])
		die("%s", t->broken);
	start_worker("maps", NULL);
	start_worker("smaps", ":");
	start_worker("numa_maps", " mapmax");
	start_worker("smaps_rollup", ":");

	failed = run_selected("switching", tests, ARRAY_SIZE(tests), 850);
	for (size_t i = 0; i < nr_workers; i++)
		kill(workers[i].pid, SIGKILL);
	target_stop(target);
	return failed;
}
