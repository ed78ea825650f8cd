/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CHECK_H
#define CHECK_H

#include "files.h"
#include "livepatch.h"

enum answer { ANSWER_YES, ANSWER_NO, ANSWER_UNKNOWN };

/* One requirement of vmapeek. */
struct check {
	enum answer answer;
	char detail[512];	/* what was found */
	char remedy[512];	/* what to do about it, or "" */
};

/* A requirement with its name; several may share a name. */
struct point {
	const char *name, *title;
	bool optional;		/* vmapeek is on without it, too */
	struct check check;
};

struct report {
	struct point *points;
	size_t n;
};

/* Adds a point, to be filled in before the next one is added. */
struct check *report_add(struct report *r, const char *name, const char *title,
			 bool optional);

/* The rows of kernel/compat/options, up to one without a name. */
extern const struct kernel_option {
	const char *name;
	bool set;		/* the row is about kernels with the option */
	enum answer answer;
	const char *modules;
	const char *text;
} kernel_options[];

/* Would the modules build for the kernel of build_open(), and load there? */
void check_build(struct report *r);

void check_kernel(struct check *c);
void check_configuration(struct check *c);
void check_livepatching(struct check *c);
void check_symbols(struct check *c);
void check_module(struct check *c);
void check_loading(struct check *c);
void check_others(struct check *c);
void check_maps(struct check *c);

/* check_symbols() and check_module() for either module. */
void check_symbols_of(const struct livepatch *lp, struct check *c);
void check_module_of(const struct livepatch *lp, struct check *c);

/* For these functions: store the result, and the remedy. */
void found(struct check *c, enum answer answer, const char *format, ...)
	PRINTF(3, 4);
void advise(struct check *c, const char *format, ...) PRINTF(2, 3);

#endif
