// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <libkmod.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "command.h"
#include "files.h"
#include "kernel.h"
#include "livepatch.h"
#include "module.h"

#define LOG	"see the end of the kernel log (dmesg)"

static struct kmod_ctx *context(void)
{
	static struct kmod_ctx *ctx;
	const char *configs[2] = { NULL };
	char *dir, *config;

	if (ctx)
		return ctx;
	dir = file_path("/lib/modules/%s", kernel_release());
	config = file_path("/etc/modprobe.d");
	configs[0] = config;
	/* NULL: all directories that modprobe searches. */
	ctx = kmod_new(dir, *files_root() ? configs : NULL);
	free(config);
	free(dir);
	if (!ctx)
		err(EXIT_FAILED, "cannot use libkmod");
	/* Errors are returned, and reported once. */
	kmod_set_log_priority(ctx, LOG_CRIT);
	return ctx;
}

static int get(const struct livepatch *lp, const char *file,
	       struct kmod_module **module)
{
	struct kmod_list *list = NULL;
	int error;

	if (file) {
		/* Otherwise libkmod would read it only at load. */
		if (access(file, R_OK))
			return errno;
		return -kmod_module_new_from_path(context(), file, module);
	}
	error = kmod_module_new_from_lookup(context(), lp->name, &list);
	if (error < 0)
		return -error;
	if (!list)
		return ENOENT;
	*module = kmod_module_get_module(list);
	kmod_module_unref_list(list);
	return 0;
}

static void take(const char *key, const char *value, struct module *module)
{
	if (!strcmp(key, "name"))
		snprintf(module->name, sizeof(module->name), "%s", value);
	else if (!strcmp(key, "signer"))
		snprintf(module->signer, sizeof(module->signer), "%s", value);
	else if (!strcmp(key, "kernel_version"))
		snprintf(module->version, sizeof(module->version), "%s", value);
	else if (!strcmp(key, "vermagic"))
		/* RELEASE SMP ... */
		snprintf(module->release, sizeof(module->release), "%.*s",
			 (int)strcspn(value, " "), value);
}

static int describe(struct kmod_module *from, struct module *module)
{
	const char *path = kmod_module_get_path(from);
	struct kmod_list *list = NULL, *entry;
	int error;

	/* The look-up also finds loaded and built-in modules. */
	if (!path)
		return ENOENT;
	snprintf(module->path, sizeof(module->path), "%s", path);
	error = kmod_module_get_info(from, &list);
	if (error < 0)
		return -error;
	kmod_list_foreach(entry, list)
		take(kmod_module_info_get_key(entry),
		     kmod_module_info_get_value(entry), module);
	kmod_module_info_free_list(list);
	return 0;
}

int module_find(const struct livepatch *lp, const char *file,
		struct module *module)
{
	struct kmod_module *found;
	int error = get(lp, file, &found);

	memset(module, 0, sizeof(*module));
	if (error)
		return error;
	error = describe(found, module);
	kmod_module_unref(found);
	return error;
}

bool module_is_for_release(const struct module *module)
{
	return !strcmp(module->release, kernel_release());
}

bool module_is_for_build(const struct module *module)
{
	char running[sizeof(module->version)];

	if (!module_is_for_release(module))
		return false;
	return !*module->version ||
	       !file_line(running, sizeof(running), "/proc/sys/kernel/version") ||
	       !strcmp(module->version, running);
}

const char *module_install_command(const struct livepatch *lp)
{
	static char command[256];
	struct kmod_module *module;
	const char *text;

	if (kmod_module_new_from_name(context(), lp->name, &module) < 0)
		return NULL;
	text = kmod_module_get_install_commands(module);
	snprintf(command, sizeof(command), "%s", text ? text : "");
	kmod_module_unref(module);
	return *command ? command : NULL;
}

bool module_blacklisted(const struct livepatch *lp)
{
	struct kmod_config_iter *iter = kmod_config_get_blacklists(context());
	bool is = false;

	while (iter && !is && kmod_config_iter_next(iter))
		is = !strcmp(kmod_config_iter_get_key(iter), lp->name);
	kmod_config_iter_free_iter(iter);
	return is;
}

