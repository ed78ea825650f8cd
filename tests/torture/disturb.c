// SPDX-License-Identifier: GPL-2.0
/* Disturbances: memory pressure, CPU hotplug, livepatch transitions. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmapeek.h"
#include "plays.h"

#define CPU	"/sys/devices/system/cpu/cpu%d/online"

static unsigned long available_kb(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long kb = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lu", &kb) == 1)
			break;
	if (file)
		fclose(file);
	return kb;
}

/* Use more memory than is available. The OOM killer chooses this process. */
static void eat(struct scene *s)
{
	size_t size = (available_kb() * KIB + 32 * MIB) & ~(PAGE - 1);
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		       MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	write_line("/proc/self/oom_score_adj", "1000");
	for (size_t i = 0; i < size && !scene_ends(s); i += PAGE)
		memset(p + i, 0x77, 64);
	_exit(0);
}

void disturb_memory(struct scene *s)
{
	while (!scene_ends(s)) {
		if (in_child())
			eat(s);
		wait(NULL);
	}
}

static bool cpu_switch(int cpu, const char *text)
{
	char path[64];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), CPU, cpu);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, text, 1) == 1;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Take the CPUs offline, except the first, one at a time. */
void disturb_cpus(struct scene *s)
{
	int nr = sysconf(_SC_NPROCESSORS_CONF), cpu = 1;

	if (nr < 2 || !cpu_switch(1, "0"))
		scene_lacks(s, "CPUs that can be switched off");
	cpu_switch(1, "1");
	while (!scene_ends(s)) {
		cpu_switch(cpu, "0");
		usleep(20000);
		if (!cpu_switch(cpu, "1"))
			scene_broken(s, "a CPU does not come back");
		cpu = cpu % (nr - 1) + 1;
	}
}

void disturb_switch(struct scene *s)
{
	struct counters start = counters_read();

	if (mainline() != MODULE)
		scene_lacks(s, "a module to switch");
	while (!scene_ends(s)) {
		/* Unloading the module resets the counters. */
		s->fast += counters_since(&start).n[FAST];
		modules_off();
		usleep(20000);
		modules_on();
		start = counters_read();
		usleep(20000);
	}
}
