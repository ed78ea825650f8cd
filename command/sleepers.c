// SPDX-License-Identifier: GPL-2.0
/*
 * A first pass reads the state of every task from status, which takes no lock
 * that sleeps; stat would wait for exec_update_lock. Only tasks in
 * uninterruptible sleep are examined further, by limited_read().
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "files.h"
#include "limited.h"
#include "output.h"
#include "sleepers.h"

#define TASK	"/proc/%d/task/%d"

/* The beginning of status, with all fields that are used here. */
#define STATUS_SIZE	1024

static char text[LIMITED_SIZE];

/* The rest of the line that begins with @key, or NULL. */
static const char *field(const char *status, const char *key)
{
	size_t len = strlen(key);

	while (strncmp(status, key, len)) {
		status = strchr(status, '\n');
		if (!status)
			return NULL;
		status++;
	}
	return status + len;
}

static bool read_status(int dir, const char *path, char *status)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, status, STATUS_SIZE - 1);
	close(fd);
	if (n <= 0)
		return false;
	status[n] = '\0';
	return true;
}

void process_comm(pid_t pid, char *comm, size_t size)
{
	if (!file_line(comm, size, "/proc/%d/comm", pid))
		snprintf(comm, size, "?");
	make_printable(comm);
}

static struct sleeper *add(struct sleepers *s)
{
	if (!(s->n & (s->n - 1))) {
		size_t room = s->n ? 2 * s->n : 1;

		s->task = reallocarray(s->task, room, sizeof(*s->task));
		if (!s->task)
			err(EXIT_FAILED, "out of memory");
	}
	s->task[s->n] = (struct sleeper) { .seconds = -1 };
	return &s->task[s->n++];
}

static void add_task(struct sleepers *s, pid_t pid, pid_t tid,
		     const char *status)
{
	struct sleeper *t = add(s);
	const char *ppid = field(status, "PPid:\t");

	t->pid = pid;
	t->tid = tid;
	t->ppid = ppid ? atoi(ppid) : 0;
	t->state = *field(status, "State:\t");
	snprintf(t->comm, sizeof(t->comm), "%.*s",
		 (int)strcspn(status + strlen("Name:\t"), "\n"),
		 status + strlen("Name:\t"));
	make_printable(t->comm);
}

/* Calls back for each task of /proc, with the beginning of its status. */
static size_t each_task(struct sleepers *s,
			void (*callback)(struct sleepers *s, pid_t pid,
					 pid_t tid, const char *status))
{
	DIR *processes = directory_open("/proc"), *tasks;
	char status[STATUS_SIZE], path[64];
	const char *pid, *tid;
	size_t n = 0;

	if (!processes)
		return 0;
	while ((pid = directory_next(processes))) {
		if (!isdigit(*pid))
			continue;
		tasks = directory_open("/proc/%s/task", pid);
		if (!tasks)
			continue;
		while ((tid = directory_next(tasks))) {
			snprintf(path, sizeof(path), "%s/status", tid);
			if (!read_status(dirfd(tasks), path, status) ||
			    !field(status, "State:\t"))
				continue;
			n++;
			callback(s, atoi(pid), atoi(tid), status);
		}
		closedir(tasks);
	}
	closedir(processes);
	return n;
}

static void if_uninterruptible(struct sleepers *s, pid_t pid, pid_t tid,
			       const char *status)
{
	if (*field(status, "State:\t") == 'D')
		add_task(s, pid, tid, status);
}

/* All threads of a process share exec_update_lock. */
static bool is_in_exec(const struct sleepers *s, pid_t pid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->task[i].pid == pid && s->task[i].in_exec)
			return true;
	return false;
}

/* The number of a CPU is the 39th field of stat; 36 follow the state. */
static int cpu_of(const char *stat)
{
	const char *at = strrchr(stat, ')');

	if (!at || strlen(at) < 4)
		return -1;
	at += 2;
	for (int i = 3; i < 39; i++) {
		at = strchr(at, ' ');
		if (!at)
			return -1;
		at++;
	}
	return atoi(at);
}

