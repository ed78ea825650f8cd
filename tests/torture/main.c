// SPDX-License-Identifier: GPL-2.0
/*
 * Reads through all interfaces, while the memory is changed in all ways.
 *
 *	torture [SECONDS [SEED [PLAY...]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turn.h"

/* The time for a play to reach its rows and have reads by all interfaces. */
#define PATIENCE_SECONDS	180

static struct sum sums[64];
static struct scene *scene;
static bool traced;

/* Has this play a row that no read has met yet? */
static bool is_unreached(const char *name)
{
	for (unsigned int i = 0; traced && i < nr_rows; i++)
		if (!strcmp(rows[i].play, name) && rows[i].found &&
		    !rows[i].met)
			return true;
	return false;
}

static bool wanted(const char *name, int argc, char **argv)
{
	if (argc <= 3)
		return true;
	for (int i = 3; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return false;
}

static int find_play(const char *name)
{
	for (unsigned int i = 0; i < nr_plays; i++)
		if (!strcmp(plays[i].name, name))
			return i;
	die("no play '%s'", name);
}

static int report(int argc, char **argv)
{
	unsigned long reads = 0, changes = 0;
	unsigned int nr = 0, reached = 0, met = 0;
	int bad = 0;

	for (unsigned int i = 0; i < nr_plays; i++) {
		if (!wanted(plays[i].name, argc, argv))
			continue;
		if (!sums[i].turns) {
			printf("# %s: not played, as something was wrong before\n",
			       plays[i].name);
			continue;
		}
		bad += report_play(++nr, &plays[i], &sums[i]);
		reads += all_reads(&sums[i]);
		changes += sums[i].steps;
	}
	for (unsigned int i = 0; i < nr_rows && traced; i++) {
		if (!wanted(rows[i].play, argc, argv) ||
		    !sums[find_play(rows[i].play)].turns)
			continue;
		bad += report_row(++nr, &rows[i],
				  &sums[find_play(rows[i].play)]);
		reached += rows[i].met > 0;
		met += rows[i].found != NULL;
	}
	printf("# torture: %lu reads, %lu changes, %u of %u rows reached, %d failed\n",
	       reads, changes, reached, met, bad);
	printf("1..%u\n", nr);
	return bad;
}

/* After the first failure, further results are meaningless. */
static bool is_wrong(void)
{
	for (unsigned int i = 0; i < nr_plays; i++)
		if (sums[i].wrong)
			return true;
	return false;
}

static bool is_enough(const struct play *p, const struct sum *sum)
{
	return sum->lacks[0] || sum->wrong ||
	       (sum->steps && has_read(sum) && !is_unreached(p->name));
}

/* On a slow machine, one turn is too short for some plays. */
static void play_until_enough(const struct play *p, struct sum *sum,
			      double seconds, unsigned long seed)
{
	double end = now() + PATIENCE_SECONDS;

	printf("# %s\n", p->name);
	fflush(stdout);
	do {
		turn(p, scene, traced, sum, seconds, seed);
		seed += nr_plays;
		seconds *= 2;
	} while (!is_enough(p, sum) && now() < end);
}

/* The first round is completed, even after the end of the time. */
static void play_round(int argc, char **argv, double seconds,
		       unsigned long seed, double end)
{
	for (unsigned int i = 0; i < nr_plays && !is_wrong(); i++)
		if (wanted(plays[i].name, argc, argv) && !sums[i].lacks[0] &&
		    (!sums[i].turns || now() < end))
			play_until_enough(&plays[i], &sums[i], seconds,
					  seed * nr_plays + i);
}

int main(int argc, char **argv)
{
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	double seconds = argc > 1 ? atof(argv[1]) : 60, end, each, begin;
	unsigned int count = 0, round = 0;
	int bad;

	if (argc == 3 && !strcmp(argv[1], "--again")) {
		const struct play *p = &plays[find_play(argv[2])];

		scene = scene_share(false);
		begin_child("target");
		p->run(scene, p);
	}
	for (int i = 3; i < argc; i++)
		find_play(argv[i]);
	for (unsigned int i = 0; i < nr_plays; i++)
		count += wanted(plays[i].name, argc, argv);
	printf("# torture for %.0f seconds, seed %lu\n", seconds, seed);
	scene = scene_share(true);
	modules_on();
	traced = mainline() != CONTROL && !getenv("UNTRACED");
	if (!traced)
		printf("# not traced: what it reaches is not shown\n");
	if (traced && !reach_prepare())
		die("the kernel's tracing cannot be used");

	each = seconds / count;
	each = each < 1 ? 1 : each > 15 ? 15 : each;
	begin = now();
	end = begin + seconds;
	do
		play_round(argc, argv, each, seed + round++, end);
	while (now() < end && !is_wrong());
	printf("# %u rounds in %.0f seconds\n", round, now() - begin);
	if (traced)
		reach_end();
	modules_off();
	bad = report(argc, argv);
	fflush(stdout);
	return bad != 0;
}
