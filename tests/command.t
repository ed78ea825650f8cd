#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Tests the command vmapeek on the kernel under test: command/test/guest has the tests. KERNEL selects the series.
set -euo pipefail
shopt -s inherit_errexit

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

built tests "$MODULES"/{vmapeek,vmapeek_maps,toy_livepatch}.ko
temporary
dir=$("$LAB" kernel "$KERNEL")
release=$(<"$dir/release")

# Modules that must not load, of the same length as the good one.
LC_ALL=C sed "s/${release//./\\.}/5${release:1}/g" "$MODULES/vmapeek.ko" >"$TMP/other-release.ko"
LC_ALL=C sed 's/\(kernel_version=\)#[^X]/\1#X/' "$MODULES/vmapeek.ko" >"$TMP/other-build.ko"
LC_ALL=C sed 's/\(\.klp\.sym\.vmlinux\.vma_is_secretme\)m,/\1M,/' "$MODULES/vmapeek.ko" >"$TMP/other-symbol.ko"

# Debian's image package contains the configuration.
config=()
[[ ! -r $dir/boot/config-$release ]] || config=(-f "$dir/boot/config-$release:/boot/config-$release")

run_script "$TOP/command/test/guest" -t 900 -T "$("$LAB" tree busybox kmod)" "${config[@]}" \
	-f "$MODULES/vmapeek.ko:/lib/modules/$release/updates/vmapeek.ko" \
	-f "$MODULES/vmapeek_maps.ko:/vmapeek_maps.ko" \
	-f "$MODULES/vmapeek_maps.ko:/lib/modules/$release/updates/vmapeek_maps.ko" \
	-f "$MODULES/toy_livepatch.ko:/toy_livepatch.ko" \
	-f "$TMP/other-release.ko:/other-release.ko" -f "$TMP/other-build.ko:/other-build.ko" \
	-f "$TMP/other-symbol.ko:/other-symbol.ko"
