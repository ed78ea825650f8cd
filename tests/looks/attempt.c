// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a command that may hang in the kernel, without hanging itself:
 *
 *	attempt SECONDS COMMAND..
 *
 * Prints "ended STATUS SECONDS"; or "hangs NAME:FUNCTION CALLER..", if one of
 * its tasks sleeps uninterruptibly in one kernel function for ASLEEP seconds,
 * or the time is up. The callers are the functions of its kernel stack, up to
 * the system call. The remaining processes are killed, each by its PID, but not
 * waited for.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Seconds of uninterruptible sleep that are a hang; seconds between polls. */
#define ASLEEP		2.5
#define PAUSE		0.02
#define PAUSE_TASKS	0.5

struct task {
	pid_t pid, tid;
	char state;
	char comm[32], where[64];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void pause_for(double seconds)
{
	struct timespec t = { .tv_nsec = seconds * 1e9 };

	nanosleep(&t, NULL);
}

/* The first line of a file, or "". */
static void read_line(char *line, size_t size, const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(line, size, file))
		*line = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (file)
		fclose(file);
}

/*
 * The state of a thread, and the parent of its process. stat is no alternative,
 * because it waits for exec_update_lock.
 */
static char state_of(pid_t pid, pid_t tid, pid_t *parent)
{
	char path[64], line[256], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "State: %c", &state);
		if (sscanf(line, "PPid: %d", parent) == 1)
			break;
	}
	fclose(file);
	return state;
}

/* Is @pid a descendant? This process is a subreaper. */
static bool is_ours(pid_t pid)
{
	while (pid > 1) {
		pid_t parent = 0;

		if (!state_of(pid, pid, &parent))
			return false;
		if (parent == getpid())
			return true;
		pid = parent;
	}
	return false;
}

static void describe(struct task *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", t->pid, t->tid);
	read_line(t->comm, sizeof(t->comm), path);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/wchan", t->pid, t->tid);
	read_line(t->where, sizeof(t->where), path);
}

/* The callers of the function that a task sleeps in, up to the system call. */
static void print_callers(const struct task *t)
{
	char path[64], line[256], name[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stack", t->pid, t->tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file) &&
	       sscanf(line, "[<%*x>] %127[^+]", name) == 1 &&
	       strcmp(name, "do_syscall_64"))
		if (strcmp(name, t->where))
			printf(" %s", name);
	if (file)
		fclose(file);
}

/* Calls @callback for each thread of a process, until it returns true. */
static bool each_thread(pid_t pid, bool (*callback)(struct task *t, void *arg),
			void *arg)
{
	struct dirent *thread;
	bool done = false;
	char path[64];
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	while (!done && threads && (thread = readdir(threads))) {
		struct task t = { .pid = pid, .tid = atoi(thread->d_name) };
		pid_t parent;

		t.state = t.tid ? state_of(pid, t.tid, &parent) : 0;
		if (t.state)
			done = callback(&t, arg);
	}
	if (threads)
		closedir(threads);
	return done;
}

static void each_task(bool (*callback)(struct task *t, void *arg), void *arg)
{
	DIR *processes = opendir("/proc");
	struct dirent *process;
	bool done = false;

	while (!done && processes && (process = readdir(processes))) {
		pid_t pid = atoi(process->d_name);

		if (pid > getpid() && is_ours(pid))
			done = each_thread(pid, callback, arg);
	}
	if (processes)
		closedir(processes);
}

static bool is_asleep(struct task *t, void *found)
{
	if (t->state != 'D')
		return false;
	describe(t);
	*(struct task *)found = *t;
	return true;
}

/* Finds a task that is not stuck itself, and does not only wait for others. */
static bool is_there(struct task *t, void *found)
{
	if (t->pid != t->tid)
		return false;
	describe(t);
	if (!strcmp(t->comm, "bash") || !strcmp(t->comm, "timeout") ||
	    !strcmp(t->where, "pipe_read"))
		return false;
	*(struct task *)found = *t;
	return true;
}

static bool is_to_end(struct task *t, void *arg)
{
	(void)arg;
	if (t->pid == t->tid)
		kill(t->pid, SIGKILL);
	return false;
}

/* Has a task slept uninterruptibly for long? To be called repeatedly. */
static bool hangs(struct task *t)
{
	static struct task last;
	static double since;
	struct task found = { 0 };

	each_task(is_asleep, &found);
	if (found.tid != last.tid || strcmp(found.where, last.where))
		since = now();
	last = found;
	*t = found;
	return found.tid && now() - since >= ASLEEP;
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("attempt: fork");
		exit(2);
	}
	if (!pid) {
		setsid();
		execvp(*command, command);
		_exit(127);
	}
	return pid;
}

int main(int argc, char **argv)
{
	double begin = now(), limit, look = begin + PAUSE_TASKS;
	struct task t = { 0 };
	int status;
	pid_t pid;

	if (argc < 3) {
		fputs("usage: attempt SECONDS COMMAND..\n", stderr);
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	limit = atof(argv[1]);
	pid = start(argv + 2);
	while (!waitpid(pid, &status, WNOHANG)) {
		bool late = now() - begin >= limit;

		if (late || now() >= look) {
			if (hangs(&t) || late)
				goto hung;
			look = now() + PAUSE_TASKS;
		}
		pause_for(PAUSE);
	}
	printf("ended %d %.1f\n", WIFEXITED(status) ? WEXITSTATUS(status) :
				  128 + WTERMSIG(status), now() - begin);
	each_task(is_to_end, NULL);
	return 0;

hung:
	if (!t.tid)
		each_task(is_there, &t);
	printf("hangs %s:%s", *t.comm ? t.comm : "?",
	       *t.where ? t.where : "?");
	print_callers(&t);
	putchar('\n');
	each_task(is_to_end, NULL);
	return 1;
}
