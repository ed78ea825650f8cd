// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "title.h"
#include "vmapeek.h"

/* Shorter than the title, which so runs over the end of the arguments. */
#define ARGUMENT	"argument"

pid_t title_start(size_t environ_size)
{
	char *argv[] = { (char *)"t", (char *)ARGUMENT, NULL, NULL };
	char *filler = calloc(1, environ_size + 32);
	char *envp[] = { filler, NULL }, fd[16], byte;
	int ready[2];
	pid_t pid;

	if (!filler || pipe(ready))
		die("title_start: %s", strerror(errno));
	strcpy(filler, "FILLER_OF_THE_ENVIRONMENT=");
	memset(filler + strlen(filler), 'x', environ_size);
	snprintf(fd, sizeof(fd), "%d", ready[1]);
	argv[2] = fd;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execve("/proc/self/exe", argv, envp);
		_exit(127);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		die("the process with a title did not start");
	close(ready[0]);
	free(filler);
	return pid;
}

void title_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void title_main(char **argv)
{
	int fd = atoi(argv[2]);

	strcpy(argv[0], TITLE);
	if (write(fd, "r", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}
