#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The Debian packages, in a whole Debian system with the kernel under test, which KERNEL chooses: installed, loaded at
# boot, upgraded, removed. `guest` is what runs there.
set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$here/../..
lab=$top/lab/lab
kernel=${KERNEL:-6.12}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(dpkg-parsechangelog -l "$top/debian/changelog" -S Version)
"$top/tools/build-deb" "$work/old" >"$work/log"
"$top/tools/build-deb" "$work/new" "$version+1" >"$work/log"
rm -f "$work"/*/*-dbgsym_*

# What the packages depend on, so that nothing is fetched in the guest; and headers that Debian has by default there, for a
# kernel that vmapeek is not made for.
case $kernel in
6.12) other=linux-headers-cloud-amd64 ;;
7.3) other=linux-headers-cloud-amd64 ;;
*) echo "packages.t: no packages for kernel '$kernel'; try 6.12 or 7.3" >&2; exit 1 ;;
esac
image=$("$lab" rootfs "$kernel" dkms libelf-dev libc6-dev openssl libjson-c5 libkmod2 zlib1g "+$other")
cp --sparse=always "$image" "$work/disk"

# stage NAME OPTIONS..: one boot
stage()
{
	local name=$1 status=0
	shift

	echo "# $name"
	"$lab" run -k "$kernel" -t 1800 -d "$work/disk" "$@" -f "$here/guest:/tests/guest" \
		-- env OLD_VERSION="$version" NEW_VERSION="$version+1" /tests/guest "$name" || status=$?
	((status == 0)) || echo "not ok - $name: the guest ended with status $status"
}

{
	stage install -f "$work/old:/tests/old" -f "$work/new:/tests/new"
	stage upgrade
	stage enforce -a module.sig_enforce=1
	stage remove
} | awk '
	sub(/^ok - /, "ok " (n + 1) " - ") || sub(/^not ok - /, "not ok " (n + 1) " - ") { n++ }
	{ print; fflush() }
	END { print "1.." n + 0 }'
