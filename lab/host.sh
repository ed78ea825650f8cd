# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Another host: a plain Debian system as a directory in the cache, and a command that runs in it with the caller's files. The lab
# works in there as on a host of that release.

# MiB for the system and what `make check` installs into it.
readonly HOST_NEED=2500
readonly HOST_RELEASES='bookworm trixie'
# An installed Debian has the last two.
readonly HOST_PACKAGES=git,make,ca-certificates,debian-archive-keyring

host_make()
{
	local dest=$1 tmp log reason

	[[ ! -e $dest/made ]] || return 0
	apt_need mmdebstrap
	apt_lists
	space_check "$HOST_NEED"
	tmp=$(mktemp -d "$LAB_CACHE/tmp.XXXXXX")
	chmod 755 "$tmp"
	# The access to the network, such as a proxy.
	grep '^Acquire::' "$(apt_dir)/apt.conf" >"$tmp/apt.conf"
	# As after an installation; the lab in there adds backports for itself.
	grep -v -- '-backports ' "$(apt_dir)/sources.list" >"$tmp/sources.list"
	log=$LAB_CACHE/host.log
	note "making a Debian $APT_RELEASE (minutes)"
	# In a mount namespace, so that the removal of $tmp cannot reach its mounts.
	if ! TMPDIR=$tmp unshare --mount mmdebstrap --mode=root --variant=minbase --format=directory \
		--aptopt="$tmp/apt.conf" --include="$HOST_PACKAGES" "$APT_RELEASE" "$tmp/root" "$tmp/sources.list" >"$log" 2>&1; then
		reason=$(apt_reason "$log")
		die "cannot make a Debian $APT_RELEASE: $reason; the whole log is $log"
	fi
	: >"$tmp/root/made"
	mkdir -p "${dest%/*}"
	# An existing directory is incomplete.
	rm -rf "$dest"
	mv -T "$tmp/root" "$dest" || die "cannot rename $tmp/root to $dest"
	rm -rf "$tmp" "$log"
}

# As a user of that host would before the first installation; at most once a day.
host_update()
{
	local root=$1 log=$LAB_CACHE/host.log

	! younger_than "$APT_DAY" "$root/updated" || return 0
	note "updating the package lists of the Debian in $root"
	if "$LAB_DIR/host-enter" "$root" / -- apt-get -q update >"$log" 2>&1; then
		: >"$root/updated"
		rm -f "$log"
	else
		note "$(apt_reason "$log")"
	fi
}

# host_run RELEASE [-b DIR[:AT]].. [--] COMMAND..: with the lab's cache, and the directories of -b.
host_run()
{
	local release=${1:-} opt OPTARG OPTIND=1 root
	local -a binds=()

	[[ -n $release && $release != *' '* && " $HOST_RELEASES " = *" $release "* ]] ||
		die "unknown Debian release '$release'; known: $HOST_RELEASES"
	shift
	while getopts :b: opt; do
		case $opt in
		b)
			[[ -d ${OPTARG%%:*} ]] || die "-b: no directory '${OPTARG%%:*}'"
			binds+=("$OPTARG")
			;;
		:) die "option -$OPTARG needs a value" ;;
		*) die "unknown option -$OPTARG" ;;
		esac
	done
	shift $((OPTIND - 1))
	(($#)) || die "on: name a command to run"
	[[ $(id -u) = 0 ]] || die "a Debian $release is made and entered by root; run this as root"
	command -v unshare >/dev/null || apt_need util-linux
	command -v mount >/dev/null || apt_need mount
	unshare --mount true 2>/dev/null ||
		die "cannot make a mount namespace, which another Debian needs; use a machine, or a privileged container"
	root=$LAB_CACHE/hosts/$release
	[[ -e $root/made ]] || with_lock with_release "$release" host_make "$root"
	host_update "$root"
	# The lab in there has its own directory in the cache. The same path as here, so that paths in the cache stay valid.
	exec "$LAB_DIR/host-enter" "$root" "$PWD" "${LAB_CACHE%/*}" "${binds[@]}" -- "$@"
}
