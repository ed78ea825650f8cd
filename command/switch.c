// SPDX-License-Identifier: GPL-2.0
/*
 * The commands on and off.
 *
 * Other programs may load, switch and unload at the same time. So there is no
 * fixed sequence of steps: read the state, do the next step towards the goal,
 * and repeat until the goal is reached.
 *
 * The kernel has one transition at a time: first vmapeek, and vmapeek_maps when
 * vmapeek is on; the other way round to switch off. vmapeek_maps may wait for a
 * hanging reader, which is the usual reason to switch it on. It serves all
 * other tasks by then, so the command does not wait for that reader.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "files.h"
#include "module.h"
#include "output.h"
#include "progress.h"
#include "status.h"

/* Pauses between two polls in seconds, which grow. */
#define FIRST_PAUSE	0.02
#define LAST_PAUSE	0.5

/*
 * The number of retries after "busy". The kernel releases a module shortly
 * after its livepatch is gone, on a busy machine later. Each attempt to load
 * leaves lines in the kernel log.
 */
#define MAX_BUSY_UNLOADS	60
#define MAX_BUSY_LOADS		3

struct switching {
	const struct options *opt;
	const struct livepatch *lp;	/* the one to switch now */
	const char *file;		/* of its module, or NULL */
	enum livepatch_state goal;
	bool changed;			/* by this command */
	bool any_changed;
	unsigned int busy;		/* consecutive times */
	char maps_error[1280];		/* why vmapeek_maps is not on, or "" */
	struct progress progress;
};

/* Not an exit code: the tasks that are left hang in the kernel. */
#define HANGS	-1

static struct json_object *result_json(const struct switching *s)
{
	struct json_object *object = json_begin(s->opt);
	struct status now;

	const struct tasks *left = s->progress.looked ? &s->progress.tasks :
							NULL;

	status_read(&now);
	status_json(&now, object);
	json_flag(object, "changed", s->any_changed);
	json_number(object, "seconds", progress_seconds(&s->progress));
	json_object_object_add(object, "not_switched",
			       left ? tasks_json(left) : NULL);
	json_object_object_add(object, "groups",
			       status_groups_json(&now, left));
	if (*s->maps_error)
		json_text(object, "maps_error", s->maps_error);
	status_free(&now);
	return object;
}

/* With --json, fail() prints this object besides the error. */
static struct json_object *failing(struct switching *s)
{
	progress_end(&s->progress);
	return s->opt->json ? result_json(s) : NULL;
}

static void note_change(struct switching *s)
{
	s->changed = true;
	s->any_changed = true;
	s->busy = 0;
}

/* Each step returns EXIT_OK to continue, or the exit code of its failure. */
static int step_load(struct switching *s)
{
	char why[1024], other[64];
	int error;

	/* The kernel would refuse it. */
	if (livepatch_other_switching(s->lp, other, sizeof(other)))
		return EXIT_OK;
	error = module_load(s->lp, s->file, why, sizeof(why));
	if (!error) {
		note_change(s);
		return EXIT_OK;
	}
	/* Another program has loaded it meanwhile. */
	if (error == EEXIST || (error == EBUSY && ++s->busy < MAX_BUSY_LOADS))
		return EXIT_OK;
	if (s->lp == &livepatch_maps) {
		snprintf(s->maps_error, sizeof(s->maps_error), "%s", why);
		return HANGS;
	}
	return fail(s->opt, failing(s), EXIT_FAILED, "%s", why);
}

static int step_unload(struct switching *s)
{
	int error = module_unload(s->lp);

	switch (error) {
	case 0:
		note_change(s);
		return EXIT_OK;
	case ENOENT:
		return EXIT_OK;
	case EAGAIN:
	case EBUSY:
		if (++s->busy < MAX_BUSY_UNLOADS)
			return EXIT_OK;
		return fail(s->opt, failing(s), EXIT_FAILED,
			    "%s is off, but its module stays in use: end 'vmapeek watch --by-reader', perf or bpftrace, and try again; if a transition was forced, only a reboot removes it",
			    s->lp->name);
	default:
		return fail(s->opt, failing(s), EXIT_FAILED,
			    "cannot unload the module %s: %s", s->lp->name,
			    strerror(error));
	}
}

