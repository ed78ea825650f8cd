// SPDX-License-Identifier: GPL-2.0
/*
 * Changes by the target while the reader is stopped. The result of each system
 * call is recorded. Most deeds end with a write, which shows whether reader and
 * target have the same page.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interference.h"
#include "kinds-make.h"
#include "vmapeek.h"

static int move_uffd;
static int told[2];		/* a child has done its part */

static void step(const char *what, long ret)
{
	struct step *s = &scene->steps[scene->nr_steps++];

	s->err = ret == -1 ? errno : 0;
	s->ret = ret;
	snprintf(s->what, sizeof(s->what), "%s", what);
}

/* The address differs, and is not compared. */
static void step_map(const char *what, void *ret)
{
	step(what, ret == MAP_FAILED ? -1 : 0);
}

static void fill(char byte)
{
	if (!deed_page_is_missing())
		memset(deed_page(), byte, PAGE);
}

static void write_page(pid_t target)
{
	(void)target;
	fill(NEW);
}

static void unmap(pid_t target)
{
	(void)target;
	step("munmap", munmap(deed_start(), deed_size()));
}

static void map_over(pid_t target)
{
	(void)target;
	step_map("mmap", mmap(deed_start(), deed_size(),
			      PROT_READ | PROT_WRITE,
			      MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memset(deed_page(), NEW, PAGE);
}

/* A write after the move goes to the page that the reader has. */
static void move_away(pid_t target)
{
	char *to = (char *)ELSEWHERE + (deed_page() - deed_start());

	(void)target;
	step_map("mremap", mremap(deed_start(), deed_size(), deed_size(),
				  MREMAP_MAYMOVE | MREMAP_FIXED,
				  (void *)ELSEWHERE));
	if (!deed_page_is_missing())
		memset(to, NEW, PAGE);
}

static void prepare_elsewhere(struct target *t)
{
	memset(map_anon(t, (char *)ELSEWHERE, PAGE), NEW, PAGE);
}

static void move_onto(pid_t target)
{
	(void)target;
	step_map("mremap", mremap((void *)ELSEWHERE, PAGE, PAGE,
				  MREMAP_MAYMOVE | MREMAP_FIXED,
				  deed_page()));
}

static void protect(pid_t target)
{
	(void)target;
	step("mprotect", mprotect(deed_start(), deed_size(), PROT_NONE));
}

static void protect_write(pid_t target)
{
	(void)target;
	step("mprotect", mprotect(deed_start(), deed_size(), PROT_READ));
	step("mprotect back", mprotect(deed_start(), deed_size(),
				       PROT_READ | PROT_WRITE));
	fill(NEW);
}

/* The child stays, and so the pages stay shared with the parent. */
static void fork_and_write(bool child, bool parent)
{
	char byte;
	pid_t pid;

	if (pipe(told)) {
		step("pipe", -1);
		return;
	}
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		deed_child();
		if (child)
			fill(CHILD);
		if (write(told[1], "w", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	step("fork", pid < 0 ? -1 : 0);
	if (pid < 0 || read(told[0], &byte, 1) != 1)
		step("the child", -1);
	if (parent)
		fill(NEW);
}

static void fork_parent(pid_t target)
{
	(void)target;
	fork_and_write(false, true);
}

static void fork_child_writes(pid_t target)
{
	(void)target;
	fork_and_write(true, false);
}

static void fork_both(pid_t target)
{
	(void)target;
	fork_and_write(true, true);
}

static void prepare_move(struct target *t)
{
	map_anon(t, (char *)ELSEWHERE, PAGE);
	move_uffd = uffd_open((void *)ELSEWHERE, PAGE);
	must(t, move_uffd >= 0, "userfaultfd");
}

static void uffd_move(pid_t target)
{
	struct uffdio_move move = {
		.dst = ELSEWHERE,
		.src = (unsigned long)deed_page(),
		.len = PAGE,
	};

	(void)target;
	step("UFFDIO_MOVE", ioctl(move_uffd, UFFDIO_MOVE, &move));
	step("moved", move.move);
}

static void advise(const char *name, int advice)
{
	step(name, madvise(deed_start(), deed_size(), advice));
}

static void drop(pid_t target)
{
	(void)target;
	advise("MADV_DONTNEED", MADV_DONTNEED);
	fill(NEW);
}

static void free_lazily(pid_t target)
{
	(void)target;
	advise("MADV_FREE", MADV_FREE);
}

static void page_out(pid_t target)
{
	(void)target;
	advise("MADV_PAGEOUT", MADV_PAGEOUT);
}

static void collapse(pid_t target)
{
	char *huge = (char *)((unsigned long)deed_page() & ~(HUGE_PAGE - 1));

	(void)target;
	step("MADV_COLLAPSE", madvise(huge, HUGE_PAGE, MADV_COLLAPSE));
	fill(NEW);
}

static void prepare_guard(struct target *t)
{
	char *page = map_anon(t, (char *)ELSEWHERE, PAGE);

	if (madvise(page, PAGE, MADV_GUARD_INSTALL))
		lacks(t, "MADV_GUARD_INSTALL");
}

static void guard(pid_t target)
{
	(void)target;
	advise("MADV_GUARD_INSTALL", MADV_GUARD_INSTALL);
}

static void truncate_file(pid_t target)
{
	(void)target;
	step("ftruncate", ftruncate(scene->fd,
				    deed_page() - (char *)PAGES_AT));
}

static void punch_file(pid_t target)
{
	(void)target;
	step("fallocate", fallocate(scene->fd, FALLOC_FL_PUNCH_HOLE |
				    FALLOC_FL_KEEP_SIZE,
				    deed_page() - (char *)PAGES_AT, PAGE));
}

static void clear_refs(pid_t target, const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", target);
	write_line(path, what);
}

static void clear_referenced(pid_t target)
{
	clear_refs(target, "1");
}

static void clear_soft_dirty(pid_t target)
{
	clear_refs(target, "4");
}

static void execute(pid_t target)
{
	(void)target;
	execl("/proc/self/exe", "interference", SLEEP, NULL);
	step("execve", -1);
}

static void end(pid_t target)
{
	(void)target;
	_exit(0);
}

static void kill_target(pid_t target)
{
	kill(target, SIGKILL);
}

const struct deed deeds[] = {
	{ "write", ANY_BACKING, .lockless = true, .make = write_page },
	{ "munmap", ANY_BACKING, .locks = true,
	  .make = unmap },
	{ "mmap-over", ANY_BACKING, .locks = true,
	  .make = map_over },
	{ "mremap-away", ANY_BACKING, .locks = true,
	  .make = move_away },
	{ "mremap-onto", ANY_BACKING, .locks = true,
	  .prepare = prepare_elsewhere,
	  .make = move_onto, .small = true },
	{ "mprotect-none", ANY_BACKING, .locks = true,
	  .make = protect },
	{ "mprotect-write", ANY_BACKING, .locks = true,
	  .make = protect_write },
	{ "fork-parent-writes", ANY_BACKING, .locks = true,
	  .make = fork_parent },
	{ "fork-child-writes", ANY_BACKING, .locks = true,
	  .make = fork_child_writes },
	{ "fork-both-write", ANY_BACKING, .locks = true,
	  .make = fork_both },
	{ "uffd-move", PRIVATE_ANON, .prepare = prepare_move,
	  .make = uffd_move, .small = true },
	{ "dontneed", ANY_BACKING, .make = drop },
	{ "free", PRIVATE_ANON, .make = free_lazily },
	{ "pageout", HAS_ANON | SHARED_FILE, .make = page_out },
	{ "collapse", PRIVATE_ANON, .locks = true,
	  .make = collapse, .small = true },
	{ "guard", ANY_BACKING, .prepare = prepare_guard, .make = guard },
	{ "clear-refs-1", ANY_BACKING, .locks = true, .by_test = true,
	  .whole_mm = true, .make = clear_referenced },
	{ "clear-refs-4", ANY_BACKING, .locks = true, .by_test = true,
	  .whole_mm = true, .make = clear_soft_dirty },
	{ "ksm", HAS_ANON, .locks = true, .by_test = true, .small = true,
	  .prepare = ksm_prepare, .make = ksm_merge },
	{ "truncate", HAS_FILE, .lockless = true, .make = truncate_file },
	{ "punch", HAS_FILE, .lockless = true, .make = punch_file },
	{ "exec", ANY_BACKING, .is_end = true, .whole_mm = true,
	  .make = execute },
	{ "exit", ANY_BACKING, .is_end = true, .whole_mm = true, .make = end },
	{ "kill", ANY_BACKING, .is_end = true, .whole_mm = true,
	  .by_test = true, .make = kill_target },
};

const size_t nr_deeds = sizeof(deeds) / sizeof(deeds[0]);
