#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# No read may take more instructions than on record in docs/. KERNEL chooses the series; TEST_MODULE another vmapeek.ko.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
kernel=${KERNEL:-6.12}
record=$top/docs/instructions.tsv
[[ $kernel = 6.12 ]] || record=$top/docs/instructions-$kernel.tsv
modules=$top/build/$kernel
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0

result()
{
	n=$((n + 1))
	echo "$1 $n - $2"
}

# accepts NAME RECORD NEW
accepts()
{
	local ok=ok

	awk -f "$top/bench/guard.awk" "$2" "$3" >"$tmp/said" || ok='not ok'
	result "$ok" "$1"
	sed 's/^/# /' "$tmp/said"
}

row()
{
	printf '%s\t%s\t%s\t8\t%s\t100\t100\t100\t%s\t%s\t%s\t1\n' "$1" "$2" "$3" "$4" "$5" "$5" "$5"
}

# refuses NAME WHY < rows: and for that reason only
refuses()
{
	local ok='not ok'

	cat >"$tmp/bad"
	if ! awk -f "$top/bench/guard.awk" "$tmp/record" "$tmp/bad" >"$tmp/said" && [[ $(wc -l <"$tmp/said") = 1 ]] &&
		grep -q "$2" "$tmp/said"; then
		ok=ok
	fi
	result "$ok" "$1"
	[[ $ok = ok ]] || sed 's/^/# /' "$tmp/said"
}

# measure ROUNDS: into guard.tsv, with $tmp/measured if that went well
measure()
{
	rm -f "$tmp/measured"
	! "$top/bench/instructions" -q -r "$1" "$kernel" "$modules" >"$tmp/run" 2>&1 || touch "$tmp/measured"
	[[ -e $tmp/measured ]]
}

{
	row mem 'small pages' 8 fast 1000
	row mem 'shared after fork' 8 fast 1000
	row mem 'small pages' 1048576 fast 1000000
} >"$tmp/record"
{
	row mem 'small pages' 8 fast 1020
	row mem 'shared after fork' 8 fast 1050
} >"$tmp/new"
accepts 'within tolerance' "$tmp/record" "$tmp/new"
refuses 'one row grew' '1021 instructions, on record 1000' < <(row mem 'small pages' 8 fast 1021; tail -n1 "$tmp/new")
refuses 'another way' 'counts as no_vma' < <(row mem 'small pages' 8 no_vma 900; tail -n1 "$tmp/new")
refuses 'not recorded' 'B: not recorded' < <(cat "$tmp/new"; row mem new 8 fast 1)
refuses 'not measured' 'but not measured' < <(row mem 'small pages' 8 fast 1000)

name="no read takes more instructions on $kernel than on record"
if [[ ! -e $record ]]; then
	why="docs/${record##*/} is not there: 'make bench KERNEL=$kernel' makes it"
	echo "# guard: not tested: $name ($why)" >&2
	result ok "$name # SKIP $why"
else
	if [[ -n ${TEST_MODULE:-} ]]; then
		modules=${TEST_MODULE%/*}
	fi
	new=$top/build/bench/guard.tsv
	# One round may have met an interrupt that the others do not; the median of three has not.
	if measure 1 && ! awk -f "$top/bench/guard.awk" "$record" "$new" >"$tmp/said"; then
		sed 's/^/# measured again: /' "$tmp/said"
		measure 3 || true
	fi
	if [[ -e $tmp/measured ]]; then
		accepts "$name" "$record" "$new"
		for file in "$record" "$new"; do
			echo "# ${file#"$top/"}: $(grep -m1 '^# kernel' "$file")"
		done
	else
		result 'not ok' "$name"
		sed 's/^/# /' "$tmp/run"
	fi
fi
echo "1..$n"
