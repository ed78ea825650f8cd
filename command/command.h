/* SPDX-License-Identifier: GPL-2.0 */
/* The commands of vmapeek(8), their options and exit codes. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>

/*
 * Exit codes are an interface for scripts; vmapeek.8 lists them. Numbers from
 * 64 on are those of sysexits.h where one fits.
 */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,	/* also: check found an obstacle */
	EXIT_UNSURE = 2,	/* check, stuck: nothing found, not all was seen */
	EXIT_OFF = 3,		/* status, watch */
	EXIT_SWITCHING = 4,	/* status */
	EXIT_STUCK = 5,		/* stuck */
	EXIT_USAGE = 64,
	EXIT_TIMED_OUT = 75,
	EXIT_NO_PERMISSION = 77,
	EXIT_INTERRUPTED = 130,
};

struct options {
	const char *command;
	bool json;
	bool quiet;
	const char *module;	/* a file, or NULL: as modprobe finds it */
	bool without_maps;	/* on: leave vmapeek_maps out */
	const char *build;	/* check: of this directory's kernel, or NULL */
	double timeout;		/* seconds; 0: none */
	double interval;	/* seconds */
	unsigned long count;	/* 0: no end */
	bool watch;		/* stuck: repeat */
	bool by_reader;		/* watch: who reads whom */
	bool openmetrics;	/* status: as text for Prometheus */
	const char *openmetrics_file;	/* ... written to it, or NULL */
	bool watch_set;		/* ... with an interval */
};

/* Each returns an exit code. */
int command_status(const struct options *opt);
int command_watch(const struct options *opt);
int command_on(const struct options *opt);
int command_off(const struct options *opt);
int command_check(const struct options *opt);
int command_bench(const struct options *opt);
int command_stuck(const struct options *opt);

#endif
