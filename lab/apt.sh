# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Debian packages through separate apt directories: the host's sources and its installed packages do not change. The mirrors are
# the host's. The packages are those of the Debian release $APT_RELEASE, the host's own except in with_release.

readonly APT_DAY=1440

# One line "URI SUITE" for each suite of this Debian release that the host has configured.
apt_host_targets()
{
	# shellcheck disable=SC2016
	apt-get indextargets \
		--format '$(CREATED_BY)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)|$(ORIGIN)' 2>/dev/null |
	awk -F'|' -v c="$LAB_CODENAME" '
		$1 == "Packages" && $4 == "main" && $5 == "Debian" &&
		($3 == c || $3 == c "-updates" || $3 == c "-security") { print $2, $3 }' |
	sort -u
}

# Runs a function with the packages of another Debian release: with_release trixie FUNCTION ARGS...
with_release()
{
	local APT_RELEASE=$1
	shift

	"$@"
}

# Separate package lists, so that one release does not determine the packages of another.
apt_dir()
{
	printf '%s/apt%s' "$LAB_CACHE" "$(apt_is_host || printf -- '-%s' "$APT_RELEASE")"
}

apt_is_host()
{
	[[ $APT_RELEASE = "$LAB_CODENAME" ]]
}

apt_private()
{
	APT_CONFIG=$(apt_dir)/apt.conf "$@"
}

apt_setup()
{
	local dir keyring=/usr/share/keyrings/debian-archive-keyring targets uri suite base=

	[[ ${LAB_APT_READY:-} != "$APT_RELEASE" ]] || return 0
	dir=$(apt_dir)
	targets=$(apt_host_targets)
	if [[ -z $targets && $(id -u) = 0 ]]; then
		note "the host has no package lists yet, running apt-get update"
		apt-get -q update >/dev/null 2>&1 || true
		targets=$(apt_host_targets)
	fi
	[[ -n $targets ]] ||
		die "apt on this host has no Debian $LAB_CODENAME mirror; check its sources and run 'apt-get update' as root"

	while read -r uri suite; do
		[[ $suite != "$LAB_CODENAME" ]] || base=$uri
	done <<<"$targets"
	[[ -n $base ]] || die "apt on this host has no source for suite $LAB_CODENAME; add it and run 'apt-get update'"

	if [[ -r $keyring.gpg ]]; then
		keyring+=.gpg
	elif [[ -r $keyring.pgp ]]; then
		keyring+=.pgp
	else
		die "the Debian archive keys are missing; install the package debian-archive-keyring"
	fi
	mkdir -p "$dir"/{lists/partial,cache/archives/partial} 2>/dev/null ||
		die "cannot make directories in $dir; is the disk full?"
	{
		printf '%s\n' "$targets"
		printf '%s %s-backports\n' "$base" "$LAB_CODENAME"
	} | awk -v k="$keyring" -v host="$LAB_CODENAME" -v release="$APT_RELEASE" '{
		sub("^" host, release, $2)
		print "deb [signed-by=" k "]", $1, $2, "main"
	}' |
		write_file "$dir/sources.list" || exit 125
	{
		cat <<-CONF
		Dir::State::lists "$dir/lists";
		Dir::Cache "$dir/cache";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::Etc::main "/dev/null";
		Dir::Etc::parts "/dev/null";
		Acquire::Languages "none";
		Acquire::Retries "2";
		APT::Update::Error-Mode "any";
		APT::Sandbox::User "root";
		CONF
		# Nothing of another release is installed.
		apt_is_host || echo 'Dir::State::status "/dev/null";'
		# The access to the network, such as a proxy, is the host's.
		apt-config dump | grep -E '^Acquire::(https?|Force)' || true
	} | write_file "$dir/apt.conf" || exit 125
	LAB_APT_READY=$APT_RELEASE
}

