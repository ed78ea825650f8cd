/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WATCH_H
#define WATCH_H

/* Draws in place, cut at the height of the terminal, which would scroll. */
void screen_redraw(char *text);

#endif
