#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Whether ps and fifty other ways to look at a process answer while that process is stuck: a whole Debian system with the
# kernel under test, stock and with vmapeek. `list` has the looks, `guest` makes the process stuck in there, and `hang` has
# those that hang with vmapeek and why.
#
#	looks.t [STATE..]	lock, swap, ice, exec: these, or the first two
#
# KERNEL chooses the series, LOOKS is a pattern for names of looks. What became of each is in build/SERIES/looks.tsv.
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

# procps, systemd and util-linux are there anyway.
image=$("$LAB" rootfs "$KERNEL" htop lsof psmisc atop sysstat smem numactl python3-psutil strace gdb elfutils \
	linux-perf bpftrace criu iotop prometheus-process-exporter)

# Monitors that would look at the process themselves
quiet=()
for unit in atop atopacct atop-rotate.timer sysstat sysstat-collect.timer sysstat-summary.timer prometheus-process-exporter; do
	quiet+=(-a "systemd.mask=$unit")
done

# boot STATE..: writes results
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

# hang has: a pattern of states, one of names, and why
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

# With vmapeek each look answers, unless it is known to hang; no answer is another one than before. On the stock kernel, those
# that do would say that nothing was stuck.
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

# What was not looked at stays as it was.
touch "$out"
[[ -s $TMP/results ]] || { plan; exit; }
awk -F'\t' '
	NR == FNR { new[$1, $2, $3] = $0; next }
	($1, $2, $3) in new { print new[$1, $2, $3]; delete new[$1, $2, $3]; next }
	{ print }
	END { while ((getline <ARGV[1]) > 0) if (($1, $2, $3) in new) print }' "$TMP/results" "$out" >"$TMP/new"
mv "$TMP/new" "$out"
plan
