#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Boots the kernel under test and runs the command vmapeek there: command/test/guest has the tests. KERNEL chooses the
# series.
set -euo pipefail
shopt -s inherit_errexit

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab=$tests/../lab/lab
kernel=${KERNEL:-6.12}
modules=${TEST_MODULES:-$tests/../build/$kernel}
programs=${TEST_PROGRAMS:-$tests/../build/command}

for file in "$programs"/{vmapeek,remote} "$modules"/{vmapeek,vmapeek_maps,hold_mmap_lock,toy_livepatch}.ko; do
	[[ -e $file ]] || { echo "command.t: there is no $file yet: run 'make tests'" >&2; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dir=$("$lab" kernel "$kernel")
release=$(<"$dir/release")

# Modules that must not load; of the same length as the good one.
LC_ALL=C sed "s/${release//./\\.}/5${release:1}/g" "$modules/vmapeek.ko" >"$work/other-release.ko"
LC_ALL=C sed 's/\(kernel_version=\)#[^X]/\1#X/' "$modules/vmapeek.ko" >"$work/other-build.ko"
LC_ALL=C sed 's/\(\.klp\.sym\.vmlinux\.vma_is_secretme\)m,/\1M,/' "$modules/vmapeek.ko" >"$work/other-symbol.ko"

# Debian's image package has the configuration.
config=()
[[ ! -r $dir/boot/config-$release ]] || config=(-f "$dir/boot/config-$release:/boot/config-$release")

"$lab" run -k "$dir" -t 900 -T "$("$lab" tree busybox kmod)" "${config[@]}" \
	-f "$modules/vmapeek.ko:/vmapeek.ko" -f "$modules/vmapeek.ko:/lib/modules/$release/updates/vmapeek.ko" \
	-f "$modules/vmapeek_maps.ko:/vmapeek_maps.ko" \
	-f "$modules/vmapeek_maps.ko:/lib/modules/$release/updates/vmapeek_maps.ko" \
	-f "$modules/hold_mmap_lock.ko:/hold_mmap_lock.ko" -f "$modules/toy_livepatch.ko:/toy_livepatch.ko" \
	-f "$work/other-release.ko:/other-release.ko" -f "$work/other-build.ko:/other-build.ko" \
	-f "$work/other-symbol.ko:/other-symbol.ko" \
	-f "$programs/vmapeek" -f "$programs/remote" -f "$tests/../command/test/guest:/test-command" \
	-f "$tests/../tools/tap.sh:/tap.sh" \
	-- /test-command
