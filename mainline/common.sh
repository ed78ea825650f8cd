# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For all scripts here. $ME is the target of make that runs the script.

# shellcheck source=/dev/null
. "$TOP/tools/common.sh"

need()
{
	local program

	for program; do
		command -v "$program" >/dev/null || die "no program '$program': run 'make $ME' as root once, or install it"
	done
}

# Refuses a $SOURCE that somebody has changed: what comes of that would hold for nobody else.
check_pristine()
{
	local changed

	! grep -qs FOLL_VMA_LOCK "$SOURCE/mm/internal.h" || die "$SOURCE is patched already"
	if [[ -e $SOURCE/.git ]]; then
		changed=$(git -C "$SOURCE" status --porcelain --untracked-files=no | sed -n 1p)
	elif [[ -e $SOURCE/.debian-version ]]; then
		# The last file that the lab wrote.
		changed=$(find "$SOURCE" -newer "$SOURCE/.debian-version" -type f -print -quit)
	else
		changed=
	fi
	[[ -z $changed ]] || die "$SOURCE is not pristine: ${changed#"$SOURCE/"} has changed; undo that or remove the tree"
}
