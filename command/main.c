// SPDX-License-Identifier: GPL-2.0
/* vmapeek: switches the livepatch of the same name, and shows what it does. */
#include <argp.h>
#include <err.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "files.h"

/* Options that have no letter. */
enum {
	OPT_JSON = 256,
	OPT_MODULE,
	OPT_TIMEOUT,
	OPT_WATCH,
	OPT_OPENMETRICS,
	OPT_BY_READER,
	OPT_WITHOUT_MAPS,
	OPT_BUILD,
};

#define SECONDS_MAX	1e7
#define HELP		"help"	/* the command, which has no options */

/* Many users try -h first; argp itself only has -?. */
#define HELP_OPTION	{ NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0 }

#define JSON_OPTION	HELP_OPTION, { "json", OPT_JSON, NULL, 0, "Print JSON", 0 }

static const struct argp_option only_json[] = { JSON_OPTION, { 0 } };

static const struct argp_option status_options[] = {
	{ "openmetrics", OPT_OPENMETRICS, "FILE", OPTION_ARG_OPTIONAL,
	  "Print metrics for Prometheus, or write them to FILE", 0 },
	JSON_OPTION, { 0 }
};

static const struct argp_option watch_options[] = {
	{ "count", 'n', "COUNT", 0, "Stop after COUNT times", 0 },
	{ "interval", 'i', "SECONDS", 0, "Interval (default: 1)", 0 },
	{ "by-reader", OPT_BY_READER, NULL, 0,
	  "Show which programs read which processes; needs root", 0 },
	JSON_OPTION, { 0 }
};

static const struct argp_option stuck_options[] = {
	{ "watch", OPT_WATCH, "SECONDS", OPTION_ARG_OPTIONAL,
	  "Repeat, every SECONDS (default: 2)", 0 },
	{ "count", 'n', "COUNT", 0, "Stop after COUNT times", 0 },
	JSON_OPTION, { 0 }
};

#define SWITCH_OPTIONS							\
	{ "timeout", OPT_TIMEOUT, "SECONDS", 0,				\
	  "Stop waiting after SECONDS; the kernel continues", 0 },	\
	{ "quiet", 'q', NULL, 0, "Do not show progress", 0 },	\
	JSON_OPTION

static const struct argp_option on_options[] = {
	{ "module", OPT_MODULE, "FILE", 0,
	  "Load FILE, and vmapeek_maps.ko from its directory, instead of the installed modules", 0 },
	{ "without-maps", OPT_WITHOUT_MAPS, NULL, 0,
	  "Do not load vmapeek_maps, which serves maps, smaps, pagemap and the like", 0 },
	SWITCH_OPTIONS, { 0 }
};

static const struct argp_option off_options[] = { SWITCH_OPTIONS, { 0 } };

static const struct argp_option check_options[] = {
	{ "build", OPT_BUILD, "DIR", 0,
	  "Check the kernel whose modules are built in DIR, such as /lib/modules/RELEASE/build", 0 },
	JSON_OPTION, { 0 }
};

static const struct command {
	const char *name, *doc;
	const struct argp_option *options;
	int (*run)(const struct options *opt);
} commands[] = {
	{ "status", "Show whether vmapeek is on, and count reads by result.",
	  status_options, command_status },
	{ "watch", "Show rates of reads by result, live; or who reads whom.",
	  watch_options, command_watch },
	{ "on", "Load the modules and wait until every task has switched.",
	  on_options, command_on },
	{ "off", "Switch off, wait until every task has switched, and unload the modules.",
	  off_options, command_off },
	{ "stuck", "Show stuck processes, who holds their locks, and what the holder waits for.",
	  stuck_options, command_stuck },
	{ "check", "Check whether vmapeek works on this kernel, or on another one.",
	  check_options, command_check },
	{ "bench", "Measure reads of other processes, for a few seconds.",
	  only_json, command_bench },
	{ 0 }
};

static double seconds(const char *arg, struct argp_state *state)
{
	char *end;
	double value = strtod(arg, &end);

	if (end == arg || *end || !isfinite(value) || value < 0.01 ||
	    value > SECONDS_MAX)
		argp_error(state, "'%s' is not a number of seconds; the least is 0.01",
			   arg);
	return value;
}

