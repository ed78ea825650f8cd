/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process that has overwritten its arguments with a title, as setproctitle()
 * does. It is the running program itself, executed again: title_main() must be
 * called first in main() when there are arguments.
 */
#ifndef TITLE_H
#define TITLE_H

#include <stddef.h>
#include <sys/types.h>

#define TITLE	"titled: worker process, idle"

/*
 * @environ_size: bytes of environment above the arguments. With 0 the title
 * lies less than a page below the end of the stack.
 */
pid_t title_start(size_t environ_size);
void title_stop(pid_t pid);
void title_main(char **argv) __attribute__((noreturn));

#endif
