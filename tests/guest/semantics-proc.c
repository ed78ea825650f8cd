// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/cmdline and environ: anonymous memory only, without force, and with
 * special rules for the end of a title.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cases.h"
#include "run.h"

/* Let cmdline or environ show @len bytes from @p on. */
static void show_as(struct target *t, bool environ, void *p, size_t len)
{
	unsigned long start = (unsigned long)p;

	if (!show_memory(environ, start, start + len))
		broken(t, "PR_SET_MM");
	t->addr = start;
	t->size = len;
}

/* cmdline looks for a title unless the last byte is NUL. */
static void *terminated(struct target *t, size_t len)
{
	char *p = map(t, len + PAGE);

	pattern_fill(p, len);
	p[len] = '\0';
	return p;
}

#define AREA_OF(_name, _len)						\
static void prepare_cmdline_##_name(struct target *t)			\
{									\
	show_as(t, false, terminated(t, _len), (_len) + 1);		\
}									\
static void prepare_environ_##_name(struct target *t)			\
{									\
	show_as(t, true, terminated(t, _len), _len);			\
}

AREA_OF(1, 1)
AREA_OF(4095, 4095)
AREA_OF(4096, 4096)
AREA_OF(4097, 4097)
AREA_OF(65536, 65536)
AREA_OF(1048576, 1048576)

static void prepare_empty(struct target *t)
{
	show_as(t, true, terminated(t, 1), 0);
}

/* Resident memory of a file, mapped in several ways. */
static void *file_memory(struct target *t, int fd, int flags, bool write)
{
	char *p;

	if (fd < 0 || ftruncate(fd, PAGE))
		broken(t, "file");
	p = map_at(t, 0, PAGE, PROT_READ | PROT_WRITE, flags, fd);
	if (write)
		pattern_fill(p, 100);
	else if (pwrite(fd, "secret", 6, 0) != 6 || p[0] != 's')
		broken(t, "write");
	return p;
}

static int temp_file(void)
{
	char name[] = "/tmp/fileXXXXXX";
	int fd = mkstemp(name);

	unlink(name);
	return fd;
}

#define FILE_AREA(_name, _environ, _fd, _flags, _write)			\
static void prepare_##_name(struct target *t)				\
{									\
	show_as(t, _environ, file_memory(t, _fd, _flags, _write), 101);	\
}

FILE_AREA(cmdline_file, false, temp_file(), MAP_PRIVATE, false)
FILE_AREA(environ_file, true, temp_file(), MAP_PRIVATE, false)
FILE_AREA(cmdline_memfd, false, memfd_create("m", 0), MAP_SHARED, true)
FILE_AREA(environ_memfd, true, memfd_create("m", 0), MAP_SHARED, true)
FILE_AREA(cmdline_cowed, false, temp_file(), MAP_PRIVATE, true)
FILE_AREA(environ_cowed, true, temp_file(), MAP_PRIVATE, true)

static void area_without(struct target *t, bool environ, int prot)
{
	void *p = terminated(t, 100);

	show_as(t, environ, p, 101);
	if (mprotect(p, PAGE, prot))
		broken(t, "mprotect");
}

static void prepare_cmdline_prot_none(struct target *t)
{
	area_without(t, false, PROT_NONE);
}

static void prepare_environ_prot_none(struct target *t)
{
	area_without(t, true, PROT_NONE);
}

static void prepare_environ_write_only(struct target *t)
{
	area_without(t, true, PROT_WRITE);
}

static void prepare_environ_untouched(struct target *t)
{
	show_as(t, true, map(t, PAGE), 100);
}

static void prepare_environ_gone(struct target *t)
{
	void *p = terminated(t, 100);

	show_as(t, true, p, 100);
	munmap(p, 2 * PAGE);
}

/* Half of the area is in another VMA. */
static void prepare_environ_two_vmas(struct target *t)
{
	char *p = terminated(t, 2 * PAGE);

	show_as(t, true, p + PAGE - 100, 200);
	if (mprotect(p + PAGE, PAGE, PROT_READ))
		broken(t, "mprotect");
}

/* A title that ends at a hole. */
static void prepare_title_to_hole(struct target *t)
{
	char *p = map(t, PAGE);

	pattern_fill(p, PAGE);
	show_as(t, false, p + PAGE - 300, 200);
}

