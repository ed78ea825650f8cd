#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# No read may take more instructions than on record in bench/record/.
set -euo pipefail

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# accepts NAME RECORD NEW
accepts()
{
	local status=0

	awk -f "$TOP/bench/guard.awk" "$2" "$3" >"$TMP/said" || status=$?
	ok "$status" "$1"
}

row()
{
	printf '%s\t%s\t%s\t8\t%s\t100\t100\t100\t%s\t%s\t%s\t1\n' "$1" "$2" "$3" "$4" "$5" "$5" "$5"
}

# refuses NAME WHY < rows: the guard refuses them, for that reason only
refuses()
{
	local status=1

	cat >"$TMP/bad"
	if ! awk -f "$TOP/bench/guard.awk" "$TMP/record" "$TMP/bad" >"$TMP/said" && [[ $(wc -l <"$TMP/said") = 1 ]] &&
		grep -q "$2" "$TMP/said"; then
		status=0
	fi
	ok "$status" "$1"
}

# measure ROUNDS: writes guard.tsv, and on success $TMP/measured
measure()
{
	rm -f "$TMP/measured"
	! "$TOP/bench/instructions" -q -r "$1" "$KERNEL" "$MODULES" >"$TMP/run" 2>&1 || touch "$TMP/measured"
	[[ -e $TMP/measured ]]
}

{
	row mem 'small pages' 8 fast 1000
	row mem 'shared after fork' 8 fast 1000
	row mem 'small pages' 1048576 fast 1000000
} >"$TMP/record"
{
	row mem 'small pages' 8 fast 1020
	row mem 'shared after fork' 8 fast 1050
} >"$TMP/new"
accepts 'within tolerance' "$TMP/record" "$TMP/new"
refuses 'one row grew' '1021 instructions, on record 1000' < <(row mem 'small pages' 8 fast 1021; tail -n1 "$TMP/new")
refuses 'another way' 'counts as no_vma' < <(row mem 'small pages' 8 no_vma 900; tail -n1 "$TMP/new")
refuses 'not recorded' 'B: not recorded' < <(cat "$TMP/new"; row mem new 8 fast 1)
refuses 'not measured' 'but not measured' < <(row mem 'small pages' 8 fast 1000)

name="no read takes more instructions on $KERNEL than on record"
if [[ ! -e $RECORD ]]; then
	skip "$name" "$NO_RECORD"
else
	new=$TOP/build/bench/guard.tsv
	# A single round may contain an interrupt; the median of three rounds excludes it.
	if ! measure 1; then
		sed 's/^/# once more, because it failed: /' "$TMP/run"
		measure 3 || true
	elif ! awk -f "$TOP/bench/guard.awk" "$RECORD" "$new" >"$TMP/said"; then
		sed 's/^/# measured again: /' "$TMP/said"
		measure 3 || true
	fi
	if [[ -e $TMP/measured ]]; then
		accepts "$name" "$RECORD" "$new"
		for file in "$RECORD" "$new"; do
			echo "# ${file#"$TOP/"}: $(grep -m1 '^# kernel' "$file")"
		done
	else
		cp "$TMP/run" "$TMP/said"
		ok 1 "$name"
	fi
fi
plan
