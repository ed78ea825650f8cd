// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "files.h"
#include "kernel.h"
#include "symbols.h"

/* As the kernel's own KERNEL_VERSION(), which counts no further than 255. */
static unsigned int version(unsigned int major, unsigned int minor,
			    unsigned int patch)
{
	return major << 16 | minor << 8 | (patch < 255 ? patch : 255);
}

bool kernel_is_supported(void)
{
	unsigned int major, minor, patch = 0, running;
	struct utsname u;

	uname(&u);
	if (strcmp(u.machine, "x86_64") ||
	    sscanf(kernel_release(), "%u.%u.%u", &major, &minor, &patch) < 2)
		return false;
	running = version(major, minor, patch);
	for (size_t i = 0; i < NR_SUPPORTED_KERNELS; i++) {
		const struct supported_kernels *k = &supported_kernels[i];

		if (running >= version(k->from[0], k->from[1], k->from[2]) &&
		    running < version(k->below[0], k->below[1], k->below[2]))
			return true;
	}
	return false;
}

const char *kernel_supported_versions(void)
{
	static char text[256];
	size_t len = 0;

	for (size_t i = 0; i < NR_SUPPORTED_KERNELS; i++) {
		const struct supported_kernels *k = &supported_kernels[i];

		len += snprintf(text + len, sizeof(text) - len,
				"%s%u.%u.%u up to before %u.%u.%u",
				i ? ", " : "", k->from[0], k->from[1],
				k->from[2], k->below[0], k->below[1],
				k->below[2]);
		if (len >= sizeof(text))
			break;
	}
	return text;
}
