// SPDX-License-Identifier: GPL-2.0
/*
 * Modules that must not load, each with one line in the kernel log with the
 * reason. The test makes them from the good module.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <cmocka.h>

#include "run.h"
#include "vmapeek.h"

#define READ_ALL	3	/* of syslog(2) */
#define LOG_SIZE	(1 << 20)
#define CHANGED		"/tmp/changed.ko"

/*
 * Replaces @from in the good module by text of the same length, wherever a
 * string ends with it. vermagic has the release in the middle.
 */
static void change(const char *from, const char *to)
{
	int fd = open("/vmapeek.ko", O_RDONLY);
	size_t len = strlen(from);
	bool found = false;
	struct stat st;
	char *image, *at;

	assert_int_equal(strlen(to), len);
	if (fd < 0 || fstat(fd, &st))
		die("no module");
	image = malloc(st.st_size);
	assert_int_equal(read(fd, image, st.st_size), st.st_size);
	close(fd);

	for (at = image; (at = memmem(at, image + st.st_size - at, from,
				      len + 1)); at += len) {
		memcpy(at, to, len);
		found = true;
	}
	assert_true(found);
	fd = open(CHANGED, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, image, st.st_size), st.st_size);
	close(fd);
	free(image);
}

static bool log_has(const char *text)
{
	static char log[LOG_SIZE];
	int n = klogctl(READ_ALL, log, sizeof(log) - 1);

	assert_true(n > 0);
	log[n] = '\0';
	return strstr(log, text);
}

static void refused(int err, const char *line)
{
	assert_false(log_has(line));
	assert_int_equal(vmapeek_load(CHANGED), err);
	assert_true(log_has(line));
	assert_false(vmapeek_is_loaded());
}

static void missing_symbol(void **state)
{
	(void)state;
	change(".klp.sym.vmlinux.vma_is_secretmem,0",
	       ".klp.sym.vmlinux.vma_is_secretmeM,0");
	refused(EINVAL, "symbol 'vma_is_secretmeM' not found");
}

static void missing_function_to_replace(void **state)
{
	(void)state;
	change("access_process_vm", "access_process_vM");
	refused(EINVAL, "access_process_vM");
}

static void other_release(void **state)
{
	struct utsname u;
	char release[sizeof(u.release)];

	(void)state;
	uname(&u);
	strcpy(release, u.release);
	release[0] = '5';
	change(u.release, release);
	refused(ENOEXEC, "vmapeek: built for 5");
}

/* The same release, but another build. */
static void other_build(void **state)
{
	struct utsname u;
	char version[sizeof(u.version)];

	(void)state;
	uname(&u);
	strcpy(version, u.version);
	assert_int_equal(version[0], '#');
	version[1] = 'X';
	change(u.version, version);
	refused(ENOEXEC, "(#X");
}

static void good_one_loads(void **state)
{
	(void)state;
	vmapeek_on();
	assert_true(vmapeek_is_loaded());
	vmapeek_off();
	assert_false(vmapeek_is_loaded());
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing_symbol),
		cmocka_unit_test(missing_function_to_replace),
		cmocka_unit_test(other_release),
		cmocka_unit_test(other_build),
		cmocka_unit_test(good_one_loads),
	};

	select_tests(argc, argv);
	return run_selected("loading", tests, ARRAY_SIZE(tests), 120);
}
