// SPDX-License-Identifier: GPL-2.0
/*
 * Reads by all interfaces, while what they read is changed in all ways.
 *
 *	torture [SECONDS [SEED [PLAY...]]]
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../guest/vmapeek.h"
#include "reach.h"
#include "scene.h"

/* Who does not end by then is stuck; no machine is that slow. */
#define STUCK_SECONDS	300

static const enum interface interfaces[] = {
	MEM, CMDLINE, ENVIRON, PEEKDATA, READV,
};

/* A play goes on until its rows are reached and all have read, or so long. */
#define PATIENCE_SECONDS	180

#define NR(a)		(sizeof(a) / sizeof((a)[0]))

/* What became of a play, over all its turns. */
struct sum {
	unsigned long turns, steps, reads[NR_INTERFACES], bytes, absent, zeros;
	unsigned long wrong, fast;
	char lacks[96], finding[400];
};

static struct sum sums[64];
static struct scene *scene;
static bool traced;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Readers and targets of any program find it there. */
static struct scene *scene_share(bool create)
{
	struct scene *s;

	if (create) {
		int fd = memfd_create("scene", 0);

		if (fd < 0 || ftruncate(fd, sizeof(*s)) ||
		    dup2(fd, SCENE_FD) != SCENE_FD)
			die("no memory for a scene: %s", strerror(errno));
		close(fd);
	}
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED,
		 SCENE_FD, 0);
	if (s == MAP_FAILED)
		die("no memory for a scene: %s", strerror(errno));
	return s;
}

static void begin_child(const char *name)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
}

static pid_t start_target(const struct play *p)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	begin_child("target");
	if (p->run)
		p->run(scene, p);
	else
		target_run(scene, p);
	_exit(0);
}

static pid_t start_reader(enum interface how)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	begin_child("reader");
	reader_run(scene, how);
}

static pid_t start_disturber(const struct play *p)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	begin_child("disturber");
	p->disturb(scene);
	_exit(0);
}

static bool over(void)
{
	return scene->lacks[0] || scene->broken[0];
}

static void print_file(pid_t pid, const char *name)
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		printf("# %s: %s%s", path, line, strchr(line, '\n') ? "" : "\n");
	if (file)
		fclose(file);
}

/* Where they are in the kernel. */
static void print_tasks(const pid_t *pids, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		print_file(pids[i], "comm");
		print_file(pids[i], "syscall");
		print_file(pids[i], "stack");
	}
}

/* A task that holds a lock or waits for one that was leaked does not end. */
static void wait_for(const struct play *p, pid_t *pids, unsigned int n)
{
	double end = now() + STUCK_SECONDS;

	for (unsigned int i = 0; i < n; i++) {
		while (!waitpid(pids[i], NULL, WNOHANG | __WALL)) {
			if (now() > end) {
				print_tasks(pids, n);
				if (scene->pid)
					print_tasks(&scene->pid, 1);
				die("%s: a task is stuck: a lock was left behind",
				    p->name);
			}
			usleep(1000);
		}
	}
}

static void add_up(const struct play *p, struct sum *sum)
{
	sum->turns++;
	sum->steps += scene->steps;
	memcpy(sum->lacks, scene->lacks, sizeof(sum->lacks));
	/* Its readers had nothing to read. */
	if (scene->lacks[0])
		return;
	if (scene->broken[0]) {
		sum->wrong++;
		snprintf(sum->finding, sizeof(sum->finding), "%s",
			 scene->broken);
	}
	for (int i = 0; i < NR_INTERFACES; i++) {
		struct reader_stats *r = &scene->readers[i];

		sum->reads[i] += r->reads;
		sum->bytes += r->bytes;
		sum->absent += r->absent;
		sum->zeros += r->zeros;
		sum->wrong += r->wrong;
		if (!r->finding[0])
			continue;
		printf("# %s: %s\n", p->name, r->finding);
		if (!sum->finding[0])
			snprintf(sum->finding, sizeof(sum->finding), "%s",
				 r->finding);
	}
	if (scene->broken[0])
		printf("# %s: %s\n", p->name, scene->broken);
}

