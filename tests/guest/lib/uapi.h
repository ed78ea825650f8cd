/* SPDX-License-Identifier: GPL-2.0 */
/* Kernel interfaces that the headers of the build machine may lack. */
#ifndef UAPI_H
#define UAPI_H

#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#define MADV_GUARD_REMOVE	103
#endif
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE		0x08
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret	447
#endif
#ifndef ARCH_ENABLE_TAGGED_ADDR
#define ARCH_ENABLE_TAGGED_ADDR	0x4002	/* of x86 */
#endif

#ifndef UFFDIO_MOVE
struct uffdio_move {
	uint64_t dst, src, len, mode;
	int64_t move;
};

#define UFFDIO_MOVE	_IOWR(UFFDIO, 0x05, struct uffdio_move)
#endif

#ifndef UFFDIO_POISON
struct uffdio_poison {
	struct uffdio_range range;
	uint64_t mode;
	int64_t updated;
};

#define UFFDIO_POISON	_IOWR(UFFDIO, 0x08, struct uffdio_poison)
#endif

#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED	(1ULL << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC		(1ULL << 15)
#endif

/* userfaultfd's read-write-protection, of Linux 7.3 */
#ifndef UFFDIO_RWPROTECT
#define UFFDIO_REGISTER_MODE_RWP	(1ULL << 3)
#define UFFD_FEATURE_RWP		(1ULL << 17)
#define UFFDIO_RWPROTECT_MODE_RWP	(1ULL << 0)

struct uffdio_rwprotect {
	struct uffdio_range range;
	uint64_t mode;
};

#define UFFDIO_RWPROTECT	_IOWR(UFFDIO, 0x09, struct uffdio_rwprotect)
#endif

#endif