/* The current scheduler's clock of a CPU. */
static double clock_of(unsigned int cpu)
{
	static struct cpu_clock {
		bool known;
		double clock, at;
	} *clocks;
	static unsigned int n;
	struct cpu_clock *c;

	if (cpu >= n) {
		clocks = reallocarray(clocks, cpu + 1, sizeof(*clocks));
		if (!clocks)
			err(EXIT_FAILED, "out of memory");
		memset(clocks + n, 0, (cpu + 1 - n) * sizeof(*clocks));
		n = cpu + 1;
	}
	c = &clocks[cpu];
	/* The clocks of CPUs may exclude interrupts, so they drift. */
	if (!c->known || seconds_now() - c->at > 10) {
		c->clock = limited_clock(cpu);
		c->at = seconds_now();
		c->known = true;
	}
	return c->clock < 0 ? -1 : c->clock + seconds_now() - c->at;
}

static void read_seconds(struct sleeper *t)
{
	double began, now;
	int cpu;

	if (limited_read(text, TASK "/stat", t->pid, t->tid))
		return;
	cpu = cpu_of(text);
	if (cpu < 0 || limited_read(text, TASK "/sched", t->pid, t->tid))
		return;
	began = exec_start(text);
	now = clock_of(cpu);
	if (began >= 0 && now >= 0)
		t->seconds = now > began ? now - began : 0;
}

/* Returns false if exec_update_lock is taken. */
static bool read_stack(struct sleepers *s, struct sleeper *t)
{
	int error = s->stacks ? limited_read(text, TASK "/stack", t->pid,
					     t->tid) : EACCES;

	if (!error && *text) {
		stack_parse(&t->stack, text);
	} else if (error != ETIMEDOUT) {
		error = limited_read(text, TASK "/wchan", t->pid, t->tid);
		if (!error)
			stack_parse_wchan(&t->stack, text);
	}
	t->seen = t->stack.n;
	return error != ETIMEDOUT;
}

/* The argument of a system call that identifies the target. */
enum told { TOLD_NOTHING, TOLD_FD, TOLD_PID, TOLD_PTRACE };

struct call {
	long nr;
	unsigned long long args[6];
	bool known, compat;
};

static const struct {
	int nr, compat_nr;
	enum told told;
	const char *name;
} calls[] = {
	{ SYS_read, 3, TOLD_FD, NULL },
	{ SYS_write, 4, TOLD_FD, NULL },
	{ SYS_pread64, 180, TOLD_FD, NULL },
	{ SYS_pwrite64, 181, TOLD_FD, NULL },
	{ SYS_readv, 145, TOLD_FD, NULL },
	{ SYS_writev, 146, TOLD_FD, NULL },
	{ SYS_preadv, 333, TOLD_FD, NULL },
	{ SYS_pwritev, 334, TOLD_FD, NULL },
	{ SYS_ioctl, 54, TOLD_FD, NULL },
	{ SYS_getdents64, 220, TOLD_FD, NULL },
	{ SYS_sendfile, 187, TOLD_NOTHING, NULL },
	{ SYS_ptrace, 26, TOLD_PTRACE, "ptrace" },
	{ SYS_process_vm_readv, 347, TOLD_PID, "process_vm_readv" },
	{ SYS_process_vm_writev, 348, TOLD_PID, "process_vm_writev" },
	{ SYS_move_pages, 317, TOLD_PID, "move_pages" },
	{ SYS_migrate_pages, 294, TOLD_PID, "migrate_pages" },
	{ SYS_process_madvise, 440, TOLD_FD, "process_madvise" },
	{ SYS_process_mrelease, 448, TOLD_FD, "process_mrelease" },
};

static void read_call(const struct sleeper *t, struct call *c)
{
	c->known = !limited_read(text, TASK "/syscall", t->pid, t->tid) &&
		   sscanf(text, "%ld %llx %llx %llx %llx %llx %llx", &c->nr,
			  &c->args[0], &c->args[1], &c->args[2], &c->args[3],
			  &c->args[4], &c->args[5]) == 7;
	c->compat = false;
	for (size_t i = 0; i < t->stack.n; i++)
		if (strstr(t->stack.frame[i].function, "syscall_32"))
			c->compat = true;
}

