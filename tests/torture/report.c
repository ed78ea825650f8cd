// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "turn.h"

unsigned long all_reads(const struct sum *sum)
{
	unsigned long n = 0;

	for (int i = 0; i < NR_INTERFACES; i++)
		n += sum->reads[i];
	return n;
}

int report_play(unsigned int nr, const struct play *p,
		       const struct sum *sum)
{
	bool ok = !sum->wrong && sum->steps && has_read(sum);

	if (sum->lacks[0] && !sum->wrong) {
		printf("# this kernel or machine lacks: %s\n", sum->lacks);
		printf("ok %u - %s # SKIP\n", nr, p->name);
		return 0;
	}
	printf("# %s: %lu changes, %lu reads (mem %lu, cmdline %lu, environ %lu, PEEK %lu, readv %lu), %lu looks at maps, %lu fast, %lu kB, %lu short or refused, %lu words of zeros\n",
	       p->name, sum->steps, all_reads(sum), sum->reads[MEM],
	       sum->reads[CMDLINE], sum->reads[ENVIRON], sum->reads[PEEKDATA],
	       sum->reads[READV], sum->maps_reads, sum->fast, sum->bytes / KIB, sum->absent,
	       sum->zeros);
	if (sum->wrong)
		printf("# %s: %lu times wrong; the first: %s\n", p->name,
		       sum->wrong, sum->finding);
	printf("%sok %u - %s\n", ok ? "" : "not ", nr, p->name);
	return !ok;
}

int report_row(unsigned int nr, const struct row *row,
		      const struct sum *sum)
{
	static const char *const what[] = {
		[WHILE_READ] = "met reads under way",
		[WHILE_FAULT] = "met reads in a page fault",
		[BY_READER] = "were run by a reader",
		[BY_FAULT] = "were run by a page fault in what is read",
	};
	bool ok = row->runs && row->met;

	if (!row->found || sum->lacks[0]) {
		printf("# this kernel or machine lacks: %s\n",
		       row->found ? sum->lacks : row->functions[0]);
		printf("ok %u - reached: %s # SKIP\n", nr, row->name);
		return 0;
	}
	printf("# %s: %s ran %lu times; of %lu traced, %lu %s\n", row->name,
	       row->found, row->runs, row->traced, row->met, what[row->kind]);
	printf("%sok %u - reached: %s\n", ok ? "" : "not ", nr, row->name);
	return !ok;
}
