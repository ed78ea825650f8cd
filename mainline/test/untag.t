#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernel/remote_untag.h in user space: see untag.c.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/linux"
cat >"$work/linux/mmu_context.h" <<'END'
struct mm_struct;
extern unsigned long test_mask;

static inline unsigned long mm_untag_mask(struct mm_struct *mm)
{
	return mm ? 0 : test_mask;
}
END
gcc -std=gnu11 -O2 -Wall -Wextra -Werror -I"$work" -I"$here/../../kernel" -o "$work/untag" "$here/untag.c"
"$work/untag"
