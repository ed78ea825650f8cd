#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Checks which readers wait for a stuck process: as bench/immunity measures it here, and as it is on record.
set -euo pipefail

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# wrong FILE: prints each look of 1 s that waited and should not have, or the reverse.
wrong()
{
	awk -F'\t' -v kernel="$KERNEL" '
		# 7.3 has VMA locks for these.
		function is_of_kernel(reader) { return kernel ~ /^7/ && reader ~ /^(maps|smaps|numa_maps)$/ }
		function walks_vmas(reader) { return reader ~ /^(maps|smaps|numa_maps|smaps_rollup)$/ }
		function judge(mode, took, waits)
		{
			looks++
			if (waits ? took < 0.5 : took > 0.5)
				print mode ", " $1 ": " $2 " of " $3 " B took " took " of that time"
		}
		/^#/ || $4 != 1000 || $2 ~ / / || $2 == "pmap" { next }
		{
			# The reader reaches the VMA that the page fault has locked; vmapeek_maps joins the fault.
			met = $1 == "page fault" && walks_vmas($2)
			judge("stock", $6, met || !is_of_kernel($2))
			judge("vmapeek", $9, 0)
		}
		END {
			if (looks != 3 * 13 * 2)
				print looks + 0 " looks, not " 3 * 13 * 2
		}' "$1"
}

# says_nothing NAME FILE
says_nothing()
{
	local status=0

	if ! wrong "$2" >"$TMP/said" 2>&1 || [[ -s $TMP/said ]]; then
		status=1
	fi
	ok "$status" "$1"
}

record=$TOP/bench/record/$KERNEL/immunity.tsv
name='a process that is stuck for 1 s: who waits, on record'
if [[ -e $record ]]; then
	says_nothing "$name" "$record"
else
	echo "# 'make -C bench immunity KERNEL=$KERNEL' makes ${record#"$TOP/"}"
	skip "$name" 'a record of this kernel in bench/record'
fi
# An error is detected: here, stock readers that do not wait.
sed 's/^\(kernel thread\tcmdline\t4096\t1000\t[0-9]*\t\)[0-9.]*/\10.1/' "$TOP/bench/record/6.12/immunity.tsv" >"$TMP/bad"
ok "$((!$(KERNEL=6.12 wrong "$TMP/bad" | grep -c '^stock, kernel thread: cmdline')))" 'one that should have waited is seen'
name='a process that is stuck for 1 s: who waits'
if "$TOP/bench/immunity" -q "$KERNEL" "$MODULES" >"$TMP/said" 2>&1; then
	says_nothing "$name" "$TOP/build/bench/immunity-quick.tsv"
else
	ok 1 "$name"
fi
plan
