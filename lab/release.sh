# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Programs of another Debian release than the host's, to build against its headers. They are a tree of extracted packages with all
# dependencies, including the C library. They run in a mount namespace, with the tree's /usr mounted over the host's.

# MiB for a compiler and its packages.
readonly RELEASE_NEED=700

# Programs that a kernel's makefiles run, besides the compiler; objtool needs libelf.
readonly RELEASE_TOOLS=(make dash bash coreutils findutils sed grep mawk diffutils perl-base libelf1t64)

# Prints the directory of the tree, with a compiler. Called by with_release.
release_tree()
{
	local tree

	tree=$(TREE_PROGRAM=usr/bin/make TREE_NEED=$RELEASE_NEED apt_tree "$1" "${RELEASE_TOOLS[@]}")
	# As an installation would.
	[[ -e $tree/usr/bin/awk ]] || ln -sf mawk "$tree/usr/bin/awk"
	printf '%s\n' "$tree"
}

# Prints the mounts, as an fstab. Hides the host's cache of the dynamic linker.
release_mounts()
{
	local tree=$1 dir

	for dir in bin sbin lib lib64 libexec include share; do
		[[ ! -d $tree/usr/$dir || ! -d /usr/$dir ]] || printf '%s /usr/%s none bind\n' "$tree/usr/$dir" "$dir"
	done
	[[ ! -e /etc/ld.so.cache ]] || echo '/dev/null /etc/ld.so.cache none bind'
}

# release_run TREE PROGRAM ARGS...: all paths are the host's, except the directories of /usr that packages fill.
release_run()
{
	local tree=$1 status=0
	local -a namespace=(unshare --mount)
	shift

	command -v unshare >/dev/null || apt_need util-linux
	command -v mount >/dev/null || apt_need mount
	(($(id -u) == 0)) || namespace+=(--map-root-user)
	"${namespace[@]}" true 2>/dev/null ||
		die "cannot make a mount namespace, which packages of another Debian release need; run this as root"
	release_mounts "$tree" | write_file "$tree/mounts" || exit 125
	# One mount(8) for all: after the first mount, the host's mount(8) could not be started again.
	# shellcheck disable=SC2016
	"${namespace[@]}" bash -c 'mount --all --fstab "$1" || exit 125; shift; exec "$@"' - \
		"$tree/mounts" "$@" || status=$?
	((status != 125)) || die "cannot mount ${tree##*/} for '$1'"
	return "$status"
}
