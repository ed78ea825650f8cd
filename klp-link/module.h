/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MODULE_H
#define MODULE_H

#include <gelf.h>
#include <stdbool.h>
#include <string.h>

#include "file.h"

#define RELA_PREFIX		".klp.rela."

struct module {
	const char *path;
	Elf *elf;
	size_t shnum;
	size_t shstrndx;
	size_t symtab;
	size_t nsyms;
	/* By symbol index: becomes a livepatch symbol. */
	bool *convert;
	size_t nconvert;
};

/* Check the ELF structure. Returns true if the module has livepatch relocations already. */
bool open_module(struct module *m, const struct blob *file);

/* Print the error and exit. */
void corrupt(const struct module *m, const char *what) __attribute__((noreturn));

/* These return the requested object, or call corrupt(). */
Elf_Scn *get_section(const struct module *m, size_t i, GElf_Shdr *shdr);
Elf_Data *get_data(const struct module *m, Elf_Scn *scn);
const char *get_string(const struct module *m, size_t section, size_t offset);

static inline bool has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

#endif