# Prints the error in a log of apt, as one line.
apt_reason()
{
	local line

	line=$(grep -m1 -E 'does not have a Release file|no longer has a Release file' "$1") && {
		printf 'the mirror lacks a package: %s' "${line#E: }"
		return
	}
	line=$(grep -m1 -i 'No space left' "$1") && {
		printf 'the disk is full: %s' "$line"
		return
	}
	line=$(grep -m1 -E 'Could not resolve|Could not connect|Cannot initiate|connection failed|timed out|Failed to fetch' "$1") && {
		printf 'cannot reach the package mirror, check the network: %s' "${line#?: }"
		return
	}
	[[ -s $1 ]] || {
		printf 'apt failed without a message; is the disk full?'
		return
	}
	printf 'apt failed: %s' "$(grep -m1 -E '^[EW]:' "$1" || tail -n1 "$1")"
}

# apt_refresh MINUTES: updates the package lists if they are older; on failure prints the reason.
apt_refresh()
{
	local dir stamp log

	apt_setup
	dir=$(apt_dir)
	stamp=$dir/updated log=$dir/update.log
	! younger_than "$1" "$stamp" || return 0
	note "updating the package lists of $APT_RELEASE"
	if ! apt_private apt-get -q update >"$log" 2>&1; then
		note "$(apt_reason "$log")"
		return 1
	fi
	: >"$stamp"
}

# Lists must exist, whatever their age.
apt_lists()
{
	apt_refresh "$APT_DAY" || [[ -e $(apt_dir)/updated ]] || exit 125
}

