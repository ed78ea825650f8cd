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
 * Every failure ends here: one line on stderr with cause and remedy, and with
 * --json the same as an object on stdout. @object may have more members, or be
 * NULL. Returns @code.
 */
int fail(const struct options *opt, struct json_object *object, int code,
	 const char *format, ...) PRINTF(4, 5);

/* Is this a terminal that can be redrawn, and not a dumb one? */
bool is_screen(int fd);

/* Bold; empty unless stdout is a terminal, or if $NO_COLOR is set. */
const char *style_bold(void);
const char *style_none(void);

/* Replace all bytes that are not printable ASCII, in text of others. */
void make_printable(char *text);

#endif
