# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For all scripts here. $ME is the target of make that runs the script.

die()
{
	printf '%s: %s\n' "$ME" "$*" >&2
	exit 1
}

note()
{
	printf '%s: %s\n' "$ME" "$*" >&2
}

need()
{
	local program

	for program; do
		command -v "$program" >/dev/null || die "no program '$program': run 'make $ME' as root once, or install it"
	done
}
