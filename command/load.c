// SPDX-License-Identifier: GPL-2.0
/* Loading the module, and why it cannot be loaded, in an operator's words. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "files.h"
#include "livepatch.h"
#include "load.h"
#include "module.h"

#define LOG	"the end of the kernel log (dmesg) says more"

static const char *meaning(int error)
{
	switch (error) {
	case EPERM:
		return "the kernel permits no such module: loading is locked (Secure Boot, lockdown or kernel.modules_disabled), or this is a container; see 'vmapeek check'";
	case EACCES:
	case EKEYREJECTED:
	case ENOKEY:
		return "the kernel takes only modules that are signed with a key that it knows: sign the module with such a key";
	case ENOEXEC:
		return "it was built for another kernel: build it for this one; " LOG;
	case EINVAL:
		return "the kernel refused the livepatch; " LOG;
	case ENOENT:
		return "this kernel lacks something that it needs; " LOG;
	case EBUSY:
		return "another livepatch or a kprobe changes the same functions: remove that first; " LOG;
	default:
		return LOG;
	}
}

static void say(char *why, size_t size, const char *format, ...) PRINTF(3, 4);

static void say(char *why, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
}

static bool is_loaded(void)
{
	return file_exists("/sys/module/" LIVEPATCH_NAME);
}

int load(const char *file, char *why, size_t size)
{
	struct module module;
	int error;

	if (!file_exists(LIVEPATCHES)) {
		say(why, size, "this kernel cannot livepatch (there is no " LIVEPATCHES "): use one with CONFIG_LIVEPATCH");
		return ENOSYS;
	}

	error = module_find(file, &module);
	if (error == ENOENT && !file) {
		say(why, size, "there is no module vmapeek for the kernel %s: build and install it, or name its file with --module",
		    kernel_release());
		return error;
	}
	if (error) {
		say(why, size, "cannot read %s as a kernel module: %s",
		    file ? file : "vmapeek.ko", strerror(error));
		return error;
	}
	if (strcmp(module.name, LIVEPATCH_NAME)) {
		say(why, size, "%s is not the module vmapeek: name the right file",
		    module.path);
		return EINVAL;
	}
	/* The kernel says so too, but only in its log. */
	if (!module_is_for_release(&module)) {
		say(why, size, "%s was built for the kernel %s, but this one is %s: build it for this one",
		    module.path, module.release, kernel_release());
		return ENOEXEC;
	}
	if (!module_is_for_build(&module)) {
		say(why, size, "%s was built for another build of the kernel %s, '%s': build it again, for this one",
		    module.path, module.release, module.version);
		return ENOEXEC;
	}

	if (module_refused_at_boot()) {
		say(why, size, "module_blacklist= on the kernel's command line names " LIVEPATCH_NAME ": remove it there, and reboot");
		return EPERM;
	}

	error = module_load(file);
	if (!file && module_install_command() && !is_loaded()) {
		say(why, size, "modprobe's configuration has it run '%s' instead of loading it: remove the line 'install " LIVEPATCH_NAME "' from the files in /etc/modprobe.d",
		    module_install_command());
		return error ? error : ECANCELED;
	}
	if (error)
		say(why, size, "cannot load %s (%s): %s", module.path,
		    strerror(error), meaning(error));
	return error;
}
