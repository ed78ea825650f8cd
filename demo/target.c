// SPDX-License-Identifier: GPL-2.0
/*
 * The process that is looked at: known arguments and environment, and a text
 * at a known address. Prints that address and sleeps.
 */
#include <stdio.h>
#include <unistd.h>

/* The first eight bytes are what "mem" and "peek" read. */
static char text[] = "resident text of the target";

int main(void)
{
	printf("%p\n", (void *)text);
	fflush(stdout);
	for (;;)
		pause();
}
