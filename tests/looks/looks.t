#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Tests whether ps and some sixty other looks at a process answer while that process is stuck, in a whole Debian system with the
# kernel under test, stock and with vmapeek. `list` has the looks, `guest` makes the process stuck, and `hang` lists the looks
# that hang with vmapeek, with the reason.
#
#	looks.t [STATE..]	lock, swap, ice, exec; default: the first two
#
# KERNEL selects the series, LOOKS is a pattern for names of looks. The results are in build/SERIES/looks.tsv.
set -euo pipefail
shopt -s inherit_errexit

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
# shellcheck source=/dev/null
. "$TOP/tools/tap.sh"
LOOKS_DIR=$TOP/tests/looks
out=$MODULES/looks.tsv

built tests "$BUILD/tests"/{attempt,looktarget,wedge.ext4} "$BUILD/command/remote" \
	"$MODULES"/{vmapeek,vmapeek_maps,hold_mmap_lock}.ko
temporary

# procps, systemd and util-linux are always installed.
image=$("$LAB" rootfs "$KERNEL" htop lsof psmisc atop sysstat smem numactl python3-psutil strace gdb elfutils \
	linux-perf bpftrace criu iotop prometheus-process-exporter)

# Monitors that would read the process on their own
quiet=()
for unit in atop atopacct atop-rotate.timer sysstat sysstat-collect.timer sysstat-summary.timer prometheus-process-exporter; do
	quiet+=(-a "systemd.mask=$unit")
done

# boot STATE..: writes $TMP/results
boot()
{
	local status=0

	cp --sparse=always "$image" "$TMP/disk"
	"$LAB" run -k "$KERNEL" -t 5400 -m 2048 -d "$TMP/disk" "${quiet[@]}" -f "$LOOKS_DIR/guest:/tests/looks/guest" \
		-f "$LOOKS_DIR/list:/tests/looks/list" -f "$BUILD/tests/attempt:/tests/looks/attempt" \
		-f "$BUILD/tests/looktarget:/tests/looks/looktarget" -f "$BUILD/command/remote:/tests/looks/remote" \
		-f "$BUILD/tests/wedge.ext4:/tests/looks/wedge.ext4" \
		-f "$MODULES/vmapeek.ko:/tests/looks/vmapeek.ko" \
		-f "$MODULES/vmapeek_maps.ko:/tests/looks/vmapeek_maps.ko" \
		-f "$MODULES/hold_mmap_lock.ko:/tests/looks/hold_mmap_lock.ko" \
		-- env LOOKS="${LOOKS:-}" /tests/looks/guest "$@" | tee "$TMP/output" | sed -u 's/^[^#]/# &/' || status=$?
	sed -n 's/^look\t//p' "$TMP/output" >"$TMP/results"
	sed -n 's/^blind\t//p' "$TMP/output" >"$TMP/blind"
	echo "# the guest took $SECONDS s"
	ok "$status" "the guest ended well"
	EXPLAIN=$TMP/blind ok "$([[ ! -s $TMP/blind ]]; echo $?)" "no look prints the same without the process"
}

# may_hang STATE NAME: does a line of `hang` match? It has a pattern of states, a pattern of names, and the reason.
may_hang()
{
	local states names rest

	while IFS=$'\t' read -r states names rest; do
		if [[ $states != '#'* && $1 =~ ^($states)$ && $2 =~ ^($names)$ ]]; then
			return 0
		fi
	done <"$LOOKS_DIR/hang"
	return 1
}

# With vmapeek each look must answer, unless `hang` lists it, and no answer may differ. On the stock kernel cmdline must hang;
# otherwise the process was not stuck.
judge()
{
	local state which name result where

	while IFS=$'\t' read -r state which name result where; do
		if [[ $which == stock ]]; then
			[[ $name != cmdline ]] || ok "$([[ $result == hangs ]]; echo $?)" "$state, stock: cmdline hangs"
		elif [[ $result == unusable ]] && grep -Fqx "${KERNEL%%/*}"$'\t'"look: $name" "$TOP/tests/lacking"; then
			skip "$state: $name" 'it does not work with the lock free'
		elif [[ $result == hangs || $result == fails ]] && may_hang "$state" "$name"; then
			echo "# $state: $name: $result: $where, as tests/looks/hang says"
		else
			echo "$result $where" >"$TMP/why"
			EXPLAIN=$TMP/why ok "$([[ $result == same ]]; echo $?)" "$state: $name"
		fi
	done <"$TMP/results"
}

(($#)) || set -- lock swap
boot "$@"
judge

# Results of other looks stay in the file.
touch "$out"
[[ -s $TMP/results ]] || { plan; exit; }
awk -F'\t' '
	NR == FNR { new[$1, $2, $3] = $0; next }
	($1, $2, $3) in new { print new[$1, $2, $3]; delete new[$1, $2, $3]; next }
	{ print }
	END { while ((getline <ARGV[1]) > 0) if (($1, $2, $3) in new) print }' "$TMP/results" "$out" >"$TMP/new"
mv "$TMP/new" "$out"
plan