static int step_write(struct switching *s, const char *text)
{
	int error = file_write(text, LIVEPATCHES "/%s/enabled", s->lp->name);

	switch (error) {
	case 0:
		note_change(s);
		return EXIT_OK;
	/* It was switched meanwhile, or its directory is vanishing. */
	case ENOENT:
	case ENODEV:
	case EINVAL:
	/* Another livepatch is in transition; progress names it. */
	case EBUSY:
		return EXIT_OK;
	default:
		return fail(s->opt, failing(s), EXIT_FAILED,
			    "cannot write " LIVEPATCHES "/%s/enabled: %s",
			    s->lp->name, strerror(error));
	}
}

static int step(struct switching *s, enum livepatch_state state)
{
	bool on = s->goal == STATE_ON;

	switch (state) {
	case STATE_NOT_LOADED:
		return step_load(s);
	case STATE_OFF:
		/* To enable a removed livepatch again, reload its module. */
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
	enum livepatch_state state = livepatch_state(s->lp);
	const char *command = s->opt->command;
	bool on = s->goal == STATE_ON;

	progress_look(&s->progress, state);
	if (code == EXIT_TIMED_OUT && !s->opt->quiet) {
		progress_end(&s->progress);
		tasks_print(stderr, &s->progress.tasks);
	}
	return fail(s->opt, failing(s), code,
		    "%s after %.0f s, %s is %s; the kernel continues: 'vmapeek status' shows the state, 'vmapeek %s' waits again, 'vmapeek %s' reverses it",
		    code == EXIT_TIMED_OUT ? "time is up" : "interrupted",
		    progress_seconds(&s->progress), s->lp->name,
		    livepatch_state_name(state), command, on ? "off" : "on");
}

/* Switch one livepatch to the state @goal, or report why that failed. */
static int go(struct switching *s, const struct livepatch *lp,
	      enum livepatch_state goal)
{
	enum livepatch_state state = livepatch_state(lp);
	double pause = FIRST_PAUSE;
	int code;

	s->lp = lp;
	s->goal = goal;
	s->changed = false;
	s->busy = 0;
	progress_of(&s->progress, lp,
		    lp == &livepatch_maps && goal == STATE_ON);
	while (state != goal) {
		code = step(s, state);
		if (code)
			return code;
		state = livepatch_state(lp);
		if (state == goal)
			break;
		progress_show(&s->progress, state);
		if (progress_in_vain(&s->progress))
			return HANGS;
		if (pause_seconds(pause))
			return give_up(s, EXIT_INTERRUPTED);
		if (s->opt->timeout &&
		    progress_seconds(&s->progress) >= s->opt->timeout)
			return give_up(s, EXIT_TIMED_OUT);
		if (pause < LAST_PAUSE)
			pause *= 1.5;
		state = livepatch_state(lp);
	}
	progress_end(&s->progress);
	return EXIT_OK;
}

static bool may_switch(void)
{
	return !geteuid() || *files_root();
}

static int refuse(struct switching *s)
{
	return fail(s->opt, failing(s), EXIT_NO_PERMISSION,
		    "only root may switch vmapeek: run 'sudo vmapeek %s'",
		    s->opt->command);
}

static void tell(const struct switching *s, const char *is)
{
	if (!s->opt->json)
		printf("%s %s %s%s\n", s->lp->name, s->changed ? "is" : "was",
		       is, s->changed ? "" : " already");
}

static void begin(struct switching *s)
{
	progress_begin(&s->progress, s->opt->quiet);
	progress_of(&s->progress, s->lp, false);
}

static int end(struct switching *s)
{
	struct status now;

	if (s->opt->json)
		print_json(result_json(s));
	status_read(&now);
	fflush(stdout);
	status_warn(&now, stderr);
	status_free(&now);
	return EXIT_OK;
}

/* vmapeek_maps.ko in the directory of --module; NULL without that option. */
static char *file_beside(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *beside;

	if (!file)
		return NULL;
	if (asprintf(&beside, "%.*s%s.ko", slash ? (int)(slash + 1 - file) : 0,
		     file, livepatch_maps.name) < 0)
		err(EXIT_FAILED, "out of memory");
	return beside;
}

/* The readers that delay the transition of vmapeek_maps. */
static void hanging_readers(const struct tasks *tasks, char *text, size_t size)
{
	const struct task *t = &tasks->first[0];

	snprintf(text, size, "%s (process %d%s%s)", t->comm, t->pid,
		 *t->where ? ", in " : "", t->where);
	if (tasks->total > 1)
		snprintf(text + strlen(text), size - strlen(text),
			 " and %zu more", tasks->total - 1);
}

/* vmapeek is on, so without vmapeek_maps the command still succeeds. */
static void tell_maps_error(struct switching *s)
{
	char readers[256];

	progress_end(&s->progress);
	if (*s->maps_error) {
		warnx("%s is not on, so readers of maps, smaps, pagemap and the like still take the mmap lock: %s",
		      s->lp->name, s->maps_error);
		return;
	}
	hanging_readers(&s->progress.tasks, readers, sizeof(readers));
	snprintf(s->maps_error, sizeof(s->maps_error),
		 "it serves all other tasks, and waits for %s, which hangs in the kernel; until that task returns or ends, no other livepatch can be switched; 'vmapeek off' reverses it",
		 readers);
	warnx("%s is not on for every task: %s", s->lp->name, s->maps_error);
}

/*
 * A transition of vmapeek_maps would prevent that of vmapeek, perhaps for long:
 * end it first.
 */
static int clear_the_way(struct switching *s)
{
	if (livepatch_state(&livepatch_memory) == STATE_ON ||
	    livepatch_state(&livepatch_maps) != STATE_SWITCHING_ON)
		return EXIT_OK;
	return go(s, &livepatch_maps, STATE_NOT_LOADED);
}

static int switch_maps_on(struct switching *s)
{
	char *file = file_beside(s->opt->module);
	int code;

	s->file = file;
	code = go(s, &livepatch_maps, STATE_ON);
	free(file);
	if (code == HANGS) {
		tell_maps_error(s);
		return EXIT_OK;
	}
	if (!code)
		tell(s, "on");
	return code;
}

int command_on(const struct options *opt)
{
	struct switching s = {
		.opt = opt, .lp = &livepatch_memory, .goal = STATE_ON,
	};
	bool maps = !opt->without_maps;
	int code;

	begin(&s);
	if (!may_switch() &&
	    (livepatch_state(&livepatch_memory) != STATE_ON ||
	     (maps && livepatch_state(&livepatch_maps) != STATE_ON)))
		return refuse(&s);
	catch_interrupts();
	code = clear_the_way(&s);
	if (code)
		return code;
	s.file = opt->module;
	code = go(&s, &livepatch_memory, STATE_ON);
	if (code)
		return code;
	tell(&s, "on");
	if (maps)
		code = switch_maps_on(&s);
	return code ? code : end(&s);
}

/* Livepatch has one transition at a time: begin with the one in progress. */
int command_off(const struct options *opt)
{
	bool switching =
		livepatch_is_switching(livepatch_state(&livepatch_memory));
	const struct livepatch *order[] = {
		switching ? &livepatch_memory : &livepatch_maps,
		switching ? &livepatch_maps : &livepatch_memory,
	};
	struct switching s = {
		.opt = opt, .lp = order[0], .goal = STATE_NOT_LOADED,
	};

	begin(&s);
	if (!may_switch() &&
	    (livepatch_state(&livepatch_memory) != STATE_NOT_LOADED ||
	     livepatch_state(&livepatch_maps) != STATE_NOT_LOADED))
		return refuse(&s);
	catch_interrupts();
	for (int i = 0; i < 2; i++) {
		int code = go(&s, order[i], STATE_NOT_LOADED);

		if (code)
			return code;
		/* Do not mention vmapeek_maps if it was not loaded. */
		if (s.changed || order[i] == &livepatch_memory)
			tell(&s, "off");
	}
	return end(&s);
}
