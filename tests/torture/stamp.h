/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The content of a target's pages: every word has its owner, its generation,
 * its place and a checksum.
 */
#ifndef STAMP_H
#define STAMP_H

#include <stddef.h>
#include <stdint.h>

#define STAMP_GENERATIONS	4096U	/* then the numbers wrap */
#define STAMP_OWNERS		255U	/* numbers from 1 to this */

/* @word: offset from the start of the memory, in words. */
static inline uint64_t stamp(unsigned int owner, unsigned int generation,
			     unsigned long word)
{
	uint64_t v = (uint64_t)owner << 33 |
		     (uint64_t)(generation % STAMP_GENERATIONS) << 21 |
		     (word & 0x1fffff);

	/* The last byte is always 0, so that arguments can end in it. */
	return v | (v * 0x9e3779b97f4a7c15ULL) >> 49 << 41;
}

static inline unsigned int stamp_owner(uint64_t word)
{
	return word >> 33 & 0xff;
}

static inline unsigned int stamp_generation(uint64_t word)
{
	return word >> 21 & (STAMP_GENERATIONS - 1);
}

/* Write the words from @start on, the first of which is number @word. */
static inline void stamp_fill(void *start, size_t size, unsigned int owner,
			      unsigned int generation, unsigned long word)
{
	volatile uint64_t *p = start;

	for (size_t i = 0; i < size / sizeof(*p); i++)
		p[i] = stamp(owner, generation, word + i);
}

#endif
