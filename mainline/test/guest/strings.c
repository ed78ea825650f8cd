// SPDX-License-Identifier: GPL-2.0
/* Strings of another process, as BPF reads them: by copy_remote_vm_str(). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cases.h"

#define DEVICE	"/dev/read_remote_str"

/*
 * Two pages, of which the second is not there, then another VMA and a hole. The
 * string that a case reads begins at its offset.
 */
static char *prepare_area(struct target *t)
{
	char *p = map(t, 5 * PAGE);

	if (munmap(p + 4 * PAGE, PAGE))
		broken(t, "munmap");
	pattern_fill(p, PAGE);
	pattern_fill(p + 2 * PAGE, 2 * PAGE);
	if (mprotect(p + 3 * PAGE, PAGE, PROT_READ))
		broken(t, "mprotect");
	t->addr = (unsigned long)p;
	return p;
}

static void prepare_untouched(struct target *t)
{
	prepare_area(t);
}

static void prepare_short(struct target *t)
{
	prepare_area(t)[10] = '\0';
}

/* The end of the string is the last byte that is there. */
static void prepare_ends_with_page(struct target *t)
{
	prepare_area(t)[PAGE - 1] = '\0';
}

static void prepare_across_pages(struct target *t)
{
	char *p = prepare_area(t);

	pattern_fill(p + PAGE, PAGE);
	p[PAGE + 10] = '\0';
}

static void prepare_file(struct target *t)
{
	int fd = memfd_create("test", 0);
	char *p;

	if (fd < 0 || ftruncate(fd, PAGE))
		broken(t, "memfd");
	p = map_at(t, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	strcpy(p, "a file");
	t->addr = (unsigned long)p;
}

static void prepare_prot_none(struct target *t)
{
	if (mprotect(prepare_area(t), PAGE, PROT_NONE))
		broken(t, "mprotect");
}

static void prepare_hugetlb(struct target *t)
{
	char *p = mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (p == MAP_FAILED)
		broken(t, "hugetlb");
	strcpy(p, "a huge page");
	t->addr = (unsigned long)p;
}

/* Which pages were marked accessed, or were faulted in, is compared, too. */
static void run_string(const struct read_case *c, struct outcome *o)
{
	struct target *t = target_alloc();
	pid_t pid = target_start(c->prepare, t);
	static unsigned char answer[sizeof(long) + 16 * PAGE];
	struct counters start;
	char text[64];
	int fd;

	strcpy(o->lacks, t->lacks);
	strcpy(o->broken, t->broken);
	if (o->lacks[0] || o->broken[0])
		goto stop;
	snprintf(text, sizeof(text), "/proc/%d/clear_refs", pid);
	write_line(text, "1");

	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	snprintf(text, sizeof(text), "%d %lx %zu", pid, t->addr + c->offset,
		 c->len);
	start = counters_read();
	if (fd < 0 || write(fd, text, strlen(text)) < 0 ||
	    read(fd, answer, sizeof(answer)) < (ssize_t)sizeof(long)) {
		outcome_broken(o, DEVICE);
		goto stop;
	}
	close(fd);
	o->events = counters_since(&start);
	memcpy(&o->ret, answer, sizeof(long));
	/* The string and its end; what is behind that was never promised. */
	if (o->ret >= 0)
		memcpy(o->bytes, answer + sizeof(long), o->ret + 1);
	o->extra = smaps_kb(pid, t->addr, "Referenced") * 1000 +
		   smaps_kb(pid, t->addr, "Rss");
stop:
	target_stop(pid);
}

#define CASE(_name, _prepare, _offset, _len, _want, _content, _event) \
	{ .name = "string, " _name, .prepare = _prepare, .offset = _offset, \
	  .len = _len, .want = _want, .content = _content, \
	  .events = EV(_event), .run = run_string }

static const struct read_case cases[] = {
	CASE("in a page", prepare_short, 2, 100, 8, PATTERN, FAST),
	CASE("empty", prepare_short, 10, 100, 0, PATTERN, FAST),
	CASE("in all of the buffer", prepare_short, 2, 9, 8, PATTERN, FAST),
	CASE("too long for the buffer", prepare_untouched, 2, 100, 99, PATTERN,
	     FAST),
	CASE("a buffer of one byte", prepare_untouched, 2, 1, 0, PATTERN,
	     FAST),
	CASE("up to the end of a page, the next is not there",
	     prepare_ends_with_page, PAGE - 50, 200, 49, PATTERN, FAST),
	CASE("across two pages", prepare_across_pages, PAGE - 50, 200, 60,
	     ANYTHING, FAST),
	CASE("into a page that is not there", prepare_untouched, PAGE - 50,
	     200, 50, PATTERN, NOT_PRESENT),
	CASE("the buffer ends with a page", prepare_untouched, PAGE - 50, 50,
	     49, PATTERN, FAST),
	CASE("the buffer ends in a page that is not there",
	     prepare_untouched, PAGE - 50, 51, 50, PATTERN, NOT_PRESENT),
	CASE("two VMAs", prepare_untouched, 3 * PAGE - 50, 100, 99, ANYTHING,
	     LEAVES_VMA),
	CASE("into a hole", prepare_untouched, 4 * PAGE - 50, 100, -EFAULT,
	     ANYTHING, LEAVES_VMA),
	CASE("nothing there", prepare_untouched, 4 * PAGE, 100, -EFAULT,
	     ANYTHING, NO_VMA),
	CASE("file", prepare_file, 0, 100, 6, ANYTHING, FAST),
	CASE("PROT_NONE", prepare_prot_none, 0, 100, -EFAULT, ANYTHING,
	     NOT_PERMITTED),
	CASE("hugetlb", prepare_hugetlb, 0, 100, 11, ANYTHING, SPECIAL),
};

int main(void)
{
	return run_cases(cases, ARRAY_SIZE(cases));
}
