#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes processes stuck in all the ways of tests/guest/stuck.c and asks `vmapeek stuck` about them: command/test/guest-stuck
# has the tests. KERNEL chooses the series.
set -euo pipefail
shopt -s inherit_errexit

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kernel=${KERNEL:-6.12}
build=$tests/../build

for file in "$build/command"/{vmapeek,remote} "$build/tests"/{stuck,wedge.ext4} "$build/$kernel"/{vmapeek,hold_mmap_lock}.ko; do
	[[ -e $file ]] || { echo "stuck.t: there is no $file yet: run 'make tests'" >&2; exit 1; }
done

"$tests/../lab/lab" run -k "$kernel" -t 900 -m 1536 -M dm-mod -M loop \
	-f "$build/$kernel/vmapeek.ko:/vmapeek.ko" -f "$build/$kernel/hold_mmap_lock.ko:/hold_mmap_lock.ko" \
	-f "$build/command/vmapeek" -f "$build/command/remote" -f "$build/tests/stuck" -f "$build/tests/wedge.ext4:/image" \
	-f "$tests/../command/test/guest-stuck:/test-stuck" -f "$tests/../tools/tap.sh:/tap.sh" \
	-- /test-stuck
