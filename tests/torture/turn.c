// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "turn.h"

/* A task that has not exited by then is stuck; no machine is that slow. */
#define STUCK_SECONDS	300
/* The limit after a warning in the kernel log. */
#define DOUBTED_SECONDS	20

static const enum interface interfaces[] = {
	MEM, CMDLINE, ENVIRON, PEEKDATA, READV,
};

static struct scene *scene;

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

struct scene *scene_share(bool create)
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

void begin_child(const char *name)
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

static pid_t start_maps_reader(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	begin_child("maps-reader");
	maps_reader_run(scene);
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

/* Print where the tasks are in the kernel. */
static void print_tasks(const pid_t *pids, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		print_file(pids[i], "comm");
		print_file(pids[i], "syscall");
		print_file(pids[i], "stack");
	}
}

static bool is_stuck(double seconds)
{
	return seconds > STUCK_SECONDS ||
	       (seconds > DOUBTED_SECONDS && kernel_complains());
}

/* A task that holds a leaked lock, or waits for one, does not exit. */
static void wait_for(const struct play *p, pid_t *pids, unsigned int n)
{
	double begin = now();

	for (unsigned int i = 0; i < n; i++) {
		while (!waitpid(pids[i], NULL, WNOHANG | __WALL)) {
			if (is_stuck(now() - begin)) {
				print_tasks(pids, n);
				if (scene->pid)
					print_tasks(&scene->pid, 1);
				die("%s: a task is stuck: a lock was left behind",
				    p->name);
			}
			usleep(10000);
		}
	}
}

static void add_reader(const struct play *p, const struct reader_stats *r,
		       struct sum *sum)
{
	sum->bytes += r->bytes;
	sum->absent += r->absent;
	sum->zeros += r->zeros;
	sum->wrong += r->wrong;
	if (!r->finding[0])
		return;
	printf("# %s: %s\n", p->name, r->finding);
	if (!sum->finding[0])
		snprintf(sum->finding, sizeof(sum->finding), "%s", r->finding);
}

static void add_up(const struct play *p, struct sum *sum)
{
	sum->turns++;
	sum->steps += scene->steps;
	memcpy(sum->lacks, scene->lacks, sizeof(sum->lacks));
	/* The readers had no target. */
	if (scene->lacks[0])
		return;
	if (scene->broken[0]) {
		sum->wrong++;
		snprintf(sum->finding, sizeof(sum->finding), "%s",
			 scene->broken);
	}
	for (int i = 0; i < NR_INTERFACES; i++) {
		sum->reads[i] += scene->readers[i].reads;
		add_reader(p, &scene->readers[i], sum);
	}
	sum->maps_reads += scene->maps_reader.reads;
	add_reader(p, &scene->maps_reader, sum);
	if (scene->broken[0])
		printf("# %s: %s\n", p->name, scene->broken);
	if (kernel_complains() && !sum->wrong++)
		snprintf(sum->finding, sizeof(sum->finding),
			 "the kernel log has a warning");
}

void turn(const struct play *p, struct scene *shared, bool traced,
	  struct sum *sum, double seconds, unsigned long seed)
{
	struct counters start = counters_read();
	double end = now() + seconds;
	pid_t readers[NR(interfaces) + 1], others[2];
	unsigned int nr_others = 0;

	scene = shared;
	memset(scene, 0, sizeof(*scene));
	scene->size = p->size;
	scene->rules = p->rules;
	scene->seed = seed;
	for (int i = 0; i < CHUNKS; i++)
		scene->generations[i].oldest = 1;
	traced = traced && !p->switches;
	if (traced)
		reach_start(p->name);
	fflush(stdout);
	others[nr_others++] = start_target(p);
	for (unsigned int i = 0; i < NR(interfaces); i++)
		readers[i] = start_reader(interfaces[i]);
	readers[NR(interfaces)] = start_maps_reader();
	if (p->disturb)
		others[nr_others++] = start_disturber(p);
	while (now() < end && !over()) {
		usleep(10000);
		if (traced)
			reach_look(p->name);
	}
	/* The target must not exit before the readers. */
	atomic_store(&scene->stop_readers, true);
	wait_for(p, readers, NR(readers));
	atomic_store(&scene->stop, true);
	wait_for(p, others, nr_others);
	if (traced)
		reach_stop(p->name);
	sum->fast += p->switches ? scene->fast :
				   counters_since(&start).n[FAST];
	add_up(p, sum);
}

bool has_read(const struct sum *sum)
{
	for (unsigned int i = 0; i < NR(interfaces); i++)
		if (!sum->reads[interfaces[i]])
			return false;
	return sum->maps_reads && (sum->fast || mainline() != MODULE);
}
