#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The function of the series that untags an address without the mmap lock, in user space: see untag.c.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/linux" "$work/series"
cat >"$work/linux/mmu_context.h" <<'END_OF_HEADER'
struct mm_struct;
extern unsigned long test_mask;

static inline unsigned long mm_untag_mask(struct mm_struct *mm)
{
	return mm ? 0 : test_mask;
}
END_OF_HEADER
{
	echo '#include <linux/mmu_context.h>'
	sed -n '/^static unsigned long gup_untagged_addr(/,/^}/p' "$here/../code/gup-pages-vma.c"
	echo '#define remote_untag gup_untagged_addr'
} >"$work/series/remote_untag.h"

gcc -std=gnu11 -O2 -Wall -Wextra -Werror -I"$work" -I"$work/series" -o "$work/untag" "$here/untag.c"
"$work/untag"
