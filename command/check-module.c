// SPDX-License-Identifier: GPL-2.0
/* Checks whether the module can be found and loaded. */
#include <err.h>
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "command.h"
#include "kernel.h"
#include "livepatch.h"
#include "module.h"

/* The file of a module, as @name.ko or compressed. */
static char *wanted, *seen;

static int look_for_module(const char *path, const struct stat *st, int type,
			   struct FTW *ftw)
{
	(void)st;
	if (type != FTW_F ||
	    strncmp(path + ftw->base, wanted, strlen(wanted)))
		return 0;
	seen = strdup(path);
	return 1;
}

/* modprobe only knows modules that depmod has listed. */
static void not_found(const struct livepatch *lp, struct check *c)
{
	char *dir = file_path("/lib/modules/%s", kernel_release());

	if (asprintf(&wanted, "%s.ko", lp->name) < 0)
		err(EXIT_FAILED, "out of memory");
	nftw(dir, look_for_module, 16, FTW_PHYS);
	if (seen) {
		found(c, ANSWER_NO, "%s exists, but modprobe does not know it",
		      seen);
		advise(c, "run 'depmod' as root");
	} else {
		found(c, ANSWER_NO, "there is no %s below %s", wanted,
		      dir);
		advise(c, kernel_is_supported() ?
		       "install vmapeek-dkms and this kernel's headers, or build it and use 'vmapeek on --module=FILE'" :
		       "boot a supported kernel");
	}
	free(seen);
	seen = NULL;
	free(wanted);
	free(dir);
}

void check_module_of(const struct livepatch *lp, struct check *c)
{
	struct module module;
	int error = module_find(lp, NULL, &module);

	if (livepatch_state(lp) != STATE_NOT_LOADED) {
		found(c, ANSWER_YES, "it is loaded");
	} else if (error == ENOENT) {
		not_found(lp, c);
	} else if (error) {
		found(c, ANSWER_UNKNOWN, "cannot read it: %s",
		      strerror(error));
		advise(c, "check the files below /lib/modules/%s",
		       kernel_release());
	} else if (!module_is_for_release(&module)) {
		found(c, ANSWER_NO, "%s was built for %s", module.path,
		      module.release);
		advise(c, "build it for this kernel");
	} else if (!module_is_for_build(&module)) {
		found(c, ANSWER_NO, "%s was built for another build of this kernel, '%s'",
		      module.path, module.version);
		advise(c, "install the headers of this build, and build it again (with DKMS: 'dkms build --force', 'dkms install --force')");
	} else {
		found(c, ANSWER_YES, "%s", module.path);
	}
}

void check_module(struct check *c)
{
	check_module_of(&livepatch_memory, c);
}

/* Sets @unknown if a rule may exist that cannot be read. */
static const char *signatures_required(bool *unknown)
{
	const char *lockdown = "/sys/kernel/security/lockdown";
	const char *enforce = "/sys/module/module/parameters/sig_enforce";
	char line[128];

	*unknown = false;
	if (file_is("Y", "%s", enforce))
		return "module.sig_enforce";
	if (file_line(line, sizeof(line), "%s", lockdown)) {
		if (strstr(line, "[integrity]"))
			return "lockdown (integrity)";
		if (strstr(line, "[confidentiality]"))
			return "lockdown (confidentiality)";
		return NULL;
	}
	/* No file: the kernel has no lockdown, or securityfs is not mounted. */
	*unknown = !file_exists("/sys/kernel/security/lsm") &&
		   (!kernel_config_read() || kernel_config_has("SECURITY_LOCKDOWN_LSM"));
	return NULL;
}

static void check_signature(struct check *c, const char *by)
{
	struct module module;

	if (module_find(&livepatch_memory, NULL, &module)) {
		found(c, ANSWER_UNKNOWN, "%s requires signed modules", by);
		advise(c, "sign the module with a key that the kernel knows");
	} else if (!*module.signer) {
		found(c, ANSWER_NO, "%s requires signed modules; %s is not signed",
		      by, module.path);
		advise(c, "sign it with a key that the kernel knows (see mokutil(1))");
	} else {
		found(c, ANSWER_UNKNOWN,
		      "%s requires signed modules; %s is signed by '%s'", by,
		      module.path, module.signer);
		advise(c, "make sure that the kernel knows this key (see mokutil(1))");
	}
}

void check_loading(struct check *c)
{
	const struct livepatch *lp = &livepatch_memory;
	const char *by;
	bool unknown;

	if (livepatch_state(lp) != STATE_NOT_LOADED) {
		found(c, ANSWER_YES, "it is loaded");
		return;
	}
	if (file_is("1", "/proc/sys/kernel/modules_disabled")) {
		found(c, ANSWER_NO, "kernel.modules_disabled is set");
		advise(c, "reboot without setting it");
		return;
	}
	if (module_refused_at_boot(lp)) {
		found(c, ANSWER_NO, "module_blacklist= on the kernel's command line names it");
		advise(c, "remove it there, and reboot");
		return;
	}
	if (module_install_command(lp)) {
		found(c, ANSWER_NO, "modprobe is configured to run '%s' instead",
		      module_install_command(lp));
		advise(c, "remove the line 'install %s' from the files in /etc/modprobe.d",
		       lp->name);
		return;
	}
	by = signatures_required(&unknown);
	if (by) {
		check_signature(c, by);
	} else if (unknown) {
		found(c, ANSWER_UNKNOWN,
		      "/sys/kernel/security cannot be read, so lockdown is not known");
		advise(c, "as root, run 'mount -t securityfs none /sys/kernel/security' and check again");
	} else {
		found(c, ANSWER_YES, "no signature is required");
	}
	if (c->answer == ANSWER_YES && module_blacklisted(lp)) {
		found(c, ANSWER_YES, "no signature is required; but modprobe's configuration blacklists it, which prevents loading at boot");
		advise(c, "to load it at boot, remove 'blacklist %s' from the files in /etc/modprobe.d",
		       lp->name);
	}
}

struct others {
	char names[384];
	size_t n;
};

static void add_name(const char *name, void *arg)
{
	struct others *o = arg;
	size_t len = strlen(o->names);

	snprintf(o->names + len, sizeof(o->names) - len, "%s%s",
		 o->n++ ? ", " : "", name);
}

/* vmapeek is on before vmapeek_maps is switched, and does not wait for it. */
static bool is_in_the_way(const char *switching)
{
	return strcmp(switching, livepatch_maps.name) ||
	       livepatch_state(&livepatch_memory) != STATE_ON;
}

void check_others(struct check *c)
{
	struct others o = { 0 };
	struct overlap *overlaps;
	size_t n = livepatch_overlaps(&livepatch_memory, &overlaps);
	char switching[64];

	livepatch_each_other(add_name, &o);
	if (n) {
		found(c, ANSWER_NO, "%s replaces %s as well",
		      overlaps[0].livepatch, overlaps[0].function);
		advise(c, "use one of the two: only the one loaded last is in effect");
	} else if (livepatch_other_switching(&livepatch_memory, switching,
					     sizeof(switching)) &&
		   is_in_the_way(switching)) {
		found(c, ANSWER_NO, "%s is being switched right now",
		      switching);
		advise(c, "wait until it has switched, see " LIVEPATCHES "/%s/transition",
		       switching);
	} else if (o.n) {
		found(c, ANSWER_YES, "they replace other functions: %s",
		      o.names);
	} else {
		found(c, ANSWER_YES, "there are none");
	}
	free(overlaps);
}
