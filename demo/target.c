// SPDX-License-Identifier: GPL-2.0
/*
 * The process that is looked at: known arguments and environment, and a text
 * at a known address. Prints that address and sleeps.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The first eight bytes are what "mem", "peek" and "readv" read. */
static const char content[] = "resident text of the target";
static char text[sizeof(content)];

int main(void)
{
	/* Written here, so that the page is in memory for certain. */
	memcpy(text, content, sizeof(text));
	printf("%p\n", (void *)text);
	fflush(stdout);
	for (;;)
		pause();
}
