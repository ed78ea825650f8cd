// SPDX-License-Identifier: GPL-2.0
/*
 * The conversion itself. The module is checked as a whole first. Then every section is copied to a
 * new ELF file in memory, in the same order so that all section and symbol indices stay valid, and
 * the copy is changed: symbols are renamed, relocations move to new sections behind the old ones.
 * Nothing is freed: one process converts one module.
 */
#include <errno.h>
#include <gelf.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "klp-elf.h"

/* The kernel's values; the system's elf.h may lack them. */
#define SHN_LIVEPATCH		0xff20
#define SHF_RELA_LIVEPATCH	0x00100000

#define SYM_PREFIX		".klp.sym."
#define RELA_PREFIX		".klp.rela."

/* More than any module asks for; a corrupt alignment would make the file huge. */
#define MAX_ALIGN		(1 << 20)

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
	size_t nmoved;
};

/* Strings to go behind what a string table has already. */
struct strings {
	size_t section;
	size_t base;
	char *buf;
	size_t len;
};

static void __attribute__((noreturn)) corrupt(const struct module *m, const char *what)
{
	die("%s: truncated or corrupt: %s (build the module again)", m->path, what);
}

static Elf_Scn *get_section(const struct module *m, size_t i, GElf_Shdr *shdr)
{
	Elf_Scn *scn = elf_getscn(m->elf, i);

	if (!scn || !gelf_getshdr(scn, shdr))
		corrupt(m, "a section header cannot be read");
	return scn;
}

static Elf_Data *get_data(const struct module *m, Elf_Scn *scn)
{
	Elf_Data *data = elf_getdata(scn, NULL);

	if (!data)
		corrupt(m, "a section cannot be read");
	return data;
}

static const char *get_string(const struct module *m, size_t section, size_t offset)
{
	const char *s = elf_strptr(m->elf, section, offset);

	if (!s)
		corrupt(m, "a name lies outside its string table");
	return s;
}

static bool has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
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
		die("%s: unsupported architecture: not 64-bit little-endian (build for x86-64)", m->path);
	if (file->len < sizeof(ehdr))
		corrupt(m, "the ELF header is cut off");
	memcpy(&ehdr, file->data, sizeof(ehdr));
	if (ehdr.e_type != ET_REL)
		die("%s: not a relocatable object (give a kernel module, not a program)", m->path);
	if (ehdr.e_machine != EM_X86_64)
		die("%s: unsupported architecture: ELF machine %u (build for x86-64)", m->path,
		    ehdr.e_machine);
	if (ehdr.e_shentsize != sizeof(Elf64_Shdr) || !ehdr.e_shnum || ehdr.e_shnum >= SHN_LORESERVE)
		corrupt(m, "bad number or size of section headers");
	if (ehdr.e_shoff > file->len ||
	    ehdr.e_shnum > (file->len - ehdr.e_shoff) / sizeof(Elf64_Shdr))
		corrupt(m, "the section headers reach past the end of the file");
}

/* Returns true when the module has been through this program before. */
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

static bool open_module(struct module *m, const struct blob *file)
{
	check_header(m, file);
	elf_version(EV_CURRENT);
	m->elf = elf_memory(file->data, file->len);
	if (!m->elf || elf_getshdrnum(m->elf, &m->shnum) || elf_getshdrstrndx(m->elf, &m->shstrndx))
		corrupt(m, "the ELF header cannot be read");
	return check_sections(m, file);
}

/* Decide for every symbol. Returns true when livepatch symbols are there already. */
static bool choose_symbols(struct module *m, const struct names *exported, const struct names *listed)
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

/* The kernel takes livepatch relocations from a module that says it is a livepatch only. */
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
		die("%s: libelf cannot write it: %s (build the module again)", m->path, elf_errmsg(-1));
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
static size_t add_string(struct strings *strings, const char *prefix, const char *s, const char *suffix)
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
		/* The 0 behind the comma says that the name is unique in vmlinux. */
		sym.st_name = add_string(strtab, SYM_PREFIX "vmlinux.",
					 get_string(m, strtab->section, sym.st_name), ",0");
		sym.st_shndx = SHN_LIVEPATCH;
		check_libelf(m, gelf_update_sym(data, i, &sym));
	}
}

/* Take the relocations against livepatch symbols out of a section. Returns how many. */
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

static void split_relocations(struct module *m, Elf *out, struct strings *shstrtab)
{
	GElf_Shdr shdr, target;
	const char *name;
	Elf64_Rela *taken;
	Elf_Data *data;
	size_t n, i;
	Elf_Scn *scn;

	for (i = 1; i < m->shnum; i++) {
		get_section(m, i, &shdr);
		if (shdr.sh_type != SHT_RELA)
			continue;
		if (shdr.sh_entsize != sizeof(*taken) || shdr.sh_size % sizeof(*taken) ||
		    shdr.sh_size / sizeof(*taken) > INT_MAX || shdr.sh_link != m->symtab ||
		    !shdr.sh_info || shdr.sh_info >= m->shnum)
			corrupt(m, "bad header of a relocation section");
		/* One that becomes empty stays: the kernel accepts it and no index changes. */
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
			die("%s: section %s refers to a livepatch symbol (run strip --strip-debug on it first)",
			    m->path, name);
		shdr.sh_name = add_string(shstrtab, RELA_PREFIX "vmlinux", *name == '.' ? "" : ".", name);
		shdr.sh_flags = SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH;
		shdr.sh_addralign = sizeof(Elf64_Xword);
		scn = elf_newscn(out);
		data = scn ? elf_newdata(scn) : NULL;
		check_libelf(m, data && gelf_update_shdr(scn, &shdr));
		data->d_type = ELF_T_RELA;
		data->d_buf = taken;
		data->d_size = n * sizeof(*taken);
		data->d_align = sizeof(Elf64_Xword);
		m->nmoved += n;
	}
}

static void convert(struct module *m, struct blob *file)
{
	struct strings strtab, shstrtab, *names = &shstrtab;
	GElf_Shdr shdr;
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
	split_relocations(m, out, names);
	append_strings(m, out, &strtab);
	if (names != &strtab)
		append_strings(m, out, names);
	size = elf_update(out, ELF_C_WRITE);
	check_libelf(m, size > 0);

	file->data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file->data == MAP_FAILED)
		die("cannot map memory: %s (free some memory)", strerror(errno));
	file->len = size;
	close(fd);
}

void klp_convert(const char *path, struct blob *file, const struct names *exported,
		 const struct names *listed)
{
	struct module m = { .path = path };
	bool linked = open_module(&m, file);

	if (choose_symbols(&m, exported, listed) || linked) {
		printf("klp-link: %s: already linked, nothing to do\n", path);
	} else if (!m.nconvert) {
		printf("klp-link: %s: needs no livepatch relocation, nothing to do\n", path);
	} else {
		check_modinfo(&m);
		convert(&m, file);
		printf("klp-link: %s: %zu symbols, %zu relocations converted\n", path, m.nconvert,
		       m.nmoved);
	}
}
