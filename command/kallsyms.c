// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "files.h"
#include "kallsyms.h"

bool kallsyms_count(struct symbol_count *symbols, size_t n)
{
	FILE *file = file_open("/proc/kallsyms");
	char line[1024], name[512], bracket[2];
	bool any = false;

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		/* In brackets: the module that a symbol belongs to. */
		int fields = sscanf(line, "%*s %*s %511s %1s", name, bracket);

		any |= fields >= 1;
		for (size_t i = 0; fields == 1 && i < n; i++)
			if (!strcmp(symbols[i].name, name))
				symbols[i].times++;
	}
	fclose(file);
	return any;
}
