// SPDX-License-Identifier: GPL-2.0
/*
 * A fault in the reader's own memory may take indefinitely: with a userfaultfd,
 * until a thread supplies the page. Meanwhile the target must be able to change
 * its memory. If the reader held a lock while it touches its own memory, the
 * target would wait for that thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "readv.h"
#include "run.h"

#define PAGES		16
#define SIZE		(PAGES * PAGE)
#define TIME_LIMIT	240

/* State of the processes, in shared memory. */
struct progress {
	volatile bool faulted;	/* the reader waits for its page */
	volatile bool change;	/* the target may begin */
	volatile bool changed;	/* ... and is done */
	volatile bool serve;	/* the page may be supplied */
	volatile int what;	/* errno, if the target cannot */
	long n;
	unsigned char bytes[SIZE];
};

struct change {
	const char *name;
	enum kind kind;
	size_t size;
	bool (*make)(void);
};

static struct progress *progress;
static const struct change *wanted;

static bool change_protection(void)
{
	return !mprotect((void *)TARGET_AT, wanted->size, PROT_READ);
}

static bool unmap(void)
{
	return !munmap((void *)TARGET_AT, wanted->size);
}

static bool replace(void)
{
	return mmap((void *)TARGET_AT, wanted->size, PROT_READ | PROT_WRITE,
		    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

static bool move(void)
{
	return mremap((void *)TARGET_AT, wanted->size, wanted->size,
		      MREMAP_MAYMOVE | MREMAP_FIXED,
		      TARGET_AT + 64 * MIB) != MAP_FAILED;
}

static bool drop(void)
{
	return !madvise((void *)TARGET_AT, wanted->size, MADV_DONTNEED);
}

/* Locks all mappings for writing. */
static bool have_child(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static void prepare(struct target *t)
{
	kinds[wanted->kind].make(t, (char *)TARGET_AT, wanted->size);
}

/* Runs in the target, after its preparation. */
static void *change_when_told(void *arg)
{
	(void)arg;
	while (!progress->change)
		sched_yield();
	if (!wanted->make())
		progress->what = errno;
	progress->changed = true;
	return NULL;
}

static void prepare_and_change(struct target *t)
{
	pthread_t thread;

	prepare(t);
	if (pthread_create(&thread, NULL, change_when_told, NULL))
		broken(t, "thread");
}

/* Runs in the reader: supplies the page, but not at once. */
static void *serve(void *arg)
{
	int fd = *(int *)arg;
	struct uffdio_zeropage zero = { .range.len = PAGE };
	struct uffd_msg msg;

	while (read(fd, &msg, sizeof(msg)) == sizeof(msg)) {
		progress->faulted = true;
		while (!progress->serve)
			sched_yield();
		zero.range.start = msg.arg.pagefault.address & ~(PAGE - 1);
		ioctl(fd, UFFDIO_ZEROPAGE, &zero);
	}
	return NULL;
}

/* The first page is present, the others are supplied on demand. */
static void *own_memory(void)
{
	static int fd;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t thread;

	reg.range.start = (unsigned long)p;
	reg.range.len = SIZE;
	fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	*p = 0;
	if (p == MAP_FAILED || fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &reg) ||
	    pthread_create(&thread, NULL, serve, &fd))
		_exit(2);
	return p;
}

static pid_t reader_start(pid_t target)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		void *to = own_memory();

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		progress->n = remote_read(READV, target, TARGET_AT, to, SIZE);
		memcpy(progress->bytes, to, SIZE);
		_exit(0);
	}
	return pid;
}

/*
 * All pages are pinned before the first byte is copied, so all bytes are the
 * old ones.
 */
static void change_while_it_waits(const struct change *change)
{
	struct target *t = target_alloc();
	pid_t target, reader;
	int status;

	wanted = change;
	memset(progress, 0, sizeof(*progress));
	target = target_start(prepare_and_change, t);
	if (*t->lacks) {
		target_stop(target);
		skip_lacking(t->lacks);
	}
	assert_string_equal(t->broken, "");
	reader = reader_start(target);
	while (!progress->faulted) {
		assert_int_equal(waitpid(reader, &status, WNOHANG), 0);
		sched_yield();
	}

	progress->change = true;
	limit_set(60, "the target waits for the reader's memory");
	while (!progress->changed)
		sched_yield();
	limit_set(TIME_LIMIT, wanted->name);
	/* The reader's page has not been supplied yet. */
	assert_false(progress->serve);
	assert_int_equal(progress->what, 0);

	progress->serve = true;
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	target_stop(target);

	assert_int_equal(progress->n, SIZE);
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(progress->bytes[i], pattern(i));
}

static void off(void **state)
{
	vmapeek_off();
	change_while_it_waits(*state);
}

static void on(void **state)
{
	vmapeek_on();
	change_while_it_waits(*state);
}

static const struct change changes[] = {
	{ "mprotect", ANON, SIZE, change_protection },
	{ "munmap", ANON, SIZE, unmap },
	{ "mmap over it", ANON, SIZE, replace },
	{ "mremap", ANON, SIZE, move },
	{ "MADV_DONTNEED", ANON, SIZE, drop },
	{ "fork", ANON, SIZE, have_child },
	{ "munmap of a file", FILE_PRIVATE, SIZE, unmap },
	{ "munmap of a huge page", HUGE, HUGE_PAGE, unmap },
};

#define COUNT	ARRAY_SIZE(changes)

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[2 * COUNT];
	static char names[2 * COUNT][64];
	size_t n = 0;

	select_tests(argc, argv);
	progress = shared_alloc(sizeof(*progress));
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < COUNT; i++, n++) {
			snprintf(names[n], sizeof(names[n]), "%s: %s",
				 pass ? "on" : "off", changes[i].name);
			tests[n].name = names[n];
			tests[n].test_func = pass ? on : off;
			tests[n].initial_state = (void *)&changes[i];
		}
	}
	return run_selected("own faults", tests, n, TIME_LIMIT);
}
