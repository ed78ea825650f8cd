// SPDX-License-Identifier: GPL-2.0
/*
 * The commands on and off.
 *
 * Others may load, switch and unload at the same time. So there is no fixed
 * sequence of steps: look at the state, do what leads from there towards the
 * goal, and look again, until it is reached.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "module.h"
#include "output.h"
#include "progress.h"
#include "status.h"

/* Between two looks, in seconds; longer and longer. */
#define FIRST_PAUSE	0.02
#define LAST_PAUSE	0.5

/*
 * How often "busy" is believed to pass. The kernel gives a module free a moment
 * after its livepatch is gone; on a busy machine, this can be a long one. Each
 * attempt to load leaves lines in the kernel log.
 */
#define MAX_BUSY_UNLOADS	60
#define MAX_BUSY_LOADS		3

struct switching {
	const struct options *opt;
	enum livepatch_state goal;
	bool changed;			/* by us */
	unsigned int busy;		/* times in a row */
	struct progress progress;
};

static struct json_object *result_json(const struct switching *s)
{
	struct json_object *object = json_begin(s->opt);
	struct status now;

	status_read(&now);
	status_json(&now, object);
	status_free(&now);
	json_flag(object, "changed", s->changed);
	json_number(object, "seconds", progress_seconds(&s->progress));
	json_object_object_add(object, "not_switched", s->progress.looked ?
			       tasks_json(&s->progress.tasks) : NULL);
	return object;
}

/* Before fail(): what it shows besides the error, if JSON was asked for. */
static struct json_object *failing(struct switching *s)
{
	progress_end(&s->progress);
	return s->opt->json ? result_json(s) : NULL;
}

/* Each step returns EXIT_OK if one should go on, or how it failed. */
static int step_load(struct switching *s)
{
	char why[1024], other[64];
	int error;

	/* It would be refused. */
	if (livepatch_other_switching(other, sizeof(other)))
		return EXIT_OK;
	error = module_load(s->opt->module, why, sizeof(why));
	if (!error) {
		s->changed = true;
		s->busy = 0;
		return EXIT_OK;
	}
	/* Somebody else was faster. */
	if (error == EEXIST || (error == EBUSY && ++s->busy < MAX_BUSY_LOADS))
		return EXIT_OK;
	return fail(s->opt, failing(s), EXIT_FAILED, "%s", why);
}

static int step_unload(struct switching *s)
{
	int error = module_unload();

	switch (error) {
	case 0:
		s->changed = true;
		s->busy = 0;
		return EXIT_OK;
	case ENOENT:
		return EXIT_OK;
	case EAGAIN:
	case EBUSY:
		if (++s->busy < MAX_BUSY_UNLOADS)
			return EXIT_OK;
		return fail(s->opt, failing(s), EXIT_FAILED,
			    "vmapeek is off, but its module stays in use: if its switch was forced, only a reboot removes it; otherwise try again");
	default:
		return fail(s->opt, failing(s), EXIT_FAILED,
			    "cannot unload the module: %s", strerror(error));
	}
}

static int step_write(struct switching *s, const char *text)
{
	int error = file_write(text, LIVEPATCH "/enabled");

	switch (error) {
	case 0:
		s->changed = true;
		return EXIT_OK;
	/* It was switched meanwhile, or is just going. */
	case ENOENT:
	case ENODEV:
	case EINVAL:
	/* Another livepatch is being switched, and progress names it. */
	case EBUSY:
		return EXIT_OK;
	default:
		return fail(s->opt, failing(s), EXIT_FAILED,
			    "cannot write " LIVEPATCH "/enabled: %s",
			    strerror(error));
	}
}

static int step(struct switching *s, enum livepatch_state state)
{
	bool on = s->goal == STATE_ON;

	switch (state) {
	case STATE_NOT_LOADED:
		return step_load(s);
	case STATE_OFF:
		/* A livepatch that is gone comes back with its module only. */
		return step_unload(s);
	case STATE_SWITCHING_OFF:
		return on ? step_write(s, "1") : EXIT_OK;
	case STATE_SWITCHING_ON:
	case STATE_ON:
		return on ? EXIT_OK : step_write(s, "0");
	}
	return EXIT_OK;
}

static int give_up(struct switching *s, int code)
{
	const char *command = s->opt->command;
	bool on = s->goal == STATE_ON;

	progress_look(&s->progress, livepatch_state());
	if (code == EXIT_TIMED_OUT && !s->opt->quiet) {
		progress_end(&s->progress);
		tasks_print(stderr, &s->progress.tasks);
	}
	return fail(s->opt, failing(s), code,
		    "%s after %.0f s, vmapeek is %s; what was begun goes on in the kernel: 'vmapeek status' shows it, 'vmapeek %s' waits again, 'vmapeek %s' takes it back",
		    code == EXIT_TIMED_OUT ? "time is up" : "interrupted",
		    progress_seconds(&s->progress),
		    livepatch_state_name(livepatch_state()), command,
		    on ? "off" : "on");
}

static int go(struct switching *s, enum livepatch_state state)
{
	double pause = FIRST_PAUSE;
	int code;

	while (state != s->goal) {
		code = step(s, state);
		if (code)
			return code;
		state = livepatch_state();
		if (state == s->goal)
			break;
		progress_show(&s->progress, state);
		if (pause_seconds(pause))
			return give_up(s, EXIT_INTERRUPTED);
		if (s->opt->timeout &&
		    progress_seconds(&s->progress) >= s->opt->timeout)
			return give_up(s, EXIT_TIMED_OUT);
		if (pause < LAST_PAUSE)
			pause *= 1.5;
		state = livepatch_state();
	}
	return EXIT_OK;
}

static int run(const struct options *opt, enum livepatch_state goal)
{
	struct switching s = { .opt = opt, .goal = goal };
	enum livepatch_state state = livepatch_state();
	const char *name = goal == STATE_ON ? "on" : "off";
	struct status now;
	int code;

	progress_begin(&s.progress, opt->quiet);
	if (state != goal && geteuid() && !*files_root())
		return fail(opt, failing(&s), EXIT_NO_PERMISSION,
			    "only root may switch vmapeek: run 'sudo vmapeek %s'",
			    name);
	catch_interrupts();
	code = go(&s, state);
	if (code)
		return code;

	progress_end(&s.progress);
	if (opt->json)
		print_json(result_json(&s));
	else if (s.changed)
		printf("vmapeek is %s\n", name);
	else
		printf("vmapeek was %s already\n", name);
	status_read(&now);
	fflush(stdout);
	status_warn(&now, stderr);
	status_free(&now);
	return EXIT_OK;
}

int command_on(const struct options *opt)
{
	return run(opt, STATE_ON);
}

int command_off(const struct options *opt)
{
	return run(opt, STATE_NOT_LOADED);
}