/* One turn of a play. */
static void play(const struct play *p, struct sum *sum, double seconds,
		 unsigned long seed)
{
	struct counters start = counters_read();
	double end = now() + seconds;
	pid_t readers[NR(interfaces)], others[2];
	unsigned int nr_others = 0;

	memset(scene, 0, sizeof(*scene));
	scene->size = p->size;
	scene->rules = p->rules;
	scene->seed = seed;
	for (int i = 0; i < CHUNKS; i++)
		scene->generations[i].oldest = 1;
	if (traced && !p->switches)
		reach_start(p->name);
	fflush(stdout);
	others[nr_others++] = start_target(p);
	for (unsigned int i = 0; i < NR(interfaces); i++)
		readers[i] = start_reader(interfaces[i]);
	if (p->disturb)
		others[nr_others++] = start_disturber(p);
	while (now() < end && !over())
		usleep(10000);
	/* What is read must not end before those who read. */
	atomic_store(&scene->stop_readers, true);
	wait_for(p, readers, NR(interfaces));
	atomic_store(&scene->stop, true);
	wait_for(p, others, nr_others);
	if (traced && !p->switches)
		reach_stop(p->name);
	sum->fast += p->switches ? scene->fast :
				   counters_since(&start).n[FAST];
	add_up(p, sum);
}

static unsigned long all_reads(const struct sum *sum)
{
	unsigned long n = 0;

	for (int i = 0; i < NR_INTERFACES; i++)
		n += sum->reads[i];
	return n;
}

/* Has every interface read, and the fast path answered, where it may? */
static bool has_read(const struct play *p, const struct sum *sum)
{
	for (unsigned int i = 0; i < NR(interfaces); i++)
		if (!sum->reads[interfaces[i]])
			return false;
	return sum->fast || mainline() == CONTROL || (p->rules & NEVER_FAST);
}

static int report_play(unsigned int nr, const struct play *p,
		       const struct sum *sum)
{
	bool ok = !sum->wrong && sum->steps && has_read(p, sum);

	if (sum->lacks[0] && !sum->wrong) {
		printf("# this kernel or machine lacks: %s\n", sum->lacks);
		printf("ok %u - %s # SKIP\n", nr, p->name);
		return 0;
	}
	printf("# %s: %lu changes, %lu reads (mem %lu, cmdline %lu, environ %lu, PEEK %lu, readv %lu), %lu fast, %lu kB, %lu short or refused, %lu words of zeros\n",
	       p->name, sum->steps, all_reads(sum), sum->reads[MEM],
	       sum->reads[CMDLINE], sum->reads[ENVIRON], sum->reads[PEEKDATA],
	       sum->reads[READV], sum->fast, sum->bytes / KIB, sum->absent,
	       sum->zeros);
	if (sum->wrong)
		printf("# %s: %lu reads were wrong; the first: %s\n", p->name,
		       sum->wrong, sum->finding);
	printf("%sok %u - %s\n", ok ? "" : "not ", nr, p->name);
	return !ok;
}

static int report_row(unsigned int nr, const struct row *row,
		      const struct sum *sum)
{
	bool ok = row->runs && row->met;

	if (!row->found || sum->lacks[0]) {
		printf("# this kernel or machine lacks: %s\n",
		       row->found ? sum->lacks : row->functions[0]);
		printf("ok %u - reached: %s # SKIP\n", nr, row->name);
		return 0;
	}
	printf("# %s: %s ran %lu times; of %lu traced, %lu %s\n", row->name,
	       row->found, row->runs, row->traced, row->met, row->by_reader ?
	       "were run by a reader" : "met reads under way");
	printf("%sok %u - reached: %s\n", ok ? "" : "not ", nr, row->name);
	return !ok;
}

