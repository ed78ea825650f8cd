# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Root file systems of whole Debian systems, as images for `lab run -d`: systemd, a kernel and its headers, and the caller's
# packages. The maintainer scripts run on the host, much faster than in a guest. And the packages of another kernel, to be
# installed in a guest.

# MiB for the image, its source files and the packages.
readonly ROOTFS_NEED=5000
# Size of the file system; the image is sparse.
readonly ROOTFS_SIZE=4G

rootfs_make()
{
	local dest=$1 packages=$2 release=$3 tmp log
	shift 3

	[[ ! -s $dest ]] || return 0
	apt_need mmdebstrap e2fsprogs
	apt_lists
	space_check "$ROOTFS_NEED"
	mkdir -p "${dest%/*}"
	# Remove the images of older kernels.
	rm -f "${dest%/*}"/*"_$packages.img"
	set -- systemd-sysv kmod procps "linux-image-$release" "linux-headers-$release" "$@"
	tmp=$(mktemp -d "$LAB_CACHE/tmp.XXXXXX")
	chmod 755 "$tmp"
	# The access to the network, such as a proxy.
	grep '^Acquire::' "$(apt_dir)/apt.conf" >"$tmp/apt.conf"
	log=$LAB_CACHE/rootfs.log
	note "making a root file system of $APT_RELEASE with kernel $release (minutes)"
	# Newer kernels need a newer linux-base.
	printf 'Package: linux-base\nPin: release n=%s-backports\nPin-Priority: 500\n' "$APT_RELEASE" >"$tmp/preferences"
	# Without package lists, because reading them takes long in a guest. In a mount namespace, so that the removal of $tmp
	# cannot reach its mounts.
	# shellcheck disable=SC2016
	PREFERENCES=$tmp/preferences TMPDIR=$tmp \
		unshare --mount mmdebstrap --mode=root --variant=minbase \
		--format=directory --skip=cleanup/apt --aptopt="$tmp/apt.conf" --aptopt='Acquire::Languages "none"' \
		--aptopt='APT::Install-Recommends "false"' --include="$(IFS=,; printf '%s' "$*")" \
		--setup-hook='mkdir -p "$1/etc/apt/preferences.d"; cp "$PREFERENCES" "$1/etc/apt/preferences.d/lab"' \
		--customize-hook='chroot "$1" apt-get clean' \
		--customize-hook='rm -rf "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin' \
		--customize-hook='echo guest >"$1/etc/hostname"' \
		"$APT_RELEASE" "$tmp/root" "$(apt_dir)/sources.list" >"$log" 2>&1 ||
		die "cannot make the root file system: $(grep -m1 '^E:' "$log" || tail -n1 "$log"); the whole log is $log"
	mke2fs -q -t ext4 -m 0 -d "$tmp/root" "$tmp/image" "$ROOTFS_SIZE" >"$log" 2>&1 ||
		die "cannot make an image of the root file system: $(head -n1 "$log")"
	mv "$tmp/image" "$dest" || die "cannot rename $tmp/image to $dest"
	rm -rf "$tmp"
}

# Prints the path of an image: rootfs_image SERIES[/FLAVOUR] PKG...
rootfs_image()
{
	local spec=$1 series flavour pkg kernel release debian packages dest
	shift

	for pkg; do
		[[ $pkg =~ ^[a-z0-9][a-z0-9.+-]+$ ]] || die "rootfs: '$pkg' is no package name"
	done
	kernel_parse "$spec" || die "rootfs: name a series, such as 6.12; its kernel is installed from packages"
	kernel=$(kernel_dir "$spec")
	release=$(<"$kernel/release")
	debian=$(kernel_release "$series")
	packages=$(printf '%s\n' "$debian" "$@" | paste -sd_)
	((${#packages} < 200)) || die "rootfs: too many packages; name some that depend on the others"
	dest=$LAB_CACHE/rootfs/${release}_$packages.img
	if [[ ! -s $dest ]]; then
		[[ $(id -u) = 0 ]] || die "rootfs: making a root file system takes root; run this once as root"
		with_lock with_release "$debian" rootfs_make "$dest" "$packages" "$release" "$@"
	fi
	printf '%s\n' "$dest"
}

# The candidates NAME=VERSION of another kernel: the newest release that is the newest of no series.
debs_candidates()
{
	local flavour=$1 series version
	local -a list

	for series in $(tr ' ' '\n' <<<"$KERNEL_SERIES" | sort -rV); do
		mapfile -t list < <(kernel_candidates "$series" "$flavour")
		((${#list[@]})) || continue
		version=${list[0]#linux-image-}
		! kernel_candidates "$series" "$flavour" "${version%%-"$flavour"=*}" || return 0
	done
	return 1
}

debs_fetch()
{
	local dest=$1 flavour=$2 tmp try release
	local -a list

	! younger_than "$APT_DAY" "$dest/release" || return 0
	apt_lists
	space_check "$KERNEL_NEED"
	for try in 1 2; do
		kernel_choose "other kernel of flavour $flavour" debs_candidates "$flavour"
		if [[ -e $dest/release && $(<"$dest/release") = "$release" ]]; then
			touch "$dest/release"
			return
		fi
		tmp=$LAB_CACHE/tmp.debs
		rm -rf "$tmp"
		if apt_download "$tmp" "${list[@]}"; then
			printf '%s\n' "$release" >"$tmp/release"
			mkdir -p "${dest%/*}"
			rm -rf "$dest"
			mv -T "$tmp" "$dest"
			return
		fi
		((try == 1)) || die "$(apt_reason "$(apt_dir)/download.log")"
		apt_refresh 0 || exit 125
	done
}

# Prints the directory of the packages of another kernel for a system of rootfs_image: debs_dir SERIES[/FLAVOUR]
debs_dir()
{
	local series flavour debian dest

	kernel_parse "$1" || die "debs: name a series, such as 6.12"
	debian=$(kernel_release "$series")
	dest=$LAB_CACHE/other-kernels/$debian-$flavour
	younger_than "$APT_DAY" "$dest/release" || with_lock with_release "$debian" debs_fetch "$dest" "$flavour"
	printf '%s\n' "$dest"
}
