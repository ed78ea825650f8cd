// SPDX-License-Identifier: GPL-2.0
/*
 * The target of the readers: a process with known arguments and environment,
 * and a text at a known address. It maps a file of the file system at DATA.
 *
 * Prints the address of the text, the address of the arguments, and the ID of a
 * thread that only sleeps: the demo has two readers by ptrace, and a thread has
 * one tracer. Then a child reads commands from stdin, one per line, and answers
 * with the new state:
 *
 *	freeze	Freezes DATA. A thread reads from a disk, by O_DIRECT, into the
 *		memory of the file. The kernel faults the page in for writing,
 *		and sleeps in that fault with the mmap lock read-locked. Another
 *		thread frees memory, and waits for the lock: "stuck".
 *	thaw	Thaws DATA; both threads continue: "free".
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DATA		"/data"
#define PAGE		4096
#define SIZE		(16 * PAGE)

/* The first eight bytes are what "mem", "peek" and "readv" read. */
static const char content[] = "resident text of the target";
static char text[sizeof(content)];

enum who { LOADER, FREER, NR_WORKERS };

/* Shared by the target and the child that takes commands. */
static struct {
	pid_t tid[NR_WORKERS];
	int asked[NR_WORKERS], done[NR_WORKERS];	/* jobs so far */
} *shared;

static int file, source;
static char *memory;

static int load(const int *what)
{
	return __atomic_load_n(what, __ATOMIC_ACQUIRE);
}

static void work(enum who who)
{
	void *p;

	if (who == LOADER) {
		if (pread(source, memory, PAGE, 0) != PAGE)
			err(1, DATA "/stock");
		return;
	}
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || munmap(p, PAGE))
		err(1, "mmap");
}

static void *run(void *arg)
{
	enum who who = (enum who)(long)arg;

	__atomic_store_n(&shared->tid[who], (pid_t)syscall(SYS_gettid),
			 __ATOMIC_RELEASE);
	for (;;) {
		while (load(&shared->asked[who]) == shared->done[who])
			usleep(1000);
		work(who);
		__atomic_add_fetch(&shared->done[who], 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Does a line of the file @name in /proc/@tid contain @text? */
static bool shows(pid_t tid, const char *name, const char *text)
{
	char path[64], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, text);
	if (f)
		fclose(f);
	return found;
}

/* Start a job; return when its thread sleeps where @name shows @text. */
static void begin(enum who who, const char *name, const char *text)
{
	__atomic_add_fetch(&shared->asked[who], 1, __ATOMIC_RELEASE);
	while (!shows(shared->tid[who], name, text))
		usleep(1000);
}

static void *sleep_only(void *arg)
{
	__atomic_store_n((pid_t *)arg, (pid_t)syscall(SYS_gettid),
			 __ATOMIC_RELEASE);
	for (;;)
		pause();
	return NULL;
}

static void freeze(int dir)
{
	if (ioctl(dir, FIFREEZE, 0))
		err(1, "freezing " DATA);
	/* State D is not enough: the thread may also sleep in reading a page. */
	begin(LOADER, "stack", "page_mkwrite");
	begin(FREER, "status", "State:\tD");
	puts("stuck");
}

static void thaw(int dir)
{
	if (ioctl(dir, FITHAW, 0))
		err(1, "thawing " DATA);
	for (int who = 0; who < NR_WORKERS; who++)
		while (load(&shared->done[who]) < load(&shared->asked[who]))
			usleep(1000);
	/* Write back, so that the next write faults again. */
	if (fsync(file))
		err(1, "writing to " DATA);
	puts("free");
}

static void take_commands(void)
{
	int dir = open(DATA, O_RDONLY | O_CLOEXEC);
	char line[32];

	if (dir < 0)
		err(1, DATA);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "freeze\n"))
			freeze(dir);
		else
			thaw(dir);
		fflush(stdout);
	}
}

static int make_file(const char *path)
{
	static char bytes[SIZE];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, bytes, SIZE) != SIZE || fsync(fd))
		err(1, "%s", path);
	return fd;
}

/* Map the file, and read its first page into memory. */
static void prepare(void)
{
	close(make_file(DATA "/stock"));
	source = open(DATA "/stock", O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (source < 0)
		err(1, DATA "/stock");
	file = make_file(DATA "/orders");
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (memory == MAP_FAILED)
		err(1, "mapping " DATA "/orders");
	(void)*(volatile char *)memory;
}

int main(int argc, char **argv)
{
	pid_t parent = getpid(), sleeper = 0;
	pthread_t thread;

	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	prepare();
	/* The write makes sure that the page is present. */
	memcpy(text, content, sizeof(text));
	(void)argc;
	if (pthread_create(&thread, NULL, sleep_only, &sleeper))
		errx(1, "no thread");
	while (!__atomic_load_n(&sleeper, __ATOMIC_ACQUIRE))
		usleep(1000);
	printf("%p %p %d\n", (void *)text, (void *)argv[0], sleeper);
	fflush(stdout);

	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "operator");
		while (!load(&shared->tid[LOADER]) ||
		       !load(&shared->tid[FREER]))
			usleep(1000);
		if (getppid() == parent)
			take_commands();
		_exit(0);
	}
	for (long who = 0; who < NR_WORKERS; who++)
		if (pthread_create(&thread, NULL, run, (void *)who))
			errx(1, "no thread");
	for (;;)
		pause();
}
