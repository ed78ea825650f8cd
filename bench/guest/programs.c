// SPDX-License-Identifier: GPL-2.0
/*
 * Counts the instructions of whole programs that look at processes, on the
 * stock kernel and with vmapeek: in user space and in the kernel, from exec()
 * to exit(); for an exporter, of one scrape. The guest's clocks must count
 * instructions.
 *
 *	programs ROUNDS
 *
 * Each round measures everything with vmapeek and vmapeek_maps off, and then
 * on. Lines for bench/programs begin with "@": program, fast remote reads of a
 * run, and instructions of a run: for stock and vmapeek median, minimum and
 * maximum of the rounds; then vmapeek divided by stock.
 *
 * The same program serves as target process ("target") and as sampling profiler
 * ("sample").
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "memory.h"
#include "series.h"
#include "vmapeek.h"

#define NR_TARGETS	100
#define TARGET_VMAS	100
#define SAMPLED_AT	0x200000000000UL
#define SELF		"/bin/programs"

#define SAMPLES		1000
#define SEGMENTS	10	/* of a sample */

#define SCRAPES		5	/* in a row: one defers work to the next */
#define EXPORTER	"prometheus-process-exporter"
#define CONFIG		"/tmp/process-exporter.yml"
#define PORT		9256

enum mode { STOCK, VMAPEEK, NR_MODES };

static char sampled[16];	/* target of the sampler */
static pid_t exporter;

static const char *const ps[] = { "ps", "-ef", NULL };
static const char *const pgrep[] = {
	"pgrep", "-f", "--", "--number=42 ", NULL
};
static const char *const sampler[] = { SELF, "sample", sampled, NULL };

static const struct program {
	const char *name;
	const char *const *argv;	/* NULL: a scrape of the exporter */
} programs[] = {
	{ "ps -ef", ps },
	{ "pgrep -f", pgrep },
	{ "process exporter, a scrape", NULL },
	{ "sampler, 1000 samples", sampler },
};

#define NR_PROGRAMS	((int)(sizeof(programs) / sizeof(*programs)))

static struct series cost[NR_PROGRAMS][NR_MODES];
static unsigned long reads[NR_PROGRAMS];

