/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The version of the modules and the command. make lint compares the packages
 * and CHANGELOG.md with it.
 */
#ifndef _VERSION_H
#define _VERSION_H

#define VMAPEEK_VERSION "1.0"

#endif /* _VERSION_H */
