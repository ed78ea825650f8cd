#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What mainline/series says of sources and hosts that are not as they should be. KERNEL chooses the series.
set -euo pipefail

series=$(readlink -f "$(dirname "$0")/../series")
kernel=${KERNEL:-6.12}
pristine=$("${series%/mainline/*}/lab/lab" source "$kernel")
# Beside the source, so that it can be made of hard links.
work=$(mktemp -d "${pristine%/*}/test.XXXXXX")
trap 'rm -rf "$work"' EXIT
count=0

# expect NAME PATTERN CMD..: one line on stderr that matches, an error, and no patches.
expect()
{
	local name=$1 pattern=$2 status=0
	shift 2

	"$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	count=$((count + 1))
	# Before it, which source is used.
	if ((status != 0)) && [[ ! -e $work/out ]] && (($(grep -vc '^series: for ' "$work/stderr") == 1)) &&
		tail -n1 "$work/stderr" | grep -qE -- "$pattern"; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		echo "# status $status, wanted an error and '$pattern'"
		sed 's/^/# /' "$work/stderr"
	fi
}

# A tree with one file changed by a sed script.
tree_with()
{
	rm -rf "$work/tree"
	cp -al "$pristine" "$work/tree"
	sed "$2" "$pristine/$1" >"$work/changed"
	rm "$work/tree/$1"
	cp "$work/changed" "$work/tree/$1"
}

expect 'unknown series' "no source of series '9.9'" "$series" 9.9 "$work/out"
expect 'no such directory' "no directory '/nowhere'" "$series" "$kernel" "$work/out" /nowhere
expect 'no kernel source' 'is no kernel source' "$series" "$kernel" "$work/out" "$work"
expect 'another series' 'is Linux-.*, not of series 9.9' "$series" 9.9 "$work/out" "$pristine"
mkdir "$work/bin"
for program in bash readlink dirname git perl awk; do
	ln -s "$(command -v "$program")" "$work/bin/$program"
done
expect 'a program is missing' "no program 'spatch'" env PATH="$work/bin" "$series" "$kernel" "$work/out"

tree_with mm/gup.c '1s/$/ /'
expect 'changed since it was extracted' 'mm/gup.c has changed' "$series" "$kernel" "$work/out" "$work/tree"
tree_with include/linux/pagewalk.h 's/FW_ZEROPAGE/FW_VMA_LOCKED/'
expect 'patched already' 'is patched already' "$series" "$kernel" "$work/out" "$work/tree"

# As if it were somebody's own tree.
tree_with mm/pagewalk.c 's/mmap_assert_locked/mmap_assert_other/'
rm "$work/tree/.debian-version"
expect 'a semantic patch does not fit' "02-folio-walk.cocci: rule 'assert' finds nothing in .*mm/pagewalk.c" \
	"$series" "$kernel" "$work/out" "$work/tree"
tree_with mm/pagewalk.c 's/The mmap lock must be held/The mmap lock may be held/'
rm "$work/tree/.debian-version"
expect 'a line is not there' 'is in 0 lines of mm/pagewalk.c' "$series" "$kernel" "$work/out" "$work/tree"

echo "1..$count"
