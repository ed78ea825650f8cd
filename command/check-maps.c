// SPDX-License-Identifier: GPL-2.0
/* Checks for the second module, vmapeek_maps: one point for all. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernel.h"
#include "livepatch.h"
#include "module.h"

/* Run one check; true if it did not answer yes, which ends the search. */
static bool look(struct check *c, const char *what,
		 void (*check)(const struct livepatch *lp, struct check *c))
{
	struct check part = { 0 };

	check(&livepatch_maps, &part);
	if (part.answer == ANSWER_YES)
		return false;
	*c = part;
	found(c, part.answer, "%s: %s", what, part.detail);
	return true;
}

static void check_options(const struct livepatch *lp, struct check *c)
{
	if (!kernel_config_read())
		return;
	for (const struct kernel_option *o = kernel_options; o->name; o++) {
		if (o->answer != ANSWER_NO || strcmp(o->modules, lp->name) ||
		    kernel_config_has(o->name))
			continue;
		found(c, ANSWER_NO, "%s has no CONFIG_%s",
		      kernel_config_path(), o->name);
		advise(c, "boot a kernel that has it");
		return;
	}
}

static void check_modprobe(const struct livepatch *lp, struct check *c)
{
	if (livepatch_state(lp) != STATE_NOT_LOADED)
		return;
	if (module_refused_at_boot(lp)) {
		found(c, ANSWER_NO, "module_blacklist= on the kernel's command line names it");
		advise(c, "remove it there, and reboot");
	} else if (module_install_command(lp)) {
		found(c, ANSWER_NO, "modprobe is configured to run '%s' instead",
		      module_install_command(lp));
		advise(c, "remove the line 'install %s' from the files in /etc/modprobe.d",
		       lp->name);
	}
}

static void check_overlaps(const struct livepatch *lp, struct check *c)
{
	struct overlap *overlaps;

	if (livepatch_overlaps(lp, &overlaps)) {
		found(c, ANSWER_NO, "%s replaces %s as well",
		      overlaps[0].livepatch, overlaps[0].function);
		advise(c, "use one of the two: only the one loaded last is in effect");
	}
	free(overlaps);
}

void check_maps(struct check *c)
{
	enum livepatch_state state = livepatch_state(&livepatch_maps);

	if (look(c, "configuration", check_options) ||
	    look(c, "symbols", check_symbols_of) ||
	    look(c, "module", check_module_of) ||
	    look(c, "loading", check_modprobe) ||
	    look(c, "other livepatches", check_overlaps))
		return;
	if (state == STATE_NOT_LOADED)
		found(c, ANSWER_YES, "symbols and module are there");
	else if (livepatch_is_switching(state))
		found(c, ANSWER_YES, "it is loaded, and %s",
		      livepatch_state_name(state));
	else
		found(c, ANSWER_YES, "it is loaded");
}
