#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Tests source_set of build.sh in a tree that had other patches before.
set -euo pipefail

lab=$(dirname "$(readlink -f "$0")")/..
# shellcheck source=/dev/null
. "$lab/build.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SOURCE=$work/source BASE=$work
# shellcheck source=/dev/null
. "$lab/../tools/tap.sh"

# has FILE TEXT: the tree's FILE contains TEXT; without TEXT, there is no FILE.
has()
{
	[[ $(cat "$work/tree/$1" 2>/dev/null) = "$2" ]]
}

# applied FILE..: simulates patches that add or change these files.
applied()
{
	local file

	rm -rf "$work/applied"
	mkdir "$work/applied"
	for file; do
		echo patched >"$work/applied/$file"
		echo "$file"
	done >"$work/applied.list"
}

mkdir "$SOURCE"
for file in once always never; do
	echo source >"$SOURCE/$file"
done
cp -al "$SOURCE" "$work/tree"

applied once always new
source_set "$work/tree" "$work/applied"
holds 'a changed file' has once patched
holds 'a new file' has new patched
holds 'the source stays' cmp -s "$SOURCE/once" "$SOURCE/never"

applied always
inode=$(stat -c %i "$work/tree/always")
source_set "$work/tree" "$work/applied"
holds 'changed by the series before only' has once source
holds 'made by the series before only' has new ''
holds 'changed by both' has always patched
holds 'what is the same is not written' test "$(stat -c %i "$work/tree/always")" = "$inode"

source_set "$work/tree" "$SOURCE"
holds 'without a series' has always source
holds 'what no series touches' has never source
plan
