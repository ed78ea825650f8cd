/* SPDX-License-Identifier: GPL-2.0 */
/* The version of the module and the command; debian/changelog has the same. */
#ifndef _VERSION_H
#define _VERSION_H

#define VMAPEEK_VERSION "0.1"

#endif /* _VERSION_H */
