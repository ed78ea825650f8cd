#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Tests the Debian packages in a whole Debian system with the kernel under test, which KERNEL selects: installs, loads at boot,
# upgrades and removes them, with and without Secure Boot; and the upgrade to another kernel. `guest` runs there.
#
#	packages.t [STAGE..]	only these, one boot each:
#		install		install, switch on
#		secure		Secure Boot: the kernel refuses the modules. Enrol DKMS's key
#		enrolled	Secure Boot: the kernel accepts them
#		upgrade		upgrade of the packages, to modules that are signed with a key of the owner
#		enforce		module.sig_enforce=1, and the kernel does not know the key
#		kernel		another kernel is installed while vmapeek is on
#		other		boots that kernel, by the initramfs that the system made; its headers come in another revision of the same release
#		build		boots that kernel again, with modules for the other revision
#		remove		remove, purge
#
# DISK names a file for the system's disk, which is reused and kept, so that stages can be run one by one. DISK.firmware has the
# variables of UEFI.
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
# 6.1, which is not supported, on Debian 13 those of 6.12. And what the other kernel needs that takes long to unpack in the guest.
# initramfs-tools as on an installed system: without it, 7.3 depends on dracut.
debs=$("$LAB" debs "$KERNEL")
other=$(<"$debs/release")
packages=(dkms libelf-dev libc6-dev openssl libjson-c5 libkmod2 zlib1g linux-headers-cloud-amd64 unattended-upgrades
	initramfs-tools)
for file in "$debs"/linux-{headers-*-common*,kbuild-*}_*.deb; do
	file=${file##*/}
	packages+=("${file%%_*}")
done
image=$("$LAB" rootfs "$KERNEL" "${packages[@]}")
disk=${DISK:-$TMP/disk}
[[ -e $disk ]] || cp --sparse=always "$image" "$disk"
# What the version of the other kernel has in another revision
revision=+test

# Tests the package files, without a guest.
clean_for_lintian()
{
	local ok=ok

	lintian --allow-root --fail-on error,warning "$TMP"/old/*.deb >"$TMP/log" 2>&1 || ok='not ok'
	echo "$ok - lintian finds nothing"
	sed 's/^/# /' "$TMP/log"
}

# The key that the lab's firmware knows, for /tests
firmware_key()
{
	local dir

	dir=$("$LAB" tree ovmf)/usr/share/ovmf
	openssl rsa -in "$dir/PkKek-1-snakeoil.key" -passin pass:snakeoil -out "$TMP/firmware.key" 2>/dev/null
	cp "$dir/PkKek-1-snakeoil.pem" "$TMP/firmware.pem"
}

# A repository like that of the security suite: the other kernel, and a version of the metapackage that the system has, which
# depends on it
repository()
{
	local dir=$TMP/repo meta=linux-headers-cloud-amd64

	mkdir -p "$dir" "$TMP/meta/DEBIAN"
	cp "$debs"/linux-*-"$other"_*.deb "$dir/"
	printf '%s\n' "Package: $meta" 'Version: 99' 'Architecture: amd64' 'Maintainer: nobody <nobody@vmapeek.invalid>' \
		"Depends: linux-headers-$other" 'Description: the newest kernel' >"$TMP/meta/DEBIAN/control"
	dpkg-deb -b "$TMP/meta" "$dir/$meta.deb" >"$TMP/log"
	(cd "$dir" && dpkg-scanpackages . 2>"$TMP/log" >Packages)
	{
		printf '%s\n' 'Origin: Debian' 'Label: Debian-Security' 'Suite: stable-security' \
			"Codename: $(<"$(kernel_directory)/debian")-security" 'Architectures: amd64' 'Components: main' \
			"Date: $(LC_ALL=C date -Ru)" 'SHA256:'
		printf ' %s %s Packages\n' "$(sha256sum <"$dir/Packages" | cut -d' ' -f1)" "$(stat -c %s "$dir/Packages")"
	} >"$dir/Release"
}

kernel_directory()
{
	"$LAB" kernel "$KERNEL"
}

# The headers of the other kernel as if it had been built again: the same release, another version.
next_revision()
{
	local dir=$TMP/headers

	dpkg-deb -R "$debs/linux-headers-${other}_"*.deb "$dir"
	sed -i "s/^Version: .*/&$revision/" "$dir/DEBIAN/control"
	sed -i "s/Debian [^ ]*/&$revision/" "$dir/usr/src/linux-headers-$other/include/generated/utsversion.h"
	mkdir "$TMP/revision"
	dpkg-deb -b "$dir" "$TMP/revision/headers.deb" >"$TMP/log"
}

# The kernel that was installed on the disk, as a directory for the lab, and the initramfs that the system made for it
kernel_on_disk()
{
	local dir=$TMP/kernel

	rm -rf "$dir"
	mkdir -p "$dir/lib/modules"
	debugfs -R "dump /boot/vmlinuz-$other $dir/vmlinuz" "$disk" 2>"$TMP/log"
	debugfs -R "dump /boot/initrd.img-$other $dir/initrd" "$disk" 2>"$TMP/log"
	debugfs -R "rdump /usr/lib/modules/$other $dir/lib/modules" "$disk" 2>"$TMP/log"
	printf '%s\n' "$other" >"$dir/release"
}

# stage NAME: one boot
stage()
{
	local name=$1 status=0 boot=$KERNEL
	# No upgrade but the test's
	local -a options=(-a systemd.mask=apt-daily.timer -a systemd.mask=apt-daily-upgrade.timer)

	case $name in
	install) options+=(-f "$TMP/old:/tests/old" -f "$TMP/new:/tests/new") ;;
	secure) options+=(-u "$disk.firmware") ;;
	enrolled)
		firmware_key
		options+=(-u "$disk.firmware" -f "$TMP/firmware.key:/tests/firmware.key" -f "$TMP/firmware.pem:/tests/firmware.pem")
		;;
	enforce) options+=(-a module.sig_enforce=1) ;;
	kernel)
		repository
		options+=(-f "$TMP/repo:/tests/repo")
		;;
	other)
		next_revision
		options+=(-f "$TMP/revision:/tests/revision")
		;;
	esac
	case $name in
	other | build)
		kernel_on_disk
		boot=$TMP/kernel
		options+=(-b "$boot/initrd")
		;;
	esac
	echo "# $name"
	"$LAB" run -k "$boot" -t 1800 -d "$disk" "${options[@]}" -f "$TOP/tests/packages/guest:/tests/guest" \
		-- env OLD_VERSION="$version" NEW_VERSION="$version+1" OTHER="$other" REVISION="$revision" /tests/guest "$name" ||
		status=$?
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
		set -- install secure enrolled upgrade enforce kernel other build remove
	fi
	for name; do
		stage "$name"
	done
} | number