static bool is_in_list(const char *wanted, char *list)
{
	char *rest, *name;

	for (name = strtok_r(list, ",", &rest); name;
	     name = strtok_r(NULL, ",", &rest))
		if (!strcmp(name, wanted))
			return true;
	return false;
}

bool module_refused_at_boot(const struct livepatch *lp)
{
	static const char option[] = "module_blacklist=";
	char line[4096], *rest, *word;

	if (!file_line(line, sizeof(line), "/proc/cmdline"))
		return false;
	for (word = strtok_r(line, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest))
		if (!strncmp(word, option, strlen(option)) &&
		    is_in_list(lp->name, word + strlen(option)))
			return true;
	return false;
}

/* Insert @file or, if that is NULL, the module by the rules of modprobe. */
static int insert(const struct livepatch *lp, const char *file)
{
	struct kmod_module *module;
	int error;

	/* Tests with files of their own must not change the real kernel. */
	if (*files_root())
		return ENOSYS;
	error = get(lp, file, &module);
	if (error)
		return error;
	if (file)
		error = kmod_module_insert_module(module, 0, NULL);
	else
		error = kmod_module_probe_insert_module(module, 0, NULL, NULL,
							NULL, NULL);
	kmod_module_unref(module);
	return -error;
}

static const char *meaning(int error)
{
	switch (error) {
	case EPERM:
		return "the kernel does not permit loading modules (Secure Boot, lockdown or kernel.modules_disabled), or this is a container: see 'vmapeek check'";
	case EACCES:
	case EKEYREJECTED:
	case ENOKEY:
		return "the kernel accepts only modules signed with a key that it knows: sign the module with such a key";
	case ENOEXEC:
		return "it was built for another kernel: build it for this one; " LOG;
	case EINVAL:
		return "the kernel refused the livepatch; " LOG;
	case ENOENT:
		return "this kernel lacks a symbol that it needs; " LOG;
	case EBUSY:
		return "another livepatch or a kprobe is on the same functions: remove it first; " LOG;
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

static bool is_loaded(const struct livepatch *lp)
{
	return file_exists("/sys/module/%s", lp->name);
}

int module_load(const struct livepatch *lp, const char *file, char *why,
		size_t size)
{
	struct module module;
	int error;

	if (!file_exists(LIVEPATCHES)) {
		say(why, size, "this kernel cannot livepatch (there is no " LIVEPATCHES "): use one with CONFIG_LIVEPATCH");
		return ENOSYS;
	}

	error = module_find(lp, file, &module);
	if (error == ENOENT && !file) {
		say(why, size, "there is no module %s for the kernel %s: install vmapeek-dkms and that kernel's headers, or name the file with --module",
		    lp->name, kernel_release());
		return error;
	}
	if (error) {
		say(why, size, "cannot read %s as a kernel module: %s",
		    file ? file : lp->name, strerror(error));
		return error;
	}
	if (strcmp(module.name, lp->name)) {
		say(why, size, "%s is not the module %s: name the right file",
		    module.path, lp->name);
		return EINVAL;
	}
	/* The kernel reports this only in its log. */
	if (!module_is_for_release(&module)) {
		say(why, size, "%s was built for the kernel %s, but this one is %s: build it for this kernel",
		    module.path, module.release, kernel_release());
		return ENOEXEC;
	}
	if (!module_is_for_build(&module)) {
		say(why, size, "%s was built for another build of the kernel %s, '%s': build it again, for this build",
		    module.path, module.release, module.version);
		return ENOEXEC;
	}

	if (module_refused_at_boot(lp)) {
		say(why, size, "module_blacklist= on the kernel's command line names %s: remove it there, and reboot",
		    lp->name);
		return EPERM;
	}

	error = insert(lp, file);
	if (!file && module_install_command(lp) && !is_loaded(lp)) {
		say(why, size, "modprobe is configured to run '%s' instead of loading it: remove the line 'install %s' from the files in /etc/modprobe.d",
		    module_install_command(lp), lp->name);
		return error ? error : ECANCELED;
	}
	if (error)
		say(why, size, "cannot load %s (%s): %s", module.path,
		    strerror(error), meaning(error));
	return error;
}

int module_unload(const struct livepatch *lp)
{
	if (*files_root())
		return ENOSYS;
	return syscall(SYS_delete_module, lp->name, O_NONBLOCK) ? errno : 0;
}