/* A process that sets its title, like postgres, sshd and nginx. */
static void run_title(const struct read_case *c, struct outcome *o)
{
	pid_t pid = title_start(c->len);
	struct counters start = counters_read();

	o->ret = remote_read(CMDLINE, pid, 0, o->bytes, 2 * PAGE);
	o->events = counters_since(&start);
	if (o->ret > 0 && strcmp((char *)o->bytes, TITLE))
		outcome_broken(o, "not the title");
	title_stop(pid);
}

#define LENGTH(_len)							\
	{ .name = "cmdline, " #_len " bytes",				\
	  .prepare = prepare_cmdline_##_len, .how = CMDLINE,		\
	  .len = _len, .want = _len, .events = EV(FAST) },		\
	{ .name = "environ, " #_len " bytes",				\
	  .prepare = prepare_environ_##_len, .how = ENVIRON,		\
	  .len = _len, .want = _len, .events = EV(FAST) }
#define REFUSED(_name, _prepare, _how)					\
	{ .name = _name, .prepare = _prepare, .how = _how, .len = 100,	\
	  .want = 0, .content = ANYTHING, .events = EV(FAST) }

static const struct read_case cases[] = {
	LENGTH(1), LENGTH(4095), LENGTH(4096), LENGTH(4097), LENGTH(65536),
	LENGTH(1048576),
	{ .name = "cmdline, 0 bytes", .prepare = prepare_cmdline_4096,
	  .how = CMDLINE, .len = 0, .want = 0, .content = ANYTHING,
	  .events = ANY_EVENTS },
	{ .name = "environ, 0 bytes", .prepare = prepare_environ_4096,
	  .how = ENVIRON, .len = 0, .want = 0, .content = ANYTHING,
	  .events = NO_EVENTS },
	{ .name = "cmdline from the middle", .prepare = prepare_cmdline_65536,
	  .how = CMDLINE, .offset = 5000, .len = 10000, .want = 10000,
	  .events = EV(FAST) },
	{ .name = "environ from the middle", .prepare = prepare_environ_65536,
	  .how = ENVIRON, .offset = 5000, .len = 10000, .want = 10000,
	  .events = EV(FAST) },
	{ .name = "environ, past its end", .prepare = prepare_environ_4096,
	  .how = ENVIRON, .offset = 4096, .len = 10, .want = 0,
	  .content = ANYTHING, .events = NO_EVENTS },
	{ .name = "environ, empty", .prepare = prepare_empty, .how = ENVIRON,
	  .len = 10, .want = COMPARE, .content = ANYTHING,
	  .events = NO_EVENTS },

	REFUSED("cmdline from a file", prepare_cmdline_file, CMDLINE),
	REFUSED("environ from a file", prepare_environ_file, ENVIRON),
	REFUSED("cmdline from a memfd", prepare_cmdline_memfd, CMDLINE),
	REFUSED("environ from a memfd", prepare_environ_memfd, ENVIRON),
	REFUSED("cmdline from a written private file", prepare_cmdline_cowed,
		CMDLINE),
	REFUSED("environ from a written private file", prepare_environ_cowed,
		ENVIRON),
	REFUSED("cmdline from PROT_NONE", prepare_cmdline_prot_none, CMDLINE),
	REFUSED("environ from PROT_NONE", prepare_environ_prot_none, ENVIRON),
	REFUSED("environ from write-only memory", prepare_environ_write_only,
		ENVIRON),
	{ .name = "environ, untouched", .prepare = prepare_environ_untouched,
	  .how = ENVIRON, .len = 100, .want = 100, .content = ZEROS,
	  .events = EV(FAST) },
	REFUSED("environ from nowhere", prepare_environ_gone, ENVIRON),
	{ .name = "environ in two VMAs", .prepare = prepare_environ_two_vmas,
	  .how = ENVIRON, .len = 200, .want = 200, .content = ANYTHING,
	  .events = EV(LEAVES_VMA) },
	{ .name = "cmdline, a title that ends in a hole",
	  .prepare = prepare_title_to_hole, .how = CMDLINE, .len = 2 * PAGE,
	  .want = COMPARE, .content = ANYTHING, .events = EV(FAST) },

	{ .name = "title, less than a page below the stack's end", .len = 0,
	  .want = sizeof(TITLE), .content = ANYTHING, .events = EV(FAST),
	  .run = run_title },
	{ .name = "title, far below the stack's end", .len = 64 * KIB,
	  .want = sizeof(TITLE), .content = ANYTHING, .events = EV(FAST),
	  .run = run_title },
};

int main(int argc, char **argv)
{
	title_main(argc, argv);
	select_tests(argc, argv);
	return run_cases(cases, ARRAY_SIZE(cases));
}
