/* SPDX-License-Identifier: GPL-2.0 */
/* Of Linux 7.3: userfaultfd's read-write-protection, which libraries' headers lack. */
#ifndef UFFD_RWP_H
#define UFFD_RWP_H

#include <linux/userfaultfd.h>
#include <stdint.h>

#define UFFD_REGISTER_MODE_RWP	(1ULL << 3)
#define UFFD_WITH_RWP		(1ULL << 17)
#define UFFD_RWPROTECT_MODE_RWP	(1ULL << 0)

struct uffd_rwprotect {
	struct uffdio_range range;
	uint64_t mode;
};

#define UFFD_RWPROTECT	_IOWR(UFFDIO, 0x09, struct uffd_rwprotect)

#endif
