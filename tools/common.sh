# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Shared by the scripts that run on the host. They set $ME, the prefix of messages; $DIE_STATUS, the exit status of die()
# if it is not 1; and $LAB, the path of lab/lab, to boot guests.

die()
{
	printf '%s: %s\n' "$ME" "$*" >&2
	exit "${DIE_STATUS:-1}"
}

note()
{
	printf '%s: %s\n' "$ME" "$*" >&2
}

# built TARGET FILE...: dies unless `make TARGET` has made each of them.
built()
{
	local target=$1 file
	shift

	for file; do
		[[ -e $file ]] || die "there is no $file yet: run 'make $target'"
	done
}

# Stops the guest of guest_show and removes $TMP.
cleanup()
{
	local status=$?

	trap - EXIT INT TERM HUP
	if [[ -n ${LAB_PID:-} ]]; then
		# The lab stops its virtual machine when it is killed.
		kill "$LAB_PID" 2>/dev/null || true
		wait
	fi
	[[ -z ${TMP:-} ]] || rm -rf "$TMP"
	exit "$status"
}

# Makes $TMP, which is removed when the script ends.
temporary()
{
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	TMP=$(mktemp -d "${TMPDIR:-/tmp}/vmapeek-$ME.XXXXXX")
}

# guest_show FUNCTION LAB-OPTION... -- COMMAND...: boots a guest and pipes its output to FUNCTION. Returns the status of the
# lab.
guest_show()
{
	local show=$1 status=0
	shift

	# In the background, because bash handles a signal only after its foreground command has exited.
	rm -f "$TMP/output"
	mkfifo "$TMP/output"
	"$LAB" run "$@" >"$TMP/output" &
	LAB_PID=$!
	"$show" <"$TMP/output" &
	wait "$LAB_PID" || status=$?
	LAB_PID=
	wait
	return "$status"
}

# guest_succeeded STATUS LIMIT: dies with the reason if the guest failed.
guest_succeeded()
{
	(($1 != 124)) || die "the virtual machine did not end within $2 s; run it again when this machine is idle"
	(($1 != 125)) || die "the kernel in the virtual machine reported a problem, or the lab failed; see above"
	(($1 == 0)) || die "the program in the virtual machine ended with status $1; see above"
}

# ext4_image FILE: makes an empty file system. mke2fs may be outside a user's PATH.
ext4_image()
{
	[[ -n $(PATH=$PATH:/sbin:/usr/sbin command -v mke2fs) ]] || die "there is no mke2fs; install e2fsprogs"
	rm -f "$1"
	PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -F "$1" 16M >"$TMP/mke2fs" 2>&1 ||
		die "mke2fs cannot make a file system: $(tail -n 1 "$TMP/mke2fs")"
}

# Prints the path of the terminfo file that top needs in a guest; Debian 13 has moved it.
dumb_terminfo()
{
	local file

	for file in {/lib,/usr/share}/terminfo/d/dumb; do
		if [[ -r $file ]]; then
			printf '%s\n' "$file"
			return
		fi
	done
	die "no $file on this host, which top needs; install ncurses-base"
}
