/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shows a line on the terminal if an operation takes more than two seconds. A
 * child prints it, so the operation itself is not disturbed.
 */
#ifndef TICKER_H
#define TICKER_H

/* Starts one ticker. Does nothing if stderr is no terminal. */
void ticker_begin(const char *what);

/* Removes the line; call this before other output. */
void ticker_end(void);

#endif
