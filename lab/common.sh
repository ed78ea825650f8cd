# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Shared by all parts of the lab: messages, checks of the host, the cache and its lock.

export ME=lab
# A smaller status is that of the guest's command.
DIE_STATUS=125
# shellcheck source=/dev/null
. "$LAB_DIR/../tools/common.sh"

# Sets LAB_CODENAME and LAB_CACHE; refuses an unsupported host.
host_check()
{
	local release=${LAB_OS_RELEASE:-/etc/os-release} id version machine

	[[ -r $release ]] || die "cannot read $release; the lab needs a Debian 12 or 13 host"
	# shellcheck disable=SC1090
	id=$(. "$release" && printf '%s' "${ID:-}")
	# shellcheck disable=SC1090
	version=$(. "$release" && printf '%s' "${VERSION_ID:-}")
	case $id-$version in
	debian-12) LAB_CODENAME=bookworm ;;
	debian-13) LAB_CODENAME=trixie ;;
	*) die "this host is '${id:-unknown} ${version:-}'; the lab needs Debian 12 or 13" ;;
	esac
	machine=$(uname -m)
	[[ $machine = x86_64 ]] || die "this machine is '$machine'; the lab only supports x86_64"

	[[ -n ${XDG_CACHE_HOME:-}${HOME:-} ]] || die "neither HOME nor XDG_CACHE_HOME is set; set one of them"
	# The release whose packages apt.sh gets; see with_release.
	# shellcheck disable=SC2034
	APT_RELEASE=$LAB_CODENAME
	# One cache for each Debian release, because trees contain what that release lacks.
	LAB_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/vmapeek/$LAB_CODENAME
	[[ $LAB_CACHE != *[[:space:]:]* ]] ||
		die "the cache directory '$LAB_CACHE' has a blank or colon in its name; set XDG_CACHE_HOME"
	mkdir -p "$LAB_CACHE" 2>/dev/null || die "cannot create $LAB_CACHE; check its permissions or set XDG_CACHE_HOME"
}

# space_check MIB ..: to be called before a download; checks the free space for packages and their contents.
space_check()
{
	local need=$1 have

	have=$(df -Pm "$LAB_CACHE" | awk 'NR == 2 { print $4 }')
	((have >= need)) ||
		die "only $have MiB free for $LAB_CACHE, $need MiB are needed; free some or set XDG_CACHE_HOME"
}

# Runs a function under the lock of the cache. May be nested.
with_lock()
{
	if [[ -n ${LAB_LOCKED:-} ]]; then
		"$@"
		return
	fi
	(
		if ! flock -n 9; then
			note "waiting for another lab that downloads"
			flock 9
		fi
		LAB_LOCKED=1
		# A subshell does not inherit traps.
		trap 'rm -rf "$LAB_CACHE"/tmp.*' EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM HUP
		# Left by a killed lab.
		rm -rf "$LAB_CACHE"/tmp.*
		"$@" 9>&-
	) 9>"$LAB_CACHE/lock"
}

# True if the file was changed less than the given number of minutes ago.
younger_than()
{
	[[ -e $2 && -n $(find "$2" -maxdepth 0 -mmin "-$1") ]]
}

# Writes stdin to a file atomically.
write_file()
{
	local tmp=$1.new.$$

	if ! { cat >"$tmp" && mv "$tmp" "$1"; } 2>/dev/null; then
		rm -f "$tmp"
		die "cannot write $1; is the disk full?"
	fi
}
