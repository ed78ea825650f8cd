#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The two functions that untag an address without the mmap lock, the module's and the series', in user space: see untag.c.
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

for from in "$here/../../kernel" "$work/series"; do
	gcc -std=gnu11 -O2 -Wall -Wextra -Werror -I"$work" -I"$from" -o "$work/untag" "$here/untag.c"
	"$work/untag" >"$work/tap"
	sed -nE "s/^(not )?ok [0-9]+ - /\1${from##*/}: /p" "$work/tap"
	grep '^#' "$work/tap" >&2 || true
done | awk '{ ok = !sub(/^not /, "") } { printf "%sok %d - %s\n", ok ? "" : "not ", NR, $0 } END { print "1.." NR }'
