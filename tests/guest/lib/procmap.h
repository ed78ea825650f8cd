/* SPDX-License-Identifier: GPL-2.0 */
/* ioctl(PROCMAP_QUERY), from include/uapi/linux/fs.h of 6.11 and later. */
#ifndef PROCMAP_H
#define PROCMAP_H

#include <stdint.h>
#include <sys/ioctl.h>

struct query {
	uint64_t size, flags, addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset;
	uint64_t inode;
	uint32_t dev_major, dev_minor, name_size, build_id_size;
	uint64_t name_addr, build_id_addr;
};

#define PROCMAP_QUERY		_IOWR('f', 17, struct query)
#define QUERY_READABLE		0x01
#define QUERY_WRITABLE		0x02
#define QUERY_EXECUTABLE	0x04
#define QUERY_SHARED		0x08
#define QUERY_OR_NEXT		0x10
#define QUERY_FILE_BACKED	0x20

#endif
