// SPDX-License-Identifier: GPL-2.0
/* Checks whether the bytes of a read are valid. */
#include <stdio.h>
#include <string.h>

#include "scene.h"
#include "stamp.h"

static unsigned int owners(const struct seen *seen)
{
	return seen->owner_last - seen->owner_first + 1;
}

static bool owner_may(const struct seen *seen, unsigned int owner)
{
	for (unsigned int i = 0; i < owners(seen); i++)
		if (scene_owner(seen->owner_first + i) == owner)
			return true;
	return false;
}

static bool generation_may(const struct seen *seen, unsigned int chunk,
			   unsigned int generation)
{
	unsigned int oldest = seen->oldest[chunk];
	unsigned int behind = (generation - oldest) % STAMP_GENERATIONS;

	return behind <= seen->newest[chunk] - oldest;
}

/* Are the bytes @first to @last those of a word that may be there? */
static bool part_may(const struct seen *seen, unsigned int chunk,
		     unsigned long word, const unsigned char *bytes,
		     unsigned int first, unsigned int last)
{
	for (unsigned int i = 0; i < owners(seen); i++) {
		unsigned int owner = scene_owner(seen->owner_first + i);
		unsigned int g = seen->oldest[chunk];

		do {
			uint64_t want = stamp(owner, g, word);

			if (!memcmp(bytes + first,
				    (unsigned char *)&want + first,
				    last - first))
				return true;
		} while (g++ != seen->newest[chunk]);
	}
	return false;
}

static bool part_is_zero(const unsigned char *bytes, unsigned int first,
			 unsigned int last)
{
	static const unsigned char zeros[8];

	return !memcmp(bytes + first, zeros, last - first);
}

/* Each byte may be of another word, which is half-written or half-copied. */
static bool bytes_may(const struct seen *seen, unsigned int chunk,
		      unsigned long word, const unsigned char *bytes,
		      unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i < last; i++) {
		if (!bytes[i] && (seen->scene->rules & MAY_BE_ZERO))
			continue;
		if (!part_may(seen, chunk, word, bytes, i, i + 1))
			return false;
	}
	return true;
}

static bool word_may(struct seen *seen, unsigned int chunk, unsigned long word,
		     const unsigned char *bytes, unsigned int first,
		     unsigned int last)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	if (first == 0 && last == 8 && value &&
	    value == stamp(stamp_owner(value), stamp_generation(value), word))
		return owner_may(seen, stamp_owner(value)) &&
		       generation_may(seen, chunk, stamp_generation(value));
	if (part_is_zero(bytes, first, last) &&
	    (seen->scene->rules & MAY_BE_ZERO)) {
		seen->zeros++;
		return true;
	}
	if (part_may(seen, chunk, word, bytes, first, last))
		return true;
	return (seen->scene->rules & IN_PLACE) &&
	       bytes_may(seen, chunk, word, bytes, first, last);
}

static void describe(struct seen *seen, unsigned long offset,
		     const unsigned char *bytes, const char *what)
{
	unsigned int chunk = offset / scene_chunk(seen->scene);
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	snprintf(seen->finding, seen->finding_size,
		 "%s: %s at offset %#lx: word %#016lx (if a stamp, %s: owner %u, generation %u, word %#lx); may be owner %u to %u, generation %u to %u",
		 interface_names[seen->how], what, offset, (long)value,
		 value == stamp(stamp_owner(value), stamp_generation(value),
				value) ? "whole" : "broken",
		 stamp_owner(value), stamp_generation(value),
		 (long)(value & 0x1fffff), scene_owner(seen->owner_first),
		 scene_owner(seen->owner_last), seen->oldest[chunk],
		 seen->newest[chunk]);
}

/* All bytes read under one hold of the lock must be of one generation. */
static bool is_of_one(struct seen *seen, const unsigned char *words,
		      unsigned long offset, size_t len)
{
	bool known = false;
	unsigned int generation = 0;

	if (!(seen->scene->rules & ONE_GENERATION))
		return true;
	for (size_t i = -offset & 7; i + 8 <= len; i += 8) {
		uint64_t value;

		memcpy(&value, words + i, sizeof(value));
		if (!known)
			generation = stamp_generation(value);
		known = true;
		if (stamp_generation(value) != generation) {
			describe(seen, offset + i, words + i,
				 "another generation than before in one read");
			return false;
		}
	}
	return true;
}

bool check_bytes(struct seen *seen, unsigned long offset, const void *buf,
		 size_t len)
{
	unsigned long chunk_size = scene_chunk(seen->scene);
	const unsigned char *p = buf;
	unsigned char bytes[8];

	for (size_t i = 0; i < len;) {
		unsigned int first = (offset + i) & 7;
		unsigned int last = len - i < 8 - first ? first + len - i : 8;
		unsigned long word = (offset + i) / 8;

		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes + first, p + i, last - first);
		if (!word_may(seen, word * 8 / chunk_size, word, bytes, first,
			      last)) {
			describe(seen, word * 8, bytes, "wrong content");
			return false;
		}
		i += last - first;
	}
	return is_of_one(seen, p, offset, len);
}
