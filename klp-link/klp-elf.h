/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KLP_ELF_H
#define KLP_ELF_H

#include <stdbool.h>
#include <stddef.h>

#include "file.h"
#include "names.h"

struct klp_result {
	/* The module had livepatch relocations already. */
	bool linked;
	/* Number of converted symbols and relocations. */
	size_t symbols;
	size_t relocations;
};

/*
 * Turn the undefined symbols of the module @file that are @listed and not @exported into livepatch
 * symbols, and the relocations against them into livepatch relocations. @file is replaced if
 * anything changes. @path is for messages. Exits on any error.
 */
struct klp_result klp_convert(const char *path, struct blob *file, const struct names *exported,
			      const struct names *listed);

#endif
