// SPDX-License-Identifier: GPL-2.0
/*
 * The conversion itself. The module is checked first. Then every section is copied to a new ELF
 * file in memory, in the same order so that all section and symbol indices stay valid, and the copy
 * is changed: symbols are renamed, relocations move to new sections after the old ones. Memory that
 * the copy refers to is not freed: one process converts one module.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "klp-elf.h"
#include "module.h"

/* The kernel's values; the system's elf.h may lack them. */
#define SHN_LIVEPATCH		0xff20
#define SHF_RELA_LIVEPATCH	0x00100000

#define SYM_PREFIX		".klp.sym."

/* Strings to append to a string table. */
struct strings {
	size_t section;
	size_t base;
	char *buf;
	size_t len;
};

/* Classify every symbol. Returns true if there are livepatch symbols already. */
static bool choose_symbols(struct module *m, const struct names *exported,
			   const struct names *listed)
{
	bool linked = false;
	GElf_Shdr shdr;
	Elf_Data *data;
	char *unknown;
	size_t len, i;
	FILE *list;

	data = get_data(m, get_section(m, m->symtab, &shdr));
	m->convert = must_alloc(m->nsyms);
	memset(m->convert, false, m->nsyms);
	list = open_memstream(&unknown, &len);
	if (!list)
		die("out of memory (free some and try again)");

	for (i = 1; i < m->nsyms; i++) {
		const char *name;
		GElf_Sym sym;

		if (!gelf_getsym(data, i, &sym))
			corrupt(m, "a symbol cannot be read");
		name = get_string(m, shdr.sh_link, sym.st_name);
		if (sym.st_shndx == SHN_LIVEPATCH && has_prefix(name, SYM_PREFIX))
			linked = true;
		if (sym.st_shndx != SHN_UNDEF || !*name ||
		    GELF_ST_BIND(sym.st_info) == STB_LOCAL || names_have(exported, name))
			continue;
		if (names_have(listed, name)) {
			m->convert[i] = true;
			m->nconvert++;
		} else if (GELF_ST_BIND(sym.st_info) != STB_WEAK) {
			fprintf(list, " %s", name);
		}
	}

	if (fclose(list))
		die("out of memory (free some and try again)");
	if (len && !linked)
		die("%s: neither exported nor listed:%s (list what vmlinux has, do without the rest)",
		    m->path, unknown);
	free(unknown);
	return linked;
}

/* The kernel accepts livepatch relocations only from a module that declares itself a livepatch. */
static void check_modinfo(const struct module *m)
{
	GElf_Shdr shdr;
	size_t i;

	for (i = 1; i < m->shnum; i++) {
		Elf_Scn *scn = get_section(m, i, &shdr);
		const char *p, *end;
		Elf_Data *data;

		if (shdr.sh_type != SHT_PROGBITS ||
		    strcmp(get_string(m, m->shstrndx, shdr.sh_name), ".modinfo"))
			continue;
		data = get_data(m, scn);
		p = data->d_buf;
		for (end = p + data->d_size; p < end; p += strnlen(p, end - p) + 1) {
			if (strnlen(p, end - p) < (size_t)(end - p) && !strcmp(p, "livepatch=Y"))
				return;
		}
	}
	die("%s: not a livepatch module (add MODULE_INFO(livepatch, \"Y\") to its source)", m->path);
}

static void check_libelf(const struct module *m, bool ok)
{
	if (!ok)
		die("%s: libelf cannot write it: %s (build the module again)", m->path,
		    elf_errmsg(-1));
}

static Elf *copy_module(const struct module *m, int fd)
{
	Elf *out = elf_begin(fd, ELF_C_WRITE, NULL);
	GElf_Shdr shdr;
	GElf_Ehdr ehdr;
	size_t i;

	check_libelf(m, out && gelf_newehdr(out, ELFCLASS64) && gelf_getehdr(m->elf, &ehdr) &&
		     gelf_update_ehdr(out, &ehdr));
	for (i = 1; i < m->shnum; i++) {
		Elf_Data *from = get_data(m, get_section(m, i, &shdr));
		Elf_Scn *scn = elf_newscn(out);
		Elf_Data *to = scn ? elf_newdata(scn) : NULL;

		check_libelf(m, to && gelf_update_shdr(scn, &shdr));
		*to = *from;
	}
	return out;
}

static void open_strings(const struct module *m, struct strings *strings, size_t section)
{
	GElf_Shdr shdr;
	Elf_Data *data = get_data(m, get_section(m, section, &shdr));

	if (shdr.sh_type != SHT_STRTAB || !data->d_size || ((char *)data->d_buf)[data->d_size - 1])
		corrupt(m, "bad string table");
	*strings = (struct strings){ .section = section, .base = data->d_size };
}

/* Returns the offset in the string table. Old strings are never changed: others may share them. */
static size_t add_string(struct strings *strings, const char *prefix, const char *s,
			 const char *suffix)
{
	size_t offset = strings->base + strings->len;
	size_t size = strlen(prefix) + strlen(s) + strlen(suffix) + 1;

	strings->buf = realloc(strings->buf, strings->len + size);
	if (!strings->buf)
		die("out of memory (free some and try again)");
	sprintf(strings->buf + strings->len, "%s%s%s", prefix, s, suffix);
	strings->len += size;
	return offset;
}

static void append_strings(const struct module *m, Elf *out, const struct strings *strings)
{
	Elf_Data *data;

	if (!strings->len)
		return;
	data = elf_newdata(elf_getscn(out, strings->section));
	check_libelf(m, data);
	data->d_buf = strings->buf;
	data->d_size = strings->len;
	data->d_align = 1;
}