/* Mappings that do not merge; the first ones are larger, for the sampler. */
static int target(void)
{
	char *p = mmap((void *)SAMPLED_AT, (SEGMENTS + TARGET_VMAS) * PAGE,
		       PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		       0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (p == MAP_FAILED)
		return 1;
	memset(p, 1, (SEGMENTS + TARGET_VMAS) * PAGE);
	for (int i = 0; i < TARGET_VMAS; i += 2)
		if (mprotect(p + (SEGMENTS + i) * PAGE, PAGE, PROT_READ))
			return 1;
	for (;;)
		pause();
}

static int sample(pid_t pid)
{
	unsigned long words[SEGMENTS];
	struct iovec local = { words, sizeof(words) };
	struct iovec remote[SEGMENTS];

	for (int i = 0; i < SEGMENTS; i++)
		remote[i] = (struct iovec){
			(void *)(SAMPLED_AT + i * PAGE), sizeof(*words)
		};
	for (int i = 0; i < SAMPLES; i++)
		if (process_vm_readv(pid, &local, 1, remote, SEGMENTS, 0) !=
		    sizeof(words))
			return 1;
	return 0;
}

static void start_targets(void)
{
	char number[32];
	const char *const argv[] = {
		SELF, "target", number, "--config=/etc/worker/worker.conf",
		"--log=/var/log/worker.log", "--verbose", NULL
	};
	pid_t pid = 0;

	for (int i = 0; i < NR_TARGETS; i++) {
		snprintf(number, sizeof(number), "--number=%d", i);
		pid = command_start(0, argv);
	}
	snprintf(sampled, sizeof(sampled), "%d", pid);
}

/* The run time of all threads by the scheduler's count, in nanoseconds. */
static double cpu_ns(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts))
		die("no clock of process %d", pid);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static double run(const char *const *argv)
{
	struct rusage usage;
	pid_t pid = command_start(0, argv);
	int status;

	if (wait4(pid, &status, 0, &usage) != pid || status)
		die("%s failed: %d", argv[0], status);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

/* Does the exporter answer? */
static bool scrape(void)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
	static char text[MIB];
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t size = 0;
	ssize_t n = -1;

	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
	    write(fd, request, strlen(request)) == (ssize_t)strlen(request))
		while ((n = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
			size += n;
	close(fd);
	text[size] = '\0';
	return !n && strstr(text, "groupname=\"programs\"");
}

static void start_exporter(void)
{
	static const char *const argv[] = {
		EXPORTER, "-config.path", CONFIG, "-web.listen-address",
		"127.0.0.1:9256", NULL
	};
	static const char config[] =
		"process_names:\n  - name: \"{{.Comm}}\"\n    cmdline: ['.+']\n";
	int fd = open(CONFIG, O_WRONLY | O_CREAT, 0600);

	if (fd < 0 || write(fd, config, strlen(config)) < 0)
		die("%s: %s", CONFIG, strerror(errno));
	close(fd);
	exporter = command_start(0, argv);
	while (!scrape()) {
		if (waitpid(exporter, NULL, WNOHANG))
			die(EXPORTER " does not start");
		usleep(50000);
	}
}

static double run_scrapes(void)
{
	double before = cpu_ns(exporter);

	for (int i = 0; i < SCRAPES; i++)
		if (!scrape())
			die("a scrape failed");
	return (cpu_ns(exporter) - before) / SCRAPES;
}

static double run_program(const struct program *p)
{
	return p->argv ? run(p->argv) : run_scrapes();
}

static void switch_maps(void (*to)(void))
{
	vmapeek_module = "vmapeek_maps";
	to();
	vmapeek_module = "vmapeek";
}

static void switch_to(enum mode mode)
{
	if (mode == VMAPEEK) {
		vmapeek_on();
		switch_maps(vmapeek_on);
	} else {
		switch_maps(vmapeek_off);
		vmapeek_off();
	}
}

static void measure_all(enum mode mode)
{
	switch_to(mode);
	for (int i = 0; i < NR_PROGRAMS; i++) {
		struct counters before;

		run_program(&programs[i]);
		before = counters_read();
		series_add(&cost[i][mode], run_program(&programs[i]));
		if (mode == VMAPEEK)
			reads[i] = counters_since(&before).n[FAST] /
				   (programs[i].argv ? 1 : SCRAPES);
	}
}

static void print_row(int i)
{
	double median[NR_MODES];

	printf("@%s\t%lu", programs[i].name, reads[i]);
	for (int mode = 0; mode < NR_MODES; mode++) {
		struct series *s = &cost[i][mode];

		median[mode] = series_median(s);
		printf("\t%.0f\t%.0f\t%.0f", median[mode], s->value[0],
		       s->value[s->n - 1]);
	}
	printf("\t%.3f\n", median[VMAPEEK] / median[STOCK]);
}

int main(int argc, char **argv)
{
	int rounds = argc == 2 ? atoi(argv[1]) : 0;
	char version[512];

	if (argc > 1 && !strcmp(argv[1], "target"))
		return target();
	if (argc > 2 && !strcmp(argv[1], "sample"))
		return sample(atoi(argv[2]));
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (rounds < 1 || rounds > SERIES_MAX)
		die("usage: programs ROUNDS, at most %d", SERIES_MAX);
	start_targets();
	start_exporter();
	/* Wait for the work that the kernel defers at boot. */
	sleep(10);

	for (int i = 0; i < rounds; i++) {
		printf("round %d of %d\n", i + 1, rounds);
		measure_all(STOCK);
		measure_all(VMAPEEK);
	}
	switch_to(STOCK);
	read_line("/proc/version", version, sizeof(version));
	printf("@# kernel: %s\n", version);
	for (int i = 0; i < NR_PROGRAMS; i++)
		print_row(i);
	return 0;
}
