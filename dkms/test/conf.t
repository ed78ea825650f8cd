#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Does DKMS build for the kernels of kernel/compat/compat.h with the options of kernel/compat/options, and for no others?
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Set by DKMS for the file.
export kernel_source_dir=/nowhere
# shellcheck source=/dev/null
. "$top/dkms/dkms.conf"
# shellcheck source=/dev/null
. "$top/tools/tap.sh"

is_built_for()
{
	[[ $1 =~ $BUILD_EXCLUSIVE_KERNEL ]]
}

# Ranges as six numbers.
mapfile -t ranges < <("$top/command/make-symbols" "$top/kernel" |
	awk '/supported_kernels\[\]/ { on = 1; next } /};/ { on = 0 }
		on { gsub(/[^0-9]+/, " "); all = all $0 } END { print all }' | xargs -n 6)

is_supported()
{
	local at=$((($1 * 1000 + $2) * 1000 + $3)) range
	local -a r

	for range in "${ranges[@]}"; do
		read -ra r <<<"$range"
		if ((at >= (r[0] * 1000 + r[1]) * 1000 + r[2] && at < (r[3] * 1000 + r[4]) * 1000 + r[5])); then
			return 0
		fi
	done
	return 1
}

# Has a range of its own, or lies beside one; as far as stable versions ever got.
series=(5.12 6.1 6.11 6.12 6.13 6.121 7.2 7.3 7.4 7.31 16.12 17.3)
for s in "${series[@]}"; do
	status=0
	for ((i = 0; i <= 400; i++)); do
		want=no is=no
		! is_supported "${s%.*}" "${s#*.}" "$i" || want=yes
		! is_built_for "$s.$i+deb12-cloud-amd64" || is=yes
		if [[ $is != "$want" ]]; then
			echo "# $s.$i: built $is, supported $want"
			status=1
		fi
	done
	ok $status "$s: as kernel/compat/compat.h"
done
ok "$((${#ranges[@]} != 2))" 'the series above are next to those of kernel/compat/compat.h'

for release in 6.12.117 6.12.117-1-custom 7.3.4+deb13-amd64; do
	status=0
	is_built_for "$release" || status=1
	ok $status "built for $release"
done
# Without a sublevel nobody knows what it has.
for release in 6.12 6.12-amd64 7.3-rc4 7.3.0-rc4 7.3.4.5 6.1.0-56-cloud-amd64; do
	status=0
	! is_built_for "$release" || status=1
	ok $status "not built for $release"
done

status=0
awk -F '\t' '$3 == "no" { print "CONFIG_" $1 }' "$top/kernel/compat/options" | sort |
	diff - <(xargs -n 1 <<<"$BUILD_EXCLUSIVE_CONFIG" | sort) || status=1
ok $status 'the options that it asks for: as kernel/compat/options'
plan
