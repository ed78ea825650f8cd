#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Messages of the scripts about sources and hosts that they cannot use. KERNEL chooses the series.
set -euo pipefail

mainline=$(dirname "$(readlink -f "$0")")/..
series=$mainline/series
kernel=${KERNEL:-6.12}
pristine=$("$mainline/../lab/lab" source "$kernel")
# Beside the source, so that it can be made of hard links.
work=$(mktemp -d "${pristine%/*}/test.XXXXXX")
trap 'rm -rf "$work"' EXIT
# shellcheck source=/dev/null
. "$mainline/../tools/tap.sh"
# shellcheck disable=SC2034
EXPLAIN=$work/stderr

# expect NAME PATTERN CMD..: one line on stderr that matches, an error, and no patches.
expect()
{
	local name=$1 pattern=$2 status=0
	shift 2

	"$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	# Before it, which source is used.
	if ((status != 0)) && [[ ! -e $work/out ]] && (($(grep -vc '^series: for ' "$work/stderr") == 1)) &&
		[[ $(tail -n1 "$work/stderr") =~ $pattern ]]; then
		status=0
	else
		echo "status $status, wanted an error and '$pattern'" >>"$work/stderr"
		status=1
	fi
	ok "$status" "$name"
}

# Each make adds a line of its own, which says nothing more.
make_alone()
{
	local status=0

	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -C "$mainline/.." "$@" 2>"$work/make" || status=$?
	grep -vE '^make(\[[0-9]+\])?: \*\*\*' "$work/make" >&2
	return "$status"
}

# The files of a tree that mainline/series reads, with one of them changed by a sed script.
tree_with()
{
	rm -rf "$work/tree"
	mkdir "$work/tree"
	(cd "$pristine" && cp -al --parents Makefile .debian-version MAINTAINERS mm include/linux arch/{riscv,x86} "$work/tree")
	sed "$2" "$pristine/$1" >"$work/changed"
	rm "$work/tree/$1"
	cp "$work/changed" "$work/tree/$1"
}

expect 'unknown series' "no source of series '9.9'" "$series" 9.9 "$work/out"
expect 'no such directory' "no directory '/nowhere'" "$series" "$kernel" "$work/out" /nowhere
expect 'no kernel source' 'is no kernel source' "$series" "$kernel" "$work/out" "$work"
expect 'another series' 'is Linux-.*, not of series 9.9' "$series" 9.9 "$work/out" "$pristine"

# without PROGRAM CMD..: runs it where nothing else is missing.
without()
{
	local program

	rm -rf "${work:?}/bin"
	mkdir "$work/bin"
	for program in bash readlink dirname basename spatch git perl awk gcc gcc-12 make flex bison bc sparse \
		aarch64-linux-gnu-gcc riscv64-linux-gnu-gcc; do
		[[ $program = "$1" ]] || ln -s "$(command -v "$program")" "$work/bin/$program"
	done
	shift
	env PATH="$work/bin" "$@"
}

for program in spatch git perl awk; do
	expect "no $program" "series: no program '$program'" without "$program" "$series" "$kernel" "$work/out"
done
for program in gcc-12 sparse aarch64-linux-gnu-gcc; do
	expect "no $program" "check-series: no program '$program'" \
		without "$program" "$mainline/check-builds" "$kernel" "$work/patches"
done
for program in gcc-12 bison; do
	expect "no $program" "check-mainline: no program '$program'" \
		without "$program" "$mainline/check" "$kernel" "$work/patches"
done
expect 'builds of no patches' "no patches in '$work'" "$mainline/check-builds" "$kernel" "$work"
expect 'mutants of no patches' "no patches in '$work'" "$mainline/check-selftest" "$kernel" "$work"
expect 'boots of no patches' "no patches in '$work'" "$mainline/check-boots" "$kernel" "$work"
expect 'the front door' "no source of series '9.9'" make_alone series KERNEL=9.9

tree_with mm/gup.c '1s/$/ /'
expect 'changed since it was extracted' 'mm/gup.c has changed' "$series" "$kernel" "$work/out" "$work/tree"
tree_with mm/internal.h 's/FOLL_MADV_POPULATE/FOLL_VMA_LOCK/'
expect 'patched already' 'is patched already' "$series" "$kernel" "$work/out" "$work/tree"

# A change that git knows of is refused.
mkdir -p "$work/repo/mm"
cp "$pristine/Makefile" "$work/repo"
cp "$pristine/mm/memory.c" "$work/repo/mm"
git -C "$work/repo" init -q
git -C "$work/repo" add .
git -C "$work/repo" -c user.name=test -c user.email=test commit -qm base
echo >>"$work/repo/mm/memory.c"
expect 'changed in a git tree' 'mm/memory.c has changed' "$series" "$kernel" "$work/out" "$work/repo"
git -C "$work/repo" checkout -q mm/memory.c
echo '#define FOLL_VMA_LOCK' >"$work/repo/mm/internal.h"
expect 'patched in a git tree' 'is patched already' "$series" "$kernel" "$work/out" "$work/repo"

# As if it were somebody's own tree.
tree_with mm/pagewalk.c 's/mmap_assert_locked/mmap_assert_other/'
rm "$work/tree/.debian-version"
expect 'a semantic patch does not fit' "folio-walk.cocci: rule 'assert' matches nothing in .*mm/pagewalk.c" \
	"$series" "$kernel" "$work/out" "$work/tree"
tree_with include/linux/mmu_context.h 's/mm_untag_mask/mm_other_mask/'
rm "$work/tree/.debian-version"
expect 'no mask of tags' 'has no mm_untag_mask\(\) for all architectures' "$series" "$kernel" "$work/out" "$work/tree"
tree_with arch/x86/include/asm/io.h '1i#define mm_untag_mask mm_untag_mask'
rm "$work/tree/.debian-version"
expect 'a mask that is not known' 'arch/x86/include/asm/io.h of .* has a mm_untag_mask\(\) of its own' \
	"$series" "$kernel" "$work/out" "$work/tree"
tree_with mm/pagewalk.c 's/The mmap lock must be held/The mmap lock may be held/'
rm "$work/tree/.debian-version"
expect 'a line is not there' 'is in 0 lines of mm/pagewalk.c' "$series" "$kernel" "$work/out" "$work/tree"

tree_with mm/gup.c 's/start = untagged_addr_remote/first = untagged_addr_remote/'
rm "$work/tree/.debian-version"
expect 'lines that change are not there' "is not in __get_user_pages.*\(\) of mm/gup.c" \
	"$series" "$kernel" "$work/out" "$work/tree"

tree_with mm/pagewalk.c ''
rm "$work/tree/.debian-version"
mkdir "$work/fake"
cat >"$work/fake/spatch" <<END
#!/bin/bash
$(command -v spatch) "\$@" && : >"\${@: -1}"
END
chmod +x "$work/fake/spatch"
expect 'Coccinelle leaves nothing of a file' 'removes [0-9]+ lines of arch/x86/' \
	env PATH="$work/fake:$PATH" "$series" "$kernel" "$work/out" "$work/tree"

plan
