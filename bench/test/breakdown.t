#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The counts by address agree with the clock, and the atomic instructions are those of the model in docs/results.md.
set -euo pipefail

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
breakdown=$TOP/build/bench/breakdown.tsv
atomics=$TOP/build/bench/atomics.tsv

# says_nothing NAME COMMAND...: each line of output is an error.
says_nothing()
{
	local status=0 name=$1
	shift

	if ! "$@" >"$TMP/said" 2>&1 || [[ -s $TMP/said ]]; then
		status=1
	fi
	ok "$status" "$name"
}

# apart FILE KEY-COLUMNS...: prints the rows of breakdown.tsv, minus the null system call, that differ by more than 2 % from the
# guest's clock ("clock") or from a record of bench/instructions.
apart()
{
	awk -F'\t' -v record="$1" '
		function check(key, what, is, should)
		{
			checked++
			if (is > should * 1.02 || is < should * 0.98)
				print key ", " what ": " is " instructions, not " should
		}
		/^#/ { next }
		FILENAME == record && record != "clock" {
			if ($2 == "4 KiB pages" || $1 == "getppid") {
				key = $1 ", " $3 " B"
				stock[key] = $6
				vmapeek[key] = $9
			}
			next
		}
		$1 == "getppid" && $3 == "total" { null_stock = $5; null_vmapeek = $6 }
		$3 == "total" { total[$1 ", " $2 " B"] = 1; is_stock[$1 ", " $2 " B"] = $5; is_vmapeek[$1 ", " $2 " B"] = $6 }
		$3 == "clock" && record == "clock" { stock[$1 ", " $2 " B"] = $5; vmapeek[$1 ", " $2 " B"] = $6 }
		END {
			for (key in total) {
				if (key == "getppid, 0 B" || !(key in stock))
					continue
				less = record != "clock"
				check(key, "stock", is_stock[key] - less * null_stock, stock[key])
				check(key, "vmapeek", is_vmapeek[key] - less * null_vmapeek, vmapeek[key])
			}
			if (checked < 10)
				print "only " checked + 0 " numbers to compare"
		}' "${@:2}"
}

# For each access to the address space: stock takes and drops the mmap lock (with more than two instructions if the kernel records
# readers), vmapeek the VMA's lock; neither changes other parts of these objects, or a folio.
wrong_locks()
{
	awk -F'\t' '
		/^#/ || $1 == "interface" { next }
		$3 == "mmap lock" { mmap[$1 " " $2] += $6; if ($7 > 0) print $1 " " $2 ": the mmap lock with vmapeek" }
		$3 == "VMA lock" { vma[$1 " " $2] += $7; if ($6 > 0) print $1 " " $2 ": a VMA lock on the stock kernel" }
		$3 == "folio reference" && $1 ~ /^(mem|PEEKDATA)$/ && $5 != "__free_pages" && $7 > 0 {
			print $1 " " $2 ": a reference on the folio with vmapeek"
		}
		END {
			for (read in mmap)
				if (vma[read] != (read ~ /^cmdline/ ? 4 : 2) || mmap[read] < vma[read])
					print read ": " mmap[read] " on the mmap lock, " vma[read] " on the VMA lock"
			if (length(mmap) != 6)
				print "locks of " length(mmap) " reads, not 6"
		}' "$atomics"
}

if ! "$TOP/bench/breakdown" "$KERNEL" "$MODULES" >"$TMP/said" 2>&1; then
	ok 1 'instructions of reads can be counted by address'
	plan
	exit
fi
says_nothing 'the sum of all addresses is what the clock says' apart clock "$breakdown"
name='the sum of all addresses is what bench/instructions has on record'
if [[ -e $RECORD ]]; then
	says_nothing "$name" apart "$RECORD" "$RECORD" "$breakdown"
else
	skip "$name" "$NO_RECORD"
fi
says_nothing 'each look is two atomic instructions on the lock of a VMA' wrong_locks
plan
