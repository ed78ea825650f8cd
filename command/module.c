// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "command.h"
#include "files.h"
#include "livepatch.h"
#include "module.h"

static struct kmod_ctx *context(void)
{
	static struct kmod_ctx *ctx;
	char *dir;

	if (ctx)
		return ctx;
	dir = file_path("/lib/modules/%s", kernel_release());
	ctx = kmod_new(dir, NULL);
	free(dir);
	if (!ctx)
		err(EXIT_FAILED, "cannot use libkmod");
	/* Errors come back to us, and are told once. */
	kmod_set_log_priority(ctx, LOG_CRIT);
	return ctx;
}

static int get(const char *file, struct kmod_module **module)
{
	struct kmod_list *list = NULL;
	int error;

	if (file) {
		/* Or it would be read only when it is loaded. */
		if (access(file, R_OK))
			return errno;
		return -kmod_module_new_from_path(context(), file, module);
	}
	error = kmod_module_new_from_lookup(context(), LIVEPATCH_NAME, &list);
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

	/* The lookup finds what is loaded or built in, too. */
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

int module_find(const char *file, struct module *module)
{
	struct kmod_module *found;
	int error = get(file, &found);

	memset(module, 0, sizeof(*module));
	if (error)
		return error;
	error = describe(found, module);
	kmod_module_unref(found);
	return error;
}

int module_load(const char *file)
{
	struct kmod_module *module;
	int error;

	/* Tests with files of their own must not change the real kernel. */
	if (*files_root())
		return ENOSYS;
	error = get(file, &module);
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

int module_unload(void)
{
	if (*files_root())
		return ENOSYS;
	return syscall(SYS_delete_module, LIVEPATCH_NAME, O_NONBLOCK) ? errno :
									0;
}
