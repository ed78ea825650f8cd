/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KLP_ELF_H
#define KLP_ELF_H

#include <stdbool.h>
#include <stddef.h>

#include "file.h"
#include "names.h"

struct klp_result {
	/* There were livepatch relocations before. */
	bool linked;
	/* How many were converted. */
	size_t symbols;
	size_t relocations;
};

/*
 * Turn the undefined symbols of the module @file that are @listed and not @exported into livepatch
 * symbols, and what refers to them into livepatch relocations. @file is replaced when there is
 * something to do, else it stays as it is. @path is for messages. Dies on any error.
 */
struct klp_result klp_convert(const char *path, struct blob *file, const struct names *exported,
			      const struct names *listed);

#endif