static void rename_symbols(const struct module *m, Elf *out, struct strings *strtab)
{
	Elf_Data *data = elf_getdata(elf_getscn(out, m->symtab), NULL);
	GElf_Sym sym;
	size_t i;

	for (i = 1; i < m->nsyms; i++) {
		if (!m->convert[i])
			continue;
		check_libelf(m, gelf_getsym(data, i, &sym));
		/* The 0 after the comma declares the name unique in vmlinux. */
		sym.st_name = add_string(strtab, SYM_PREFIX "vmlinux.",
					 get_string(m, strtab->section, sym.st_name), ",0");
		sym.st_shndx = SHN_LIVEPATCH;
		check_libelf(m, gelf_update_sym(data, i, &sym));
	}
}

/* Remove the relocations against livepatch symbols from a section. Returns their number. */
static size_t take_relocations(const struct module *m, Elf_Data *data, Elf64_Rela *taken)
{
	size_t n = data->d_size / sizeof(*taken);
	size_t kept = 0, moved = 0, i;
	GElf_Rela rela;

	for (i = 0; i < n; i++) {
		check_libelf(m, gelf_getrela(data, i, &rela));
		if (GELF_R_SYM(rela.r_info) >= m->nsyms)
			corrupt(m, "a relocation refers to a symbol that does not exist");
		if (m->convert[GELF_R_SYM(rela.r_info)])
			taken[moved++] = rela;
		else
			check_libelf(m, gelf_update_rela(data, kept++, &rela));
	}
	data->d_size = kept * sizeof(*taken);
	return moved;
}

/* Returns the number of moved relocations. */
static size_t split_relocations(const struct module *m, Elf *out, struct strings *shstrtab)
{
	GElf_Shdr shdr, target;
	const char *name;
	Elf64_Rela *taken;
	size_t moved = 0, n, i;
	Elf_Data *data;
	Elf_Scn *scn;

	for (i = 1; i < m->shnum; i++) {
		get_section(m, i, &shdr);
		if (shdr.sh_type != SHT_RELA)
			continue;
		if (shdr.sh_entsize != sizeof(*taken) || shdr.sh_size % sizeof(*taken) ||
		    shdr.sh_size / sizeof(*taken) > INT_MAX || shdr.sh_link != m->symtab ||
		    !shdr.sh_info || shdr.sh_info >= m->shnum)
			corrupt(m, "bad header of a relocation section");
		/* An empty section stays: the kernel accepts it, and no index changes. */
		taken = must_alloc(shdr.sh_size);
		n = take_relocations(m, elf_getdata(elf_getscn(out, i), NULL), taken);
		if (!n) {
			free(taken);
			continue;
		}

		get_section(m, shdr.sh_info, &target);
		name = get_string(m, m->shstrndx, target.sh_name);
		/* Only the kernel could apply these, and it does not load such sections. */
		if (!(target.sh_flags & SHF_ALLOC))
			die("%s: section %s refers to a livepatch symbol (strip it with --strip-debug first)",
			    m->path, name);
		shdr.sh_name = add_string(shstrtab, RELA_PREFIX "vmlinux",
					  *name == '.' ? "" : ".", name);
		shdr.sh_flags = SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH;
		shdr.sh_addralign = sizeof(Elf64_Xword);
		scn = elf_newscn(out);
		data = scn ? elf_newdata(scn) : NULL;
		check_libelf(m, data && gelf_update_shdr(scn, &shdr));
		data->d_type = ELF_T_RELA;
		data->d_buf = taken;
		data->d_size = n * sizeof(*taken);
		data->d_align = sizeof(Elf64_Xword);
		moved += n;
	}
	return moved;
}

static size_t convert(const struct module *m, struct blob *file)
{
	struct strings strtab, shstrtab, *names = &shstrtab;
	GElf_Shdr shdr;
	size_t moved;
	off_t size;
	Elf *out;
	int fd;

	get_section(m, m->symtab, &shdr);
	open_strings(m, &strtab, shdr.sh_link);
	/* Some linkers put the names of symbols and of sections into one table. */
	if (m->shstrndx == strtab.section)
		names = &strtab;
	else
		open_strings(m, &shstrtab, m->shstrndx);

	fd = memfd_create("klp-link", MFD_CLOEXEC);
	if (fd < 0)
		die("cannot create a file in memory: %s (free some memory)", strerror(errno));
	out = copy_module(m, fd);
	rename_symbols(m, out, &strtab);
	moved = split_relocations(m, out, names);
	append_strings(m, out, &strtab);
	if (names != &strtab)
		append_strings(m, out, names);
	size = elf_update(out, ELF_C_WRITE);
	if (size < 0)
		die("%s: cannot write in memory: %s (check free memory and ulimit -f)", m->path,
		    elf_errmsg(-1));

	file->data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file->data == MAP_FAILED)
		die("cannot map memory: %s (free some memory)", strerror(errno));
	file->len = size;
	close(fd);
	return moved;
}

struct klp_result klp_convert(const char *path, struct blob *file, const struct names *exported,
			      const struct names *listed)
{
	struct module m = { .path = path };
	struct klp_result result = { 0 };

	result.linked = open_module(&m, file);
	if (choose_symbols(&m, exported, listed))
		result.linked = true;
	if (result.linked || !m.nconvert)
		return result;

	check_modinfo(&m);
	result.symbols = m.nconvert;
	result.relocations = convert(&m, file);
	return result;
}
