// SPDX-License-Identifier: GPL-2.0
/*
 * klp-link: write livepatch relocations into a livepatch module.
 *
 * A module can only be linked to symbols that the kernel exports. A livepatch module can link to
 * all others, too, if they are marked as Documentation/livepatch/module-elf-format.rst of the
 * kernel describes. Neither the compiler nor kbuild marks them, so this program does.
 */
#include <argp.h>
#include <signal.h>
#include <stdio.h>

#include "klp-elf.h"

const char *argp_program_version = "klp-link 1";

struct options {
	const char *symvers;
	const char *symbols;
	const char *in;
	const char *out;
};

static const struct argp_option argp_options[] = {
	{ .name = "symvers", .key = 'v', .arg = "FILE",
	  .doc = "the kernel's Module.symvers: the symbols it exports" },
	{ .name = "symbols", .key = 's', .arg = "FILE",
	  .doc = "symbols that IN may use by livepatch relocation: one name per line, # comments" },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *opt = state->input;

	switch (key) {
	case 'v':
		opt->symvers = arg;
		return 0;
	case 's':
		opt->symbols = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num == 0)
			opt->in = arg;
		else if (state->arg_num == 1)
			opt->out = arg;
		else
			argp_error(state, "too many arguments");
		return 0;
	case ARGP_KEY_END:
		if (!opt->symvers || !opt->symbols)
			argp_error(state, "--symvers and --symbols are both needed");
		if (!opt->out)
			argp_error(state, "IN and OUT are both needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse,
	.args_doc = "IN OUT",
	.doc = "Turn undefined symbols of the livepatch module IN that the kernel does not export "
	       "into livepatch relocations, and write the result to OUT (which may be IN)."
	       "\vStrip debug information before and sign the module afterwards; strip removes the "
	       "livepatch relocations of OUT.",
};

int main(int argc, char **argv)
{
	struct options opt = { 0 };
	struct names exported = { 0 }, listed = { 0 };
	struct klp_result result;
	struct blob file;

	/* A file size limit is an error like any other. */
	signal(SIGXFSZ, SIG_IGN);
	argp_parse(&argp, argc, argv, 0, NULL, &opt);
	names_read_symvers(&exported, opt.symvers);
	names_read_list(&listed, opt.symbols);
	read_file(opt.in, &file);
	result = klp_convert(opt.in, &file, &exported, &listed);
	write_file(opt.out, &file);

	printf("klp-link: %s: ", opt.in);
	if (result.linked)
		puts("already linked, nothing to do");
	else if (!result.symbols)
		puts("needs no livepatch relocation, nothing to do");
	else
		printf("%zu symbols, %zu relocations converted\n", result.symbols,
		       result.relocations);
	return 0;
}
