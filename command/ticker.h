/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A line on the terminal while something takes more than two seconds. A child
 * prints it, so that what is measured or waits need not care.
 */
#ifndef TICKER_H
#define TICKER_H

/* One at a time. Does nothing if stderr is no terminal. */
void ticker_begin(const char *what);

/* Before anything else is printed. */
void ticker_end(void);

#endif
