// SPDX-License-Identifier: GPL-2.0
/* Checks of the kernel itself. */
#include <string.h>

#include "build.h"
#include "check.h"
#include "kernel.h"
#include "livepatch.h"
#include "symbols.h"

/* The most symbols that one livepatch needs. */
#define MAX_SYMBOLS	64

void check_kernel(struct check *c)
{
	if (kernel_is_supported()) {
		found(c, ANSWER_YES, "%s", kernel_release());
	} else {
		found(c, ANSWER_NO, "vmapeek does not support %s",
		      kernel_release());
		advise(c, "boot a supported kernel on x86-64: Linux %s",
		       kernel_supported_versions());
	}
}

/* Without a configuration: look for functions that these options add. */
static void configuration_by_symbols(struct check *c)
{
	struct symbol_count s[] = {
		{ .name = "klp_enable_patch" },
		{ .name = "lock_vma_under_rcu" },
	};

	if (!kernel_symbols_count(s, 2)) {
		found(c, ANSWER_UNKNOWN,
		      "neither %s nor /proc/config.gz nor /proc/kallsyms can be read",
		      kernel_config_path());
		advise(c, "use a kernel with CONFIG_LIVEPATCH and CONFIG_PER_VMA_LOCK");
	} else if (s[0].times && s[1].times) {
		found(c, ANSWER_YES,
		      "livepatching and VMA locks, according to /proc/kallsyms");
	} else {
		found(c, ANSWER_NO, "no CONFIG_%s, according to /proc/kallsyms",
		      s[0].times ? "PER_VMA_LOCK" : "LIVEPATCH");
		advise(c, "boot a kernel that has it");
	}
}

void check_configuration(struct check *c)
{
	bool livepatch, vma_lock;

	if (!kernel_config_read()) {
		configuration_by_symbols(c);
		return;
	}
	livepatch = kernel_config_has("LIVEPATCH");
	vma_lock = kernel_config_has("PER_VMA_LOCK");
	if (livepatch && vma_lock) {
		found(c, ANSWER_YES, "%s", kernel_config_path());
	} else {
		found(c, ANSWER_NO, "%s has no CONFIG_%s", kernel_config_path(),
		      livepatch ? "PER_VMA_LOCK" : "LIVEPATCH");
		advise(c, "boot a kernel that has it");
	}
}

void check_livepatching(struct check *c)
{
	if (!file_exists(LIVEPATCHES)) {
		found(c, ANSWER_NO, "there is no " LIVEPATCHES);
		advise(c, "boot a kernel with CONFIG_LIVEPATCH; in a container, run this on its host");
	} else if (file_is("0", "/proc/sys/kernel/ftrace_enabled")) {
		found(c, ANSWER_NO, "ftrace is switched off");
		advise(c, "run 'sysctl kernel.ftrace_enabled=1' as root");
	} else {
		found(c, ANSWER_YES, LIVEPATCHES);
	}
}

static void append(char *list, size_t size, const char *name)
{
	size_t len = strlen(list);

	snprintf(list + len, size - len, "%s%s", len ? " " : "", name);
}

/* Does the kernel have the symbol @name, one of @n? */
static bool is_there(const struct symbol_count *s, size_t n, const char *name)
{
	for (; name && n; n--, s++)
		if (!strcmp(s->name, name) && s->times)
			return true;
	return false;
}

/* Without a configuration, symbols that depend on an option may be missing. */
static bool may_be_missing(const struct needed_symbol *symbol)
{
	return (symbol->option || symbol->without) && !kernel_config_read();
}

static bool is_needed(const struct needed_symbol *symbol)
{
	if (!kernel_is_of_series(symbol->series))
		return false;
	if (may_be_missing(symbol))
		return true;
	return (!symbol->option || kernel_config_has(symbol->option)) &&
	       !(symbol->without && kernel_config_has(symbol->without));
}

static bool is_taken(const struct needed_symbol **needed, size_t taken,
		     const char *name)
{
	for (size_t i = 0; i < taken; i++)
		if (!strcmp(needed[i]->name, name))
			return true;
	return false;
}

/*
 * Add the symbols that this kernel needs to the @taken ones in @needed. A
 * function that is replaced may be linked to as well.
 */
static size_t take(const struct needed_symbol *symbols, size_t n,
		   const struct needed_symbol **needed, size_t taken)
{
	for (size_t i = 0; i < n; i++)
		if (is_needed(&symbols[i]) &&
		    !is_taken(needed, taken, symbols[i].name))
			needed[taken++] = &symbols[i];
	return taken;
}

static void no_symbols(struct check *c)
{
	if (build_dir()) {
		found(c, ANSWER_UNKNOWN, "there is no System.map of that kernel, in %s or /boot",
		      build_dir());
		advise(c, "boot it, and run 'vmapeek check' there");
	} else {
		found(c, ANSWER_UNKNOWN, "cannot read /proc/kallsyms");
		advise(c, "mount /proc, or use a kernel with CONFIG_KALLSYMS");
	}
}

void check_symbols_of(const struct livepatch *lp, struct check *c)
{
	const struct needed_symbol *needed[MAX_SYMBOLS];
	char missing[256] = "", changed[256] = "", ambiguous[256] = "";
	struct symbol_count s[MAX_SYMBOLS] = { 0 };
	size_t n, there = 0;

	n = take(lp->replaced, lp->nr_replaced, needed, 0);
	n = take(lp->linked, lp->nr_linked, needed, n);
	for (size_t i = 0; i < n; i++)
		s[i].name = needed[i]->name;
	if (!kernel_symbols_count(s, n)) {
		no_symbols(c);
		return;
	}

	for (size_t i = 0; i < n; i++)
		if (s[i].times > 1)
			append(ambiguous, sizeof(ambiguous), s[i].name);
		else if (s[i].times)
			there++;
		else if (!may_be_missing(needed[i]) &&
			 !is_there(s, n, needed[i]->or))
			append(s[i].changed ? changed : missing,
			       sizeof(missing), s[i].name);
	if (!*missing && !*changed && !*ambiguous) {
		found(c, ANSWER_YES, "all %zu are there, once each", there);
		return;
	}
	found(c, ANSWER_NO, "%s%s%s%s%s%s%s%s", *missing ? "missing: " : "",
	      missing, *missing && (*changed || *ambiguous) ? "; " : "",
	      *changed ? "changed by the compiler: " : "", changed,
	      *changed && *ambiguous ? "; " : "",
	      *ambiguous ? "more than one: " : "", ambiguous);
	advise(c, kernel_is_supported() ?
	       "boot another build of this kernel, such as Debian's own" :
	       "boot a supported kernel");
}

void check_symbols(struct check *c)
{
	check_symbols_of(&livepatch_memory, c);
}
