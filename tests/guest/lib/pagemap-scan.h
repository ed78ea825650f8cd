/* SPDX-License-Identifier: GPL-2.0 */
/* ioctl(PAGEMAP_SCAN), from include/uapi/linux/fs.h of 6.7 and later. */
#ifndef PAGEMAP_SCAN_H
#define PAGEMAP_SCAN_H

#include <stdint.h>
#include <sys/ioctl.h>

struct region_found {
	uint64_t start, end, categories;
};

struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, all_of, any_of, returned;
};

#define PAGEMAP_SCAN		_IOWR('f', 16, struct scan)

#define SCAN_WRITE_PROTECT	0x1
#define SCAN_CHECK_WPASYNC	0x2

#define IS_WPALLOWED		0x01
#define IS_WRITTEN		0x02
#define IS_FILE			0x04
#define IS_PRESENT		0x08
#define IS_SWAPPED		0x10
#define IS_PFNZERO		0x20
#define IS_HUGE			0x40
#define IS_SOFT_DIRTY		0x80
/* 6.12 does not have these. */
#define IS_GUARD		0x100
#define IS_ACCESSED		0x200

#define IS_6_12			0xff
#define IS_7_3			0x3ff

#endif
