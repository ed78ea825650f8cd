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

/* The bytes of the character at @s if they are UTF-8, otherwise 0. */
static size_t utf8_bytes(const char *s)
{
	unsigned char first = s[0], second = first ? s[1] : 0;
	size_t n = 0;

	if (first < 0x80)
		n = 1;
	else if (first >= 0xc2 && first < 0xe0)
		n = 2;
	else if (first >= 0xe0 && first < 0xf0)
		n = 3;
	else if (first >= 0xf0 && first < 0xf5)
		n = 4;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong, a surrogate, or beyond Unicode */
	if ((first == 0xe0 && second < 0xa0) ||
	    (first == 0xed && second >= 0xa0) ||
	    (first == 0xf0 && second < 0x90) ||
	    (first == 0xf4 && second >= 0x90))
		return 0;
	return n;
}

/* A file's name may have any bytes in it, JSON is UTF-8. */
static struct json_object *utf8_string(const char *text)
{
	struct json_object *string;
	char *copy = strdup(text);

	if (!copy)
		err(EXIT_FAILED, "out of memory");
	for (char *c = copy; *c; c++) {
		size_t n = utf8_bytes(c);

		if (n)
			c += n - 1;
		else
			*c = '?';
	}
	string = json_object_new_string(copy);
	free(copy);
	return string;
}

void json_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, text ? utf8_string(text) : NULL);
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

bool is_screen(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb");
}

static bool has_style(void)
{
	const char *no = getenv("NO_COLOR");

	return is_screen(STDOUT_FILENO) && (!no || !*no);
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
