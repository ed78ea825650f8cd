// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

struct json_object *json_begin(const struct options *opt)
{
	struct json_object *object = json_object_new_object();

	json_text(object, "command", opt->command);
	return object;
}

void json_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key,
			       text ? json_object_new_string(text) : NULL);
}

/* Three digits behind the point are enough for all that is measured here. */
void json_number(struct json_object *object, const char *key, double number)
{
	char text[64];

	snprintf(text, sizeof(text), "%.3f", number);
	json_object_object_add(object, key,
			       json_object_new_double_s(number, text));
}

void json_count(struct json_object *object, const char *key,
		unsigned long long count)
{
	json_object_object_add(object, key, json_object_new_uint64(count));
}

void json_flag(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

void print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object,
					    JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
	json_object_put(object);
}

int fail(const struct options *opt, struct json_object *object, int code,
	 const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		err(EXIT_FAILED, "out of memory");
	va_end(args);
	warnx("%s", text);
	if (opt->json) {
		if (!object)
			object = json_begin(opt);
		json_text(object, "error", text);
		print_json(object);
	}
	free(text);
	return code;
}

static bool has_style(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!no || !*no) && term &&
	       strcmp(term, "dumb");
}

const char *style_bold(void)
{
	return has_style() ? "\033[1m" : "";
}

const char *style_none(void)
{
	return has_style() ? "\033[m" : "";
}

void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}
