#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# No read may take more instructions than on record in docs/.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# accepts NAME RECORD NEW
accepts()
{
	local status=0

	awk -f "$top/bench/guard.awk" "$2" "$3" >"$tmp/said" || status=$?
	ok "$status" "$1"
}

row()
{
	printf '%s\t%s\t%s\t8\t%s\t100\t100\t100\t%s\t%s\t%s\t1\n' "$1" "$2" "$3" "$4" "$5" "$5" "$5"
}

# refuses NAME WHY < rows: and for that reason only
refuses()
{
	local status=1

	cat >"$tmp/bad"
	if ! awk -f "$top/bench/guard.awk" "$tmp/record" "$tmp/bad" >"$tmp/said" && [[ $(wc -l <"$tmp/said") = 1 ]] &&
		grep -q "$2" "$tmp/said"; then
		status=0
	fi
	ok "$status" "$1"
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
	skip "$name" "$no_record"
else
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
		cp "$tmp/run" "$tmp/said"
		ok 1 "$name"
	fi
fi
plan