/* Is there a row of this play that no read has met yet? */
static bool is_unreached(const char *name)
{
	for (unsigned int i = 0; traced && i < nr_rows; i++)
		if (!strcmp(rows[i].play, name) && rows[i].found &&
		    !rows[i].met)
			return true;
	return false;
}

static bool wanted(const char *name, int argc, char **argv)
{
	if (argc <= 3)
		return true;
	for (int i = 3; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return false;
}

static int find_play(const char *name)
{
	for (unsigned int i = 0; i < nr_plays; i++)
		if (!strcmp(plays[i].name, name))
			return i;
	die("no play '%s'", name);
}

static int report(int argc, char **argv)
{
	unsigned long reads = 0, changes = 0;
	unsigned int nr = 0, reached = 0, met = 0;
	int bad = 0;

	for (unsigned int i = 0; i < nr_plays; i++) {
		if (!wanted(plays[i].name, argc, argv))
			continue;
		bad += report_play(++nr, &plays[i], &sums[i]);
		reads += all_reads(&sums[i]);
		changes += sums[i].steps;
	}
	for (unsigned int i = 0; i < nr_rows && traced; i++) {
		if (!wanted(rows[i].play, argc, argv))
			continue;
		bad += report_row(++nr, &rows[i],
				  &sums[find_play(rows[i].play)]);
		reached += rows[i].met > 0;
		met += rows[i].found != NULL;
	}
	printf("# torture: %lu reads, %lu changes, %u of %u rows reached, %d failed\n",
	       reads, changes, reached, met, bad);
	printf("1..%u\n", nr);
	return bad;
}

static bool is_enough(const struct play *p, const struct sum *sum)
{
	return sum->lacks[0] || sum->wrong ||
	       (sum->steps && has_read(p, sum) && !is_unreached(p->name));
}

/* On a slow machine one turn is too short for some. */
static void play_until_enough(const struct play *p, struct sum *sum,
			      double turn, unsigned long seed)
{
	double end = now() + PATIENCE_SECONDS;

	printf("# %s\n", p->name);
	fflush(stdout);
	do {
		play(p, sum, turn, seed);
		seed += nr_plays;
		turn *= 2;
	} while (!is_enough(p, sum) && now() < end);
}

/* The first round goes to its end, whatever the time. */
static void play_round(int argc, char **argv, double turn, unsigned long seed,
		       double end)
{
	for (unsigned int i = 0; i < nr_plays; i++)
		if (wanted(plays[i].name, argc, argv) && !sums[i].lacks[0] &&
		    (!sums[i].turns || now() < end))
			play_until_enough(&plays[i], &sums[i], turn,
					  seed * nr_plays + i);
}

int main(int argc, char **argv)
{
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	double seconds = argc > 1 ? atof(argv[1]) : 60, end, turn, begin;
	unsigned int count = 0, round = 0;
	int bad;

	if (argc == 3 && !strcmp(argv[1], "--again")) {
		const struct play *p = &plays[find_play(argv[2])];

		scene = scene_share(false);
		begin_child("target");
		p->run(scene, p);
	}
	for (int i = 3; i < argc; i++)
		find_play(argv[i]);
	for (unsigned int i = 0; i < nr_plays; i++)
		count += wanted(plays[i].name, argc, argv);
	printf("# torture for %.0f seconds, seed %lu\n", seconds, seed);
	scene = scene_share(true);
	vmapeek_on();
	traced = mainline() != CONTROL;
	if (traced && !reach_prepare())
		die("the kernel's tracing cannot be used");

	turn = seconds / count;
	turn = turn < 1 ? 1 : turn > 15 ? 15 : turn;
	begin = now();
	end = begin + seconds;
	do
		play_round(argc, argv, turn, seed + round++, end);
	while (now() < end);
	printf("# %u rounds in %.0f seconds\n", round, now() - begin);
	if (traced)
		reach_end();
	vmapeek_off();
	bad = report(argc, argv);
	fflush(stdout);
	return bad != 0;
}
