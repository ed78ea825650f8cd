/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <json-c/json.h>
#include <stddef.h>

#include "command.h"
#include "files.h"

/* A new object that names the command; print_json() takes it back. */
struct json_object *json_begin(const struct options *opt);
void json_text(struct json_object *object, const char *key, const char *text);
void json_number(struct json_object *object, const char *key, double number);
void json_count(struct json_object *object, const char *key,
		unsigned long long count);
void json_flag(struct json_object *object, const char *key, bool value);

/* One line on stdout, at once. */
void print_json(struct json_object *object);

/*
 * The only way to fail: one line on stderr that says what is wrong and what to
 * do, and the same as an object on stdout where JSON was asked for. @object
 * may have more in it, or be NULL. Returns @code.
 */
int fail(const struct options *opt, struct json_object *object, int code,
	 const char *format, ...) PRINTF(4, 5);

/* Is this a terminal that can be drawn on: one that is not dumb? */
bool is_screen(int fd);

/* For what matters most. Empty unless stdout is a terminal, or if $NO_COLOR. */
const char *style_bold(void);
const char *style_none(void);

/* What comes from elsewhere may have any bytes in it: leave ASCII. */
void make_printable(char *text);

#endif