# Downloads NAME=VERSION... into a directory. Existing good files are not downloaded again.
apt_download()
{
	local dir=$1 pkg name version i=0 quiet=-qq log
	shift

	log=$(apt_dir)/download.log
	[[ ! -t 2 ]] || quiet=-q
	mkdir -p "$dir"
	for pkg; do
		i=$((i + 1))
		name=${pkg%%[:=]*}
		version=${pkg#*=}
		note "fetching $name ($i of $#)"
		# An older version, left by an interrupted lab, would be extracted, too.
		find "$dir" -type f -name "${name}_*" ! -name "${name}_${version//:/%3a}_*" -delete
		(cd "$dir" && apt_private apt-get $quiet download "$pkg" >&2 2>"$log") || return
	done
}

# The packages that an installation would add to this host, as NAME=VERSION lines; of another release, all dependencies.
apt_closure()
{
	local suite=$1 log libc='^(libc6|libc-bin)(:|$)'
	shift

	log=$(apt_dir)/simulate.log
	apt_is_host || libc='^$'
	apt_private apt-get -s -t "$suite" --no-install-recommends install --reinstall -- "$@" >"$log" 2>&1 || return
	# Programs from the tree run with the host's dynamic linker, so libc must be the host's too.
	awk -v libc="$libc" '/^Inst / {
		name = $2
		sub(/^[^(]*\(/, "")
		if (name !~ libc)
			print name "=" $1
	}' "$log"
}

# Extracts the packages NAME=VERSION... into a tree at the given path. Checks first that the given number of MiB is free.
apt_extract()
{
	local need=$1 dest=$2 debs=$LAB_CACHE/debs/${2##*/} tmp pkg
	shift 2

	space_check "$need"
	apt_download "$debs" "$@" || return
	tmp=$(mktemp -d "$LAB_CACHE/tmp.XXXXXX")
	chmod 755 "$tmp"
	# Packages may use either name of these directories; make them the same.
	mkdir -p "$tmp"/usr/{bin,sbin,lib,lib64}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$tmp"
	note "extracting $# packages"
	for pkg; do
		dpkg-deb --fsys-tarfile "$debs/${pkg%%[:=]*}_"*.deb |
			tar -C "$tmp" -x --keep-directory-symlink --no-same-owner ||
			die "cannot extract ${pkg%%=*} to $tmp; is the disk full?"
	done
	mkdir -p "${dest%/*}"
	printf '%s\n' "$@" >"$tmp/packages"
	# An existing directory is damaged.
	rm -rf "$dest"
	mv -T "$tmp" "$dest" || die "cannot rename $tmp to $dest"
	rm -rf "$debs"
}

# The list of packages is written last, when the tree is complete.
tree_whole()
{
	[[ -e $1/packages && -e $1/${TREE_PROGRAM:-packages} ]]
}

apt_tree_fetch()
{
	local dest=$1 try
	local -a list
	shift

	! tree_whole "$dest" || return 0
	[[ ! -d $dest ]] || note "${dest##*/} in the cache is damaged, fetching it again"
	apt_lists
	# Twice: the mirror may have replaced the versions that our lists name.
	for try in 1 2; do
		mapfile -t list < <(apt_closure "${TREE_SUITE:-$APT_RELEASE}" "$@")
		if ((${#list[@]})); then
			! apt_extract "${TREE_NEED:-200}" "$dest" "${list[@]}" || return 0
			((try == 1)) || die "$(apt_reason "$(apt_dir)/download.log")"
		elif ((try == 2)); then
			die "cannot get '$*': $(grep -m1 '^E:' "$(apt_dir)/simulate.log" || echo 'no such package')"
		fi
		apt_refresh 0 || exit 125
	done
}

# Prints the directory of the packages and those of their dependencies that the host lacks. Callers may set TREE_SUITE,
# TREE_PROGRAM for a file that the tree must contain, and TREE_NEED for the MiB that large packages take.
apt_tree()
{
	local name dest

	(($#)) || die "tree: name at least one package"
	for name; do
		[[ $name =~ ^[a-z0-9][a-z0-9.+-]+$ ]] || die "tree: '$name' is no package name"
	done
	name=$(printf '%s\n' "$@" | sort -u | paste -sd_)
	apt_is_host || name=${APT_RELEASE}_$name
	dest=$LAB_CACHE/trees/$name
	tree_whole "$dest" || with_lock apt_tree_fetch "$dest" "$@"
	printf '%s\n' "$dest"
}

# The dynamic linker's search path for a tree.
tree_libs()
{
	printf '%s/usr/lib/x86_64-linux-gnu:%s/usr/lib' "$1" "$1"
}

tools_tree()
{
	TREE_PROGRAM=usr/bin/busybox with_release "$LAB_CODENAME" apt_tree busybox kmod
}

# A program of the lab's own tools, run from their tree: tool NAME ARGS...
tool()
{
	local tree name=$1
	shift
	tree=$(tools_tree)
	case $name in
	cpio | xzcat) "$tree/usr/bin/busybox" "$name" "$@" ;;
	*) (LD_LIBRARY_PATH=$(tree_libs "$tree") exec -a "$name" "$tree/usr/bin/kmod" "$@") ;;
	esac
}

# Seconds to wait for another apt.
readonly NEED_WAIT=600

# apt_install SECONDS LOG PKG...: waits up to SECONDS for the lock of another apt.
apt_install()
{
	DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout="$1" --no-install-recommends install -- "${@:3}" \
		>"$2" 2>&1
}

# Installs host packages with the host's own apt, for programs that must run as part of the host (a compiler).
apt_need()
{
	local pkg log
	local -a missing=()

	for pkg; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$pkg" 2>/dev/null) = installed ]] || missing+=("$pkg")
	done
	((${#missing[@]})) || return 0
	[[ $(id -u) = 0 && ${LAB_INSTALL:-} != no ]] || die "packages are missing; as root: apt-get install ${missing[*]}"
	note "installing ${missing[*]}"
	log=$LAB_CACHE/need.log
	if ! apt_install 0 "$log" "${missing[@]}"; then
		grep -q 'Could not get lock' "$log" || die "cannot install ${missing[*]}: $(apt_reason "$log")"
		note "another apt or dpkg is running; waiting for it, for up to $((NEED_WAIT / 60)) minutes"
		apt_install "$NEED_WAIT" "$log" "${missing[@]}" || die "cannot install ${missing[*]}: $(apt_reason "$log")"
	fi
	rm -f "$log"
}
