// SPDX-License-Identifier: GPL-2.0
/*
 * Checks whether the modules would build for another kernel and load there, as
 * far as its build directory shows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "check.h"
#include "kernel.h"
#include "livepatch.h"
#include "symbols.h"

#define NR(array)	(sizeof(array) / sizeof(*(array)))

const struct kernel_option kernel_options[] = {
#define X(name, set, answer, modules, text) { name, set, answer, modules, text },
	KERNEL_OPTIONS(X)
#undef X
	{ 0 }
};

static bool applies(const struct kernel_option *o)
{
	return kernel_config_has(o->name) == o->set;
}

static void check_version(struct check *c)
{
	const char *release = kernel_release();
	unsigned int v = build_version();

	if (!v) {
		found(c, ANSWER_NO, "%s does not contain a kernel's version",
		      build_dir());
		advise(c, "name a directory where a kernel was configured and built, such as /lib/modules/RELEASE/build");
		return;
	}
	if (!kernel_is_supported()) {
		found(c, ANSWER_NO, "vmapeek does not support %s (Linux %u.%u.%u)",
		      release, v >> 16, v >> 8 & 0xff, v & 0xff);
		advise(c, "use a supported kernel on x86-64: Linux %s",
		       kernel_supported_versions());
		return;
	}
	found(c, ANSWER_YES, "%s (Linux %u.%u.%u)", release, v >> 16,
	      v >> 8 & 0xff, v & 0xff);
	/* dkms.conf and `vmapeek check` only compare the name. */
	if (!kernel_is_supported_as(release))
		advise(c, "DKMS matches kernels by name and does not build for this one: run 'make KDIR=%s' in a copy of /usr/src/vmapeek-" VERSION,
		       build_dir());
}

/* Required options: a point for each that is missing, or one for all. */
static void check_needed_options(struct report *r)
{
	struct check *c;
	bool all = true;

	if (!kernel_config_read()) {
		c = report_add(r, "configuration", "configuration", false);
		found(c, ANSWER_NO, "cannot read %s/.config", build_dir());
		advise(c, "name a directory where a kernel was configured");
		return;
	}
	for (const struct kernel_option *o = kernel_options; o->name; o++) {
		if (o->answer != ANSWER_NO || !applies(o))
			continue;
		all = false;
		c = report_add(r, "configuration", "configuration", false);
		found(c, ANSWER_NO, "CONFIG_%s is not set, for %s: %s", o->name,
		      o->modules, o->text);
		advise(c, "use a kernel that has it");
	}
	if (all)
		found(report_add(r, "configuration", "configuration", false),
		      ANSWER_YES, "%s", kernel_config_path());
}

/* Other options that change vmapeek: a point for each. */
static void check_other_options(struct report *r)
{
	for (const struct kernel_option *o = kernel_options; o->name; o++) {
		struct check *c;

		if (o->answer == ANSWER_NO || !kernel_config_read() ||
		    !applies(o))
			continue;
		c = report_add(r, "options", "options", false);
		found(c, o->answer, "CONFIG_%s is %sset, for %s: %s", o->name,
		      o->set ? "" : "not ", o->modules, o->text);
		if (o->answer == ANSWER_UNKNOWN)
			advise(c, "try that kernel in a virtual machine first");
	}
}

static void append(char *list, size_t size, const char *name)
{
	size_t len = strlen(list);

	snprintf(list + len, size - len, "%s%s", len ? ", " : "", name);
}

/* modules_prepare makes neither Module.symvers nor utsversion.h. */
static void check_headers(struct check *c)
{
	static const char *const files[] = {
		"Makefile", "include/generated/autoconf.h",
		"scripts/mod/modpost", "include/generated/utsversion.h",
	};
	char missing[256] = "";

	for (size_t i = 0; i < NR(files); i++)
		if (!build_has(files[i]))
			append(missing, sizeof(missing), files[i]);
	if (kernel_config_read() && kernel_config_has("OBJTOOL") &&
	    !build_has("tools/objtool/objtool"))
		append(missing, sizeof(missing), "tools/objtool/objtool");
	/* Without vmlinux, Module.symvers may list only symbols of modules. */
	if (!build_has("Module.symvers"))
		append(missing, sizeof(missing), "Module.symvers");
	else if (!build_exports("handle_mm_fault"))
		append(missing, sizeof(missing), "the kernel's symbols in Module.symvers");
	if (*missing) {
		found(c, ANSWER_NO, "%s lacks %s", build_dir(), missing);
		advise(c, "install the headers of that kernel, or build it whole: 'make modules_prepare' is not enough");
	} else {
		found(c, ANSWER_YES, "%s", build_dir());
	}
}

static bool in_path(const char *program)
{
	char *path = strdup(getenv("PATH") ? getenv("PATH") : ""), *rest, *dir;
	char file[4096];
	bool is = false;

	for (dir = path ? strtok_r(path, ":", &rest) : NULL; dir && !is;
	     dir = strtok_r(NULL, ":", &rest)) {
		snprintf(file, sizeof(file), "%s/%s", dir, program);
		is = !access(file, X_OK);
	}
	free(path);
	return is;
}

/* Another compiler may work, but is untested. */
static void check_compiler(struct check *c)
{
	char text[128] = "", program[128];

	if (kernel_config_read())
		kernel_config_value("CC_VERSION_TEXT", text, sizeof(text));
	/* gcc's text begins with its command, clang's with its vendor. */
	if (kernel_config_read() && kernel_config_has("CC_IS_CLANG"))
		snprintf(program, sizeof(program), "clang");
	else
		snprintf(program, sizeof(program), "%.*s",
			 (int)strcspn(text, " "), text);
	if (!*program) {
		found(c, ANSWER_UNKNOWN, "the configuration does not name the kernel's compiler");
		advise(c, "use the one that the kernel was built with");
	} else if (!in_path(program)) {
		found(c, ANSWER_UNKNOWN, "the kernel was built with '%s'; there is no %s here",
		      text, program);
		advise(c, "install it, or build the module on the machine that runs that kernel");
	} else {
		found(c, ANSWER_YES, "%s is there; the kernel was built with '%s'",
		      program, text);
	}
}

static void check_signing(struct check *c)
{
	static const char *const options[] = {
		"MODULE_SIG_FORCE", "LOCK_DOWN_KERNEL_FORCE_INTEGRITY",
		"LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY",
	};

	if (!kernel_config_read()) {
		found(c, ANSWER_UNKNOWN, "without the configuration, it is unknown whether modules must be signed");
		return;
	}
	for (size_t i = 0; i < NR(options); i++) {
		if (!kernel_config_has(options[i]))
			continue;
		found(c, ANSWER_UNKNOWN, "CONFIG_%s requires signed modules", options[i]);
		advise(c, "sign it with a key that the kernel knows (see mokutil(1))");
		return;
	}
	found(c, ANSWER_YES, "no signature is required, unless by Secure Boot or the kernel's command line");
}

void check_build(struct report *r)
{
	check_version(report_add(r, "kernel", "kernel version", false));
	check_needed_options(r);
	check_headers(report_add(r, "headers", "build directory", false));
	check_compiler(report_add(r, "compiler", "compiler", false));
	check_symbols(report_add(r, "symbols", "symbols", false));
	check_signing(report_add(r, "loading", "loading modules", false));
	check_symbols_of(&livepatch_maps,
			 report_add(r, "maps", "vmapeek_maps", true));
	check_other_options(r);
}
