#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# `vmapeek watch --by-reader` on the kernel under test: command/test/guest-by-reader has the tests. KERNEL chooses the
# series.
set -euo pipefail
shopt -s inherit_errexit

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kernel=${KERNEL:-6.12}
build=$tests/../build

for file in "$build/command"/{vmapeek,remote} "$build/$kernel"/{vmapeek,hold_mmap_lock}.ko; do
	[[ -e $file ]] || { echo "by-reader.t: there is no $file yet: run 'make tests'" >&2; exit 1; }
done

"$tests/../lab/lab" run -k "$kernel" -t 600 \
	-f "$build/$kernel/vmapeek.ko:/vmapeek.ko" -f "$build/$kernel/hold_mmap_lock.ko:/hold_mmap_lock.ko" \
	-f "$build/command/vmapeek" -f "$build/command/remote" -f "$tests/../tools/tap.sh:/tap.sh" \
	-f "$tests/../command/test/guest-by-reader:/test-by-reader" -- /test-by-reader
