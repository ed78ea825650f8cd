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

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$here/../..
lab=$top/lab/lab
kernel=${KERNEL:-6.12}
build=$top/build
out=$build/$kernel/looks.tsv

for file in "$build/tests"/{attempt,looktarget} "$build/command/remote" "$build/tests/wedge.ext4" \
	"$build/$kernel"/{vmapeek,vmapeek_maps,hold_mmap_lock}.ko; do
	[[ -e $file ]] || { echo "looks.t: there is no $file yet: run 'make tests'" >&2; exit 1; }
done

# procps, systemd and util-linux are there anyway.
image=$("$lab" rootfs "$kernel" htop lsof psmisc atop sysstat smem numactl python3-psutil strace gdb elfutils \
	linux-perf bpftrace criu iotop prometheus-process-exporter)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=/dev/null
. "$top/tools/tap.sh"

# Monitors that would look at the process themselves
quiet=()
for unit in atop atopacct atop-rotate.timer sysstat sysstat-collect.timer sysstat-summary.timer prometheus-process-exporter; do
	quiet+=(-a "systemd.mask=$unit")
done

# boot STATE..: writes results
boot()
{
	local status=0

	cp --sparse=always "$image" "$work/disk"
	"$lab" run -k "$kernel" -t 5400 -m 2048 -d "$work/disk" "${quiet[@]}" -f "$here/guest:/tests/looks/guest" \
		-f "$here/list:/tests/looks/list" -f "$build/tests/attempt:/tests/looks/attempt" \
		-f "$build/tests/looktarget:/tests/looks/looktarget" -f "$build/command/remote:/tests/looks/remote" \
		-f "$build/tests/wedge.ext4:/tests/looks/wedge.ext4" \
		-f "$build/$kernel/vmapeek.ko:/tests/looks/vmapeek.ko" \
		-f "$build/$kernel/vmapeek_maps.ko:/tests/looks/vmapeek_maps.ko" \
		-f "$build/$kernel/hold_mmap_lock.ko:/tests/looks/hold_mmap_lock.ko" \
		-- env LOOKS="${LOOKS:-}" /tests/looks/guest "$@" | tee "$work/output" | sed -u 's/^[^#]/# &/' || status=$?
	sed -n 's/^look\t//p' "$work/output" >"$work/results"
	ok "$status" "the guest ended well"
}

# hang has: a pattern of states, one of names, and why
may_hang()
{
	local states names rest

	while IFS=$'\t' read -r states names rest; do
		if [[ $states != '#'* && $1 =~ ^($states)$ && $2 =~ ^($names)$ ]]; then
			return 0
		fi
	done <"$here/hang"
	return 1
}

# With vmapeek each look answers, unless it is known to hang. On the stock kernel, those that do would say that nothing was
# stuck.
judge()
{
	local state which name result where

	while IFS=$'\t' read -r state which name result where; do
		if [[ $which == stock ]]; then
			[[ $name != cmdline ]] || ok "$([[ $result == hangs ]]; echo $?)" "$state, stock: cmdline hangs"
		elif [[ $result == unusable ]]; then
			skip "$state: $name" 'it does not work with the lock free'
		elif [[ $result != same ]] && may_hang "$state" "$name"; then
			echo "# $state: $name: $result: $where, as tests/looks/hang says"
		else
			echo "$result $where" >"$work/why"
			EXPLAIN=$work/why ok "$([[ $result == same ]]; echo $?)" "$state: $name"
		fi
	done <"$work/results"
}

(($#)) || set -- lock swap
boot "$@"
judge

# What was not looked at stays as it was.
touch "$out"
[[ -s $work/results ]] || { plan; exit; }
awk -F'\t' '
	NR == FNR { new[$1, $2, $3] = $0; next }
	($1, $2, $3) in new { print new[$1, $2, $3]; delete new[$1, $2, $3]; next }
	{ print }
	END { while ((getline <ARGV[1]) > 0) if (($1, $2, $3) in new) print }' "$work/results" "$out" >"$work/new"
mv "$work/new" "$out"
plan
