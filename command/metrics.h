/* SPDX-License-Identifier: GPL-2.0 */
#ifndef METRICS_H
#define METRICS_H

#include "command.h"
#include "status.h"

/* To the file of --openmetrics, or to standard output. Returns an exit code. */
int metrics_print(const struct options *opt, const struct status *s);

#endif
