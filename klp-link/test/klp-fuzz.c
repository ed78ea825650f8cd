// SPDX-License-Identifier: GPL-2.0
/*
 * Feed klp_convert() with truncated and with damaged modules, each in its own child. It may convert
 * a module, or refuse it with one line of text; it must not crash, hang or print anything else.
 * Built with the compiler's checks, see the Makefile.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "klp-elf.h"

#define ELF_HEADER_SIZE	64

static struct names exported, listed;
static uint64_t state;
static int log_fd;

/* An exit status that klp-link never uses. Leaks are ignored. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "exitcode=99:detect_leaks=0";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "exitcode=99";
}

/* xorshift64: the same numbers everywhere for a given seed. */
static size_t random_below(size_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % limit;
}

static void __attribute__((noreturn)) child(struct blob *input)
{
	volatile char sum = 0;
	size_t i;

	dup2(log_fd, STDERR_FILENO);
	/* Far longer than a conversion takes; ends a child that hangs. */
	alarm(10);
	klp_convert("input", input, &exported, &listed);
	for (i = 0; i < input->len; i++)
		sum += input->data[i];
	_exit(0);
}

/* Returns the exit status; ends the test if the child crashed, hung or printed something else. */
static int convert(const char *what, size_t n, const char *data, size_t len)
{
	/* Exactly as large as the content, so that any access beyond it is detected. */
	struct blob input = { .data = memcpy(must_alloc(len), data, len), .len = len };
	char text[4096];
	ssize_t text_len;
	int status;
	pid_t pid;

	if (ftruncate(log_fd, 0) || lseek(log_fd, 0, SEEK_SET))
		die("cannot empty the log");
	pid = fork();
	if (pid < 0)
		die("cannot fork");
	if (!pid)
		child(&input);
	if (waitpid(pid, &status, 0) != pid)
		die("cannot wait");
	free(input.data);

	text_len = pread(log_fd, text, sizeof(text) - 1, 0);
	text[text_len > 0 ? text_len : 0] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !*text)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1 && !strncmp(text, "klp-link: ", 10) &&
	    strchr(text, '\n') == text + text_len - 1)
		return 1;
	printf("%s %zu: wait status %#x\n%s\n", what, n, status, text);
	exit(1);
}

static void truncations(const struct blob *good)
{
	size_t len;

	/* Every length near the two headers, and a sample of the others. */
	for (len = 0; len < good->len; len += (len < 128 || good->len - len < 80) ? 1 : 13) {
		if (!convert("truncation to", len, good->data, len)) {
			printf("truncation to %zu: not noticed\n", len);
			exit(1);
		}
	}
}

static void mutations(const struct blob *good, size_t count)
{
	size_t i, flips, accepted = 0;
	char *data = must_alloc(good->len);
	uint64_t shoff;

	memcpy(&shoff, good->data + 0x28, sizeof(shoff));
	for (i = 0; i < count; i++) {
		memcpy(data, good->data, good->len);
		for (flips = 1 + random_below(4); flips; flips--) {
			size_t at;

			/* Damage to headers finds more errors than damage to code. */
			switch (random_below(3)) {
			case 0:
				at = random_below(ELF_HEADER_SIZE);
				break;
			case 1:
				at = shoff + random_below(good->len - shoff);
				break;
			default:
				at = random_below(good->len);
			}
			data[at] ^= 1 << random_below(8);
		}
		if (!convert("mutation", i, data, good->len))
			accepted++;
	}
	printf("%zu of %zu mutations were accepted\n", accepted, count);
	free(data);
}

int main(int argc, char **argv)
{
	struct blob good;

	if (argc != 6)
		die("usage: klp-fuzz SYMVERS SYMBOLS MODULE SEED COUNT");
	names_read_symvers(&exported, argv[1]);
	names_read_list(&listed, argv[2]);
	read_file(argv[3], &good);
	/* xorshift must not start at zero. */
	state = 2 * strtoull(argv[4], NULL, 0) + 1;
	log_fd = memfd_create("log", MFD_CLOEXEC);
	if (log_fd < 0)
		die("cannot create the log");
	if (convert("the good module", 0, good.data, good.len))
		die("the module is not good");
	truncations(&good);
	mutations(&good, strtoul(argv[5], NULL, 0));
	return 0;
}