/*
 * The process in a path such as /proc/12/maps or /proc/12/task/13/mem. Mounts
 * of other namespaces are shown without where they are: /12/maps.
 */
static pid_t pid_in_path(const char *path, char *looks, size_t size)
{
	const char *at = strrchr(path, '/'), *begin;
	pid_t pid = 0;
	int len = 0;

	if (!at)
		return 0;
	snprintf(looks, size, "%s", at + 1);
	for (begin = path; (begin = strchr(begin, '/')); begin++)
		if (sscanf(begin, "/%d%n", &pid, &len) == 1 &&
		    begin[len] == '/')
			return pid;
	return 0;
}

/* The number of PID namespaces of a process: it has a PID in each. */
static int namespaces(const char *status, pid_t *innermost)
{
	const char *line = field(status, "NSpid:");
	int n = 0, len, pid;

	if (!line)
		return 1;
	while (*line != '\n' && sscanf(line, "%d%n", &pid, &len) == 1) {
		*innermost = pid;
		line += len;
		n++;
	}
	return n;
}

static bool same_namespace(pid_t a, pid_t b)
{
	char other[LIMITED_SIZE];

	return !limited_link(other, "/proc/%d/ns/pid", a) &&
	       !limited_link(text, "/proc/%d/ns/pid", b) &&
	       !strcmp(text, other);
}

/* Translate a PID of the reader's namespace into one of ours. */
static pid_t translate(pid_t reader, pid_t number)
{
	DIR *dir = directory_open("/proc");
	char status[STATUS_SIZE], path[64];
	pid_t found = 0, pid = 0;
	const char *name;
	int depth = 1;

	if (!dir)
		return 0;
	snprintf(path, sizeof(path), "%d/status", reader);
	if (read_status(dirfd(dir), path, status))
		depth = namespaces(status, &pid);
	if (depth == 1) {
		closedir(dir);
		return number;
	}
	while (!found && (name = directory_next(dir))) {
		snprintf(path, sizeof(path), "%s/status", name);
		if (isdigit(*name) &&
		    read_status(dirfd(dir), path, status) &&
		    namespaces(status, &pid) == depth && pid == number &&
		    same_namespace(reader, atoi(name)))
			found = atoi(name);
	}
	closedir(dir);
	return found;
}

/* The process of a thread: most interfaces also accept a thread's ID. */
static pid_t process_of(pid_t tid)
{
	char status[STATUS_SIZE], *path = file_path("/proc/%d/status", tid);
	const char *tgid = NULL;

	if (read_status(AT_FDCWD, path, status))
		tgid = field(status, "Tgid:\t");
	free(path);
	return tgid ? atoi(tgid) : 0;
}

static pid_t told_by_fd(const struct sleeper *t, unsigned long long fd,
			char *looks, size_t size)
{
	const char *pid;

	if (limited_link(text, TASK "/fd/%d", t->pid, t->tid, (int)fd))
		return 0;
	if (*text == '/')
		return pid_in_path(text, looks, size);
	/* A pidfd, already in our numbers */
	if (limited_read(text, TASK "/fdinfo/%d", t->pid, t->tid, (int)fd))
		return 0;
	pid = field(text, "Pid:\t");
	return pid ? atoi(pid) : 0;
}

/* The process that a task reads, by its system call. */
static pid_t target_of(struct sleeper *t)
{
	struct call c = { 0 };
	pid_t pid = 0;

	read_call(t, &c);
	if (!c.known)
		return 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (c.nr != (c.compat ? calls[i].compat_nr : calls[i].nr))
			continue;
		if (calls[i].name)
			strcpy(t->looks, calls[i].name);
		switch (calls[i].told) {
		case TOLD_FD:
			pid = told_by_fd(t, c.args[0], t->looks,
					 sizeof(t->looks));
			break;
		case TOLD_PID:
			pid = c.args[0];
			break;
		case TOLD_PTRACE:
			pid = c.args[1];
			break;
		case TOLD_NOTHING:
			break;
		}
	}
	make_printable(t->looks);
	if (pid > 0)
		pid = translate(t->pid, pid);
	return pid > 0 ? process_of(pid) : 0;
}

/*
 * Do two processes have one address space, as after vfork()? kcmp() would wait
 * for exec_update_lock.
 */
