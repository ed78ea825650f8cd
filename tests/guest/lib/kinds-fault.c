// SPDX-License-Identifier: GPL-2.0
/* Memory with a userfaultfd. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kinds-make.h"

int userfaultfd_on(struct target *t, char *at, size_t size,
		   uint64_t features, uint64_t mode)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register reg = {
		.range = { .start = (unsigned long)at, .len = size },
		.mode = mode,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		lacks(t, "a feature of userfaultfd");
	must(t, !ioctl(fd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER");
	return fd;
}

struct server {
	struct target *t;
	int fd;
	unsigned long at;
};

/* Supplies pages for waiting faults. */
static void *serve(void *arg)
{
	static unsigned char page[PAGE] __attribute__((aligned(PAGE)));
	const struct server *server = arg;
	struct uffd_msg msg;

	while (read(server->fd, &msg, sizeof(msg)) == sizeof(msg)) {
		struct uffdio_copy copy = {
			.dst = msg.arg.pagefault.address & ~(PAGE - 1),
			.src = (unsigned long)page,
			.len = PAGE,
		};

		server->t->uffd_events++;
		for (size_t i = 0; i < PAGE; i++)
			page[i] = pattern(copy.dst - server->at + i);
		if (ioctl(server->fd, UFFDIO_COPY, &copy) && errno != EEXIST)
			_exit(1);
	}
	return NULL;
}

void make_fault_served(struct target *t, char *at, size_t size)
{
	struct server *server = malloc(sizeof(*server));
	pthread_t thread;

	map_anon(t, at, size);
	server->t = t;
	server->at = (unsigned long)at;
	server->fd = userfaultfd_on(t, at, size, 0,
				    UFFDIO_REGISTER_MODE_MISSING);
	must(t, !pthread_create(&thread, NULL, serve, server), "thread");
}

void make_fault_sigbus(struct target *t, char *at, size_t size)
{
	map_anon(t, at, size);
	userfaultfd_on(t, at, size, UFFD_FEATURE_SIGBUS,
		       UFFDIO_REGISTER_MODE_MISSING);
}

void make_fault_poisoned(struct target *t, char *at, size_t size)
{
	struct uffdio_poison poison = {
		.range = { .start = (unsigned long)at + PAGE,
			   .len = size - PAGE },
	};
	int fd;

	map_anon(t, at, size);
	pattern_fill(at, PAGE);
	fd = userfaultfd_on(t, at, size, UFFD_FEATURE_SIGBUS,
			    UFFDIO_REGISTER_MODE_MISSING);
	if (ioctl(fd, UFFDIO_POISON, &poison))
		lacks(t, "UFFDIO_POISON");
}

void make_write_protected(struct target *t, char *at, size_t size)
{
	struct uffdio_writeprotect wp = {
		.range = { .start = (unsigned long)at, .len = size },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	int fd;

	make_anon(t, at, size);
	fd = userfaultfd_on(t, at, size, 0, UFFDIO_REGISTER_MODE_WP);
	must(t, !ioctl(fd, UFFDIO_WRITEPROTECT, &wp), "UFFDIO_WRITEPROTECT");
}

/* Nobody serves a fault, so an access that faults gets SIGBUS. */
void make_access_protected(struct target *t, char *at, size_t size)
{
	struct uffdio_rwprotect rwp = {
		.range = { .start = (unsigned long)at + PAGE,
			   .len = size - PAGE },
		.mode = UFFDIO_RWPROTECT_MODE_RWP,
	};
	int fd;

	make_anon(t, at, size);
	fd = userfaultfd_on(t, at, size, UFFD_FEATURE_SIGBUS | UFFD_FEATURE_RWP,
			    UFFDIO_REGISTER_MODE_RWP);
	must(t, !ioctl(fd, UFFDIO_RWPROTECT, &rwp), "UFFDIO_RWPROTECT");
}
