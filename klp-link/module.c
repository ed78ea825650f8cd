// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a module. Any error in it ends the program with a message. Each index, offset and size of
 * the file is checked here, by libelf, or where it is used.
 */
#include <limits.h>
#include <string.h>

#include "module.h"

/* More than any module requires; a corrupt alignment would make the output huge. */
#define MAX_ALIGN		(1 << 20)

void corrupt(const struct module *m, const char *what)
{
	die("%s: truncated or corrupt: %s (build the module again)", m->path, what);
}

Elf_Scn *get_section(const struct module *m, size_t i, GElf_Shdr *shdr)
{
	Elf_Scn *scn = elf_getscn(m->elf, i);

	if (!scn || !gelf_getshdr(scn, shdr))
		corrupt(m, "a section header cannot be read");
	return scn;
}

Elf_Data *get_data(const struct module *m, Elf_Scn *scn)
{
	Elf_Data *data = elf_getdata(scn, NULL);

	if (!data)
		corrupt(m, "a section cannot be read");
	return data;
}

const char *get_string(const struct module *m, size_t section, size_t offset)
{
	const char *s = elf_strptr(m->elf, section, offset);

	if (!s)
		corrupt(m, "a name lies outside its string table");
	return s;
}

static void check_header(const struct module *m, const struct blob *file)
{
	const unsigned char *ident = (const unsigned char *)file->data;
	Elf64_Ehdr ehdr;

	if (!file->len)
		die("%s: empty file (build the module again)", m->path);
	if (file->len < SELFMAG || memcmp(ident, ELFMAG, SELFMAG))
		die("%s: not an ELF file (give a kernel module that is not compressed)", m->path);
	if (file->len < EI_NIDENT)
		corrupt(m, "the ELF header is cut off");
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		die("%s: unsupported architecture: not 64-bit little-endian (build for x86-64)",
		    m->path);
	if (file->len < sizeof(ehdr))
		corrupt(m, "the ELF header is cut off");
	memcpy(&ehdr, file->data, sizeof(ehdr));
	if (ehdr.e_type != ET_REL)
		die("%s: not a relocatable object (give a kernel module, not a program)", m->path);
	if (ehdr.e_machine != EM_X86_64)
		die("%s: unsupported architecture: ELF machine %u (build for x86-64)", m->path,
		    ehdr.e_machine);
	if (ehdr.e_shentsize != sizeof(Elf64_Shdr) || !ehdr.e_shnum ||
	    ehdr.e_shnum >= SHN_LORESERVE)
		corrupt(m, "bad number or size of section headers");
	if (ehdr.e_shoff > file->len ||
	    ehdr.e_shnum > (file->len - ehdr.e_shoff) / sizeof(Elf64_Shdr))
		corrupt(m, "the section headers reach past the end of the file");
}

/* Returns true if there are livepatch relocations already. */
static bool check_sections(struct module *m, const struct blob *file)
{
	bool linked = false;
	GElf_Shdr shdr;
	size_t i;

	for (i = 1; i < m->shnum; i++) {
		get_section(m, i, &shdr);
		if (has_prefix(get_string(m, m->shstrndx, shdr.sh_name), RELA_PREFIX))
			linked = true;
		if (shdr.sh_addralign > MAX_ALIGN)
			corrupt(m, "a section's alignment is absurd");
		if (shdr.sh_type != SHT_NULL && shdr.sh_type != SHT_NOBITS &&
		    (shdr.sh_offset > file->len || shdr.sh_size > file->len - shdr.sh_offset))
			corrupt(m, "a section reaches past the end of the file");
		if (shdr.sh_type != SHT_SYMTAB)
			continue;
		if (m->symtab)
			corrupt(m, "more than one symbol table");
		m->symtab = i;
		m->nsyms = shdr.sh_size / sizeof(Elf64_Sym);
		if (shdr.sh_entsize != sizeof(Elf64_Sym) || m->nsyms > INT_MAX)
			corrupt(m, "bad size of the symbol table");
	}
	if (!m->symtab)
		die("%s: no symbol table (do not strip the module of its symbols)", m->path);
	return linked;
}

bool open_module(struct module *m, const struct blob *file)
{
	check_header(m, file);
	elf_version(EV_CURRENT);
	m->elf = elf_memory(file->data, file->len);
	if (!m->elf || elf_getshdrnum(m->elf, &m->shnum) || elf_getshdrstrndx(m->elf, &m->shstrndx))
		corrupt(m, "the ELF header cannot be read");
	return check_sections(m, file);
}
