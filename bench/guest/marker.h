/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Start and end of a section that the plugin of bench/plugin/ counts: no-op
 * instructions with a displacement that no other code uses.
 */
#ifndef MARKER_H
#define MARKER_H

#define MARKER_BEGIN	0x766d7062
#define MARKER_END	0x766d7065

#define marker_text(x)	#x
#define marker_nop(x)	"nopl " marker_text(x) "(%%rax,%%rax,1)"
#define marker(x)	asm volatile(marker_nop(x) ::: "memory")

#endif
