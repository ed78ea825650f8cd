# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Finds a QEMU that does not corrupt its guests. Debian 12's 7.2 does under software emulation; with 10 no corruption was
# observed.

readonly QEMU_MIN=10

# Prints the major version; nothing for a program that does not run or is no QEMU.
qemu_major()
{
	{ "$1" --version 2>/dev/null || true; } | sed -n 's/^QEMU emulator version \([0-9]*\).*/\1/p'
}

# Prints the path of a program that takes qemu-system-x86_64's arguments.
qemu_path()
{
	local path major tree wrapper suite=$LAB_CODENAME

	if [[ -n ${LAB_QEMU:-} ]]; then
		if ! path=$(command -v "$LAB_QEMU") || [[ -d $path ]]; then
			[[ ! -e $LAB_QEMU ]] || die "LAB_QEMU: '$LAB_QEMU' is not executable; name a qemu-system-x86_64"
			die "LAB_QEMU: no program '$LAB_QEMU'"
		fi
		# QEMU runs in another directory.
		[[ $path = /* ]] || path=$PWD/$path
		major=$(qemu_major "$path")
		[[ -n $major ]] || die "LAB_QEMU: $path does not run or is no QEMU; try '$path --version'"
		((major >= QEMU_MIN)) ||
			die "LAB_QEMU: $path is QEMU $major, which may corrupt guests; use $QEMU_MIN or newer"
		printf '%s\n' "$path"
		return
	fi
	if path=$(command -v qemu-system-x86_64); then
		major=$(qemu_major "$path")
		if ((${major:-0} >= QEMU_MIN)); then
			printf '%s\n' "$path"
			return
		fi
	fi

	[[ $LAB_CODENAME != bookworm ]] || suite=bookworm-backports
	tree=$(TREE_SUITE=$suite TREE_NEED=600 TREE_PROGRAM=usr/bin/qemu-system-x86_64 apt_tree qemu-system-x86)
	path=$tree/qemu
	# QEMU finds its modules relative to itself, but not the firmware of other packages. The paths are relative, because the
	# cache may be moved.
	wrapper="#!/bin/sh
tree=\$(readlink -f \"\$0\")
tree=\${tree%/*}
LD_LIBRARY_PATH=$(tree_libs "\$tree") exec \"\$tree/usr/bin/qemu-system-x86_64\" \\
	-L \"\$tree/usr/share/seabios\" -L \"\$tree/usr/share/qemu\" \"\$@\""
	if [[ ! -x $path || $(<"$path") != "$wrapper" ]]; then
		write_file "$path.$$" <<<"$wrapper"
		chmod +x "$path.$$"
		mv "$path.$$" "$path"
	fi
	major=$(qemu_major "$path")
	((${major:-0} >= QEMU_MIN)) || die "QEMU in $tree does not run or is too old; remove that directory and try again"
	printf '%s\n' "$path"
}