static bool same_memory(pid_t a, pid_t b)
{
	static const char *const keys[] = {
		"VmPeak:", "VmSize:", "VmLck:", "VmPin:", "VmData:", "VmStk:",
		"VmExe:", "VmLib:", "VmPTE:",
	};
	char other[LIMITED_SIZE];

	if (limited_read(other, "/proc/%d/status", a) ||
	    limited_read(text, "/proc/%d/status", b))
		return false;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *x = field(other, keys[i]), *y = field(text, keys[i]);
		size_t len;

		if (!x || !y)
			return false;
		len = strcspn(x, "\n") + 1;
		if (strncmp(x, y, len))
			return false;
	}
	return true;
}

/*
 * The process whose address space a task has: after vfork(), its parent's. In
 * exec(), the parent was woken before the child waits for the mmap lock.
 */
static pid_t owner_of(const struct sleepers *s, const struct sleeper *t)
{
	bool shares = t->in_exec;

	for (size_t i = 0; i < s->n && !shares; i++)
		shares = s->task[i].pid == t->ppid &&
			 stack_in_vfork(&s->task[i].stack);
	return shares && same_memory(t->pid, t->ppid) ? t->ppid : t->pid;
}

static void conclude(const struct sleepers *s, struct sleeper *t)
{
	enum whose whose;

	if (t->in_exec) {
		pid_t owner = owner_of(s, t);

		/* It is known to be in exec(), but not what it waits for. */
		if (owner != t->pid) {
			t->waits = WAITS_MMAP_READ;
			t->of = owner;
			strcpy(t->looks, "exec");
		}
		return;
	}
	t->waits = stack_waits(&t->stack, &whose);
	if (t->waits == WAITS_ELSEWHERE)
		t->holds = stack_holds(&t->stack, &whose, &t->sure);
	if (t->waits == WAITS_ELSEWHERE && t->holds == HOLDS_NOTHING)
		return;
	if (whose == WHOSE_OTHER)
		t->of = target_of(t);
	else if (whose == WHOSE_OWN)
		t->of = owner_of(s, t);
}

static void look_at(struct sleepers *s, size_t first)
{
	for (size_t i = first; i < s->n; i++) {
		struct sleeper *t = &s->task[i];

		if (is_in_exec(s, t->pid) || !read_stack(s, t))
			t->in_exec = true;
		if (!t->seen && !t->in_exec && t->state == 'D')
			s->unseen++;
	}
	/* The search for vfork() needs the stacks of all tasks. */
	for (size_t i = first; i < s->n; i++) {
		struct sleeper *t = &s->task[i];

		conclude(s, t);
		if (!t->in_exec && (t->waits || t->holds))
			read_seconds(t);
	}
}

/* Without hidepid=, every user may list the threads of process 1. */
static bool hides_processes(void)
{
	DIR *dir = directory_open("/proc/1/task");

	if (dir)
		closedir(dir);
	return !dir;
}

void sleepers_read(struct sleepers *s)
{
	*s = (struct sleepers) { .hidden = hides_processes() };
	s->looked = each_task(s, if_uninterruptible);
	if (s->n)
		s->stacks = !limited_read(text, "/proc/self/stack");
	look_at(s, 0);
}

static void if_may_hold(struct sleepers *s, pid_t pid, pid_t tid,
			const char *status)
{
	enum whose whose;
	struct stack stack;
	bool sure;

	if (*field(status, "State:\t") != 'S' || is_in_exec(s, pid) ||
	    limited_read(text, TASK "/wchan", pid, tid) ||
	    wchan_is_idle(text) ||
	    limited_read(text, TASK "/stack", pid, tid))
		return;
	stack_parse(&stack, text);
	if (stack_holds(&stack, &whose, &sure) != HOLDS_NOTHING)
		add_task(s, pid, tid, status);
}

void sleepers_read_interruptible(struct sleepers *s)
{
	size_t first = s->n;

	if (!s->stacks)
		return;
	each_task(s, if_may_hold);
	look_at(s, first);
}

void sleepers_free(struct sleepers *s)
{
	free(s->task);
	s->task = NULL;
	s->n = 0;
}