static unsigned long count(const char *arg, struct argp_state *state)
{
	char *end;
	unsigned long value = strtoul(arg, &end, 10);

	if (end == arg || *end || *arg == '-' || !value)
		argp_error(state, "'%s' is not a number; the least is 1", arg);
	return value;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *opt = state->input;

	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		break;
	case OPT_JSON:
		opt->json = true;
		break;
	case OPT_MODULE:
		opt->module = arg;
		break;
	case OPT_TIMEOUT:
		opt->timeout = seconds(arg, state);
		break;
	case 'q':
		opt->quiet = true;
		break;
	case 'n':
		opt->count = count(arg, state);
		break;
	case 'i':
		opt->interval = seconds(arg, state);
		break;
	case OPT_BY_READER:
		opt->by_reader = true;
		break;
	case OPT_BUILD:
		opt->build = arg;
		break;
	case OPT_WITHOUT_MAPS:
		opt->without_maps = true;
		break;
	case OPT_OPENMETRICS:
		opt->openmetrics = true;
		opt->openmetrics_file = arg;
		break;
	case OPT_WATCH:
		opt->watch = true;
		opt->interval = arg ? seconds(arg, state) : 2;
		opt->watch_set = arg;
		break;
	case ARGP_KEY_ARG:
		/* The argument of --watch may be a word of its own. */
		if (opt->watch && !opt->watch_set) {
			opt->interval = seconds(arg, state);
			opt->watch_set = true;
			break;
		}
		argp_error(state, "unexpected argument '%s'", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* The edit distance of two short words. */
static size_t distance(const char *a, const char *b)
{
	size_t best;

	if (!*a || !*b)
		return strlen(a) + strlen(b);
	if (*a == *b)
		return distance(a + 1, b + 1);
	best = distance(a + 1, b + 1);
	for (int i = 0; i < 2; i++) {
		size_t d = i ? distance(a + 1, b) : distance(a, b + 1);

		if (d < best)
			best = d;
	}
	return best + 1;
}

static void no_such_command(const char *name, struct argp_state *state)
{
	const char *meant = NULL;

	for (const struct command *c = commands; !meant && c->name; c++)
		if (strlen(name) < 10 && distance(name, c->name) <= 2)
			meant = c->name;
	if (!meant && strlen(name) < 10 && distance(name, HELP) <= 2)
		meant = HELP;
	if (meant)
		argp_error(state, "unknown command '%s'; did you mean '%s'?",
			   name, meant);
	argp_error(state, "unknown command '%s'", name);
}

static void no_command(struct argp_state *state)
{
	fprintf(state->err_stream,
		"%s: name a command\n\n"
		"Something hangs?       vmapeek stuck\n"
		"Would it work here?    vmapeek check\n"
		"Switch it on           vmapeek on\n"
		"Is it on?              vmapeek status\n"
		"Switch it off          vmapeek off\n\n"
		"All commands: vmapeek --help, and the manual page vmapeek(8)\n",
		state->name);
	exit(EXIT_USAGE);
}

static const struct command *find_command(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

/* The options before the command, and the command. */
struct front {
	struct options *opt;
	const struct command *command;
	int at;			/* its index in argv */
	bool help;		/* "help" came before it */
};

/* "vmapeek help COMMAND" is "vmapeek COMMAND --help". */
static void parse_command(char *arg, struct argp_state *state)
{
	struct front *front = state->input;

	if (!strcmp(arg, HELP)) {
		if (front->help)
			argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		front->help = true;
		return;
	}
	if (front->command)
		argp_error(state, "unexpected argument '%s'", arg);
	front->command = find_command(arg);
	if (!front->command)
		no_such_command(arg, state);
	front->at = state->next - 1;
	/* The rest is the command's. */
	if (!front->help)
		state->next = state->argc;
}

static error_t parse_front(int key, char *arg, struct argp_state *state)
{
	struct front *front = state->input;

	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		break;
	case OPT_JSON:
		front->opt->json = true;
		break;
	case ARGP_KEY_ARG:
		parse_command(arg, state);
		break;
	case ARGP_KEY_END:
		if (front->help && !front->command)
			argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		break;
	case ARGP_KEY_NO_ARGS:
		no_command(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* Open closed standard streams, so that no other file gets their number. */
static void open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

const char *argp_program_version = "vmapeek " VERSION;

int main(int argc, char **argv)
{
	struct options opt = { .interval = 1 };
	struct front front = { .opt = &opt };
	static const struct argp front_argp = {
		.options = only_json,
		.parser = parse_front,
		.args_doc = "COMMAND [OPTION...]",
		.doc = "Find stuck processes; switch vmapeek and show what it does.\v"
		       "Commands:\n"
		       "  stuck    show stuck processes, the holder, and what it waits for\n"
		       "  status   show whether vmapeek is on, and count reads by result\n"
		       "  watch    show rates of reads by result, live; or who reads whom\n"
		       "  on       load the modules, wait until they are on\n"
		       "  off      switch them off, wait, unload them\n"
		       "  check    show whether vmapeek works on this kernel\n"
		       "  bench    measure reads of other processes\n"
		       "  help     show a command's options\n\n"
		       "'vmapeek help COMMAND' shows a command's options; vmapeek(8) has the rest.",
	};
	struct argp argp = { .parser = parse_option };
	char *name;
	int code;

	open_standard_files();
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&front_argp, argc, argv, ARGP_IN_ORDER, NULL, &front);

	argp.options = front.command->options;
	argp.doc = front.command->doc;
	opt.command = front.command->name;
	/* The name of the program in argp's messages. */
	if (asprintf(&name, "vmapeek %s", opt.command) < 0)
		err(EXIT_FAILED, "out of memory");
	argv[front.at] = name;
	if (front.help)
		argp_parse(&argp, 2, (char *[]){ name, "--help", NULL }, 0,
			   NULL, &opt);
	argp_parse(&argp, argc - front.at, argv + front.at, 0, NULL, &opt);

	code = front.command->run(&opt);
	if (fflush(stdout) || ferror(stdout))
		err(EXIT_FAILED, "cannot write the output");
	return code;
}
