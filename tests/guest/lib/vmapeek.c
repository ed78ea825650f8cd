// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmapeek.h"

const char *vmapeek_module = "vmapeek";

const char *const event_names[NR_EVENTS] = {
#define X(constant, name, meaning) [constant] = name,
	REMOTE_READ_RESULTS(X)
#undef X
};

enum mainline mainline(void)
{
	const char *text = getenv("MAINLINE");

	if (!text || !*text)
		return MODULE;
	if (!strcmp(text, "patched"))
		return PATCHED;
	if (!strcmp(text, "control"))
		return CONTROL;
	die("MAINLINE is \"%s\", should be patched or control", text);
}

/* A path with the module's name in place of %s; valid until the next call. */
static const char *module_path(const char *format)
{
	static char path[128];

	snprintf(path, sizeof(path), format, vmapeek_module);
	return path;
}

int vmapeek_load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		die("cannot open %s: %s", path, strerror(errno));
	if (syscall(SYS_finit_module, fd, "", 0))
		err = errno;
	close(fd);
	return err;
}

int vmapeek_unload(void)
{
	return syscall(SYS_delete_module, vmapeek_module, O_NONBLOCK) ? errno : 0;
}

bool vmapeek_is_loaded(void)
{
	return !access(module_path("/sys/module/%s"), F_OK);
}

int vmapeek_enable(bool on)
{
	int fd = open(module_path("/sys/kernel/livepatch/%s/enabled"),
		      O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0 || write(fd, on ? "1" : "0", 1) != 1)
		err = errno;
	if (fd >= 0)
		close(fd);
	return err;
}

bool vmapeek_in_transition(void)
{
	char text[8];

	return read_line(module_path("/sys/kernel/livepatch/%s/transition"),
			 text, sizeof(text)) &&
	       text[0] == '1';
}

int vmapeek_task_state(void)
{
	char text[8];

	if (!read_line("/proc/self/patch_state", text, sizeof(text)))
		die("no patch_state");
	return atoi(text);
}

void vmapeek_on(void)
{
	int err;

	if (vmapeek_is_loaded() || mainline() != MODULE)
		return;
	err = vmapeek_load(module_path("/%s.ko"));
	if (err)
		die("cannot load %s: %s", vmapeek_module, strerror(err));
	while (vmapeek_in_transition())
		sched_yield();
}

void vmapeek_off(void)
{
	int err;

	if (!vmapeek_is_loaded())
		return;
	err = vmapeek_enable(false);
	if (err && err != ENOENT && err != EINVAL)
		die("cannot switch %s off: %s", vmapeek_module, strerror(err));
	while (!access(module_path("/sys/kernel/livepatch/%s"), F_OK))
		sched_yield();
	/* The kernel drops its module reference slightly later. */
	while ((err = vmapeek_unload()) == EAGAIN || err == EBUSY)
		sched_yield();
	if (err)
		die("cannot unload %s: %s", vmapeek_module, strerror(err));
}

static void of_both(void (*call)(void))
{
	const char *before = vmapeek_module;

	vmapeek_module = "vmapeek_maps";
	call();
	vmapeek_module = "vmapeek";
	call();
	vmapeek_module = before;
}

void modules_on(void)
{
	of_both(vmapeek_on);
}

void modules_off(void)
{
	of_both(vmapeek_off);
}

bool has_tail_calls(void)
{
	return system("zcat /proc/config.gz 2>/dev/null |"
		      " grep -qx CONFIG_FRAME_POINTER=y");
}

struct counters counters_read(void)
{
	struct counters c = { 0 };
	char path[128], text[32];

	if (mainline() != MODULE)
		return c;
	for (int i = 0; i < NR_EVENTS; i++) {
		snprintf(path, sizeof(path), "/sys/module/vmapeek/stats/%s",
			 event_names[i]);
		if (read_line(path, text, sizeof(text)))
			c.n[i] = strtoul(text, NULL, 10);
		else if (vmapeek_is_loaded())
			die("no counter %s", path);
	}
	return c;
}

struct counters counters_since(const struct counters *start)
{
	struct counters c = counters_read();

	for (int i = 0; i < NR_EVENTS; i++)
		c.n[i] -= start->n[i];
	return c;
}
