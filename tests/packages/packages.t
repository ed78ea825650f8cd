#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Tests the Debian packages in a whole Debian system with the kernel under test, which KERNEL selects: installs, loads at boot,
# upgrades and removes them. `guest` runs there.
#
#	packages.t [STAGE..]	install, upgrade, enforce, remove: only these
#
# DISK names a file for the system's disk, which is reused and kept, so that stages can be run one by one.
set -euo pipefail
shopt -s inherit_errexit

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

temporary
version=$(dpkg-parsechangelog -l "$TOP/debian/changelog" -S Version)
"$TOP/tools/build-deb" "$TMP/old" >"$TMP/log"
"$TOP/tools/build-deb" "$TMP/new" "$version+1" >"$TMP/log"
rm -f "$TMP"/*/*-dbgsym_*

# The dependencies of the packages, so that nothing is fetched in the guest; and Debian's default headers: on Debian 12 those of
# 6.1, which is not supported, on Debian 13 those of 6.12.
image=$("$LAB" rootfs "$KERNEL" dkms libelf-dev libc6-dev openssl libjson-c5 libkmod2 zlib1g linux-headers-cloud-amd64)
disk=${DISK:-$TMP/disk}
[[ -e $disk ]] || cp --sparse=always "$image" "$disk"

# Tests the package files, without a guest.
clean_for_lintian()
{
	local ok=ok

	lintian --allow-root --fail-on error,warning "$TMP"/old/*.deb >"$TMP/log" 2>&1 || ok='not ok'
	echo "$ok - lintian finds nothing"
	sed 's/^/# /' "$TMP/log"
}

# stage NAME: one boot
stage()
{
	local name=$1 status=0
	local -a options=()

	case $name in
	install) options=(-f "$TMP/old:/tests/old" -f "$TMP/new:/tests/new") ;;
	enforce) options=(-a module.sig_enforce=1) ;;
	esac
	echo "# $name"
	"$LAB" run -k "$KERNEL" -t 1800 -d "$disk" "${options[@]}" -f "$TOP/tests/packages/guest:/tests/guest" \
		-- env OLD_VERSION="$version" NEW_VERSION="$version+1" /tests/guest "$name" || status=$?
	((status == 0)) || echo "not ok - $name: the guest ended with status $status"
}

# Numbers the TAP line by line; awk would buffer its input.
number()
{
	local n=0 line

	while IFS= read -r line; do
		case $line in
		'ok - '* | 'not ok - '*) n=$((n + 1)) line=${line/ok - /ok $n - } ;;
		esac
		printf '%s\n' "$line"
	done
	echo "1..$n"
}

{
	if (($# == 0)); then
		clean_for_lintian
		set -- install upgrade enforce remove
	fi
	for name; do
		stage "$name"
	done
} | number
