#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# tools/check and tools/supported: the tables list the kernels that passed, and no others.
set -u

tools=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
top=${tools%/*}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=/dev/null
. "$tools/tap.sh"
# shellcheck disable=SC2034
EXPLAIN=$work/err

# The run of these tests may be counted, too.
unset SKIPS JOBS

# A kernel directory is used unchanged.
mkdir -p "$work/kernel" "$work/build/6.12/amd64" "$work/b"
echo 6.12.200+deb12-amd64 >"$work/kernel/release"
: >"$work/kernel/vmlinuz"
cat >"$work/good.t" <<'TEST'
echo 1..5
echo ok 1
echo '# this kernel or machine lacks: a feature'
echo 'ok 2 # SKIP case_a'
echo '# this kernel or machine lacks: a feature'
echo 'ok 3 # SKIP case_b'
echo 'ok 4 - case # SKIP root may write everywhere'
echo ok 5
TEST
printf 'echo 1..2; echo "not ok 1 - bad"; echo "# why: because"; echo ok 2; echo "# of the second"\n' >"$work/bad.t"
printf 'echo 1..1; echo ok 1; echo "# last words"; exit 3\n' >"$work/ends.t"
printf '%s\n' before '<!-- supported: begin -->' old '<!-- supported: end -->' after >"$work/README"
printf '%s\n' before '<!-- skipped: begin -->' old '<!-- skipped: end -->' after >"$work/page"

# check OUT TEST..
check()
{
	local out=$1
	shift
	"$tools/check" "$work/kernel" "$out" prove -e bash "$@" >"$work/out" 2>"$work/err"
}

# field NAME: of the row in $passed, by the names in tests/passed.tsv
field()
{
	awk -F'\t' -v name="$1" '
		FNR == NR && /^# series\t/ { for (i = 1; i <= NF; i++) if ($i == name || $i == "# " name) nr = i }
		FNR != NR { print $nr }' "$top/tests/passed.tsv" "$passed"
}

passed=$work/build/6.12/amd64/passed
check "$work/build/6.12/amd64" "$work/good.t"
ok $? 'check: passes'
for want in series=6.12 flavour=amd64 kernel=6.12.200+deb12-amd64 tests=5 files=1; do
	[[ $(field "${want%%=*}") = "${want#*=}" ]]
	ok $? "check: notes $want"
done
[[ $(field skipped) = '2 a feature; 1 root may write everywhere' ]]
ok $? 'check: counts skipped tests by their reason'
[[ $(field duration) =~ ^[0-9]+\ min,\ JOBS=1,\ [0-9]+\ CPUs$ && $(field date) = 20* && $(field host) = *\ [0-9]* ]]
ok $? 'check: notes host, date and duration'
cp "$passed" "$work/b/passed"
! check "$work/b" "$work/good.t" "$work/bad.t"
ok $? 'check: fails'
[[ ! -e $work/b/passed ]]
ok $? 'check: what passed before is forgotten'
grep -qx '  # why: because' "$work/out" && ! grep -q 'of the second' "$work/out"
ok $? 'check: tells what a failed test said'
[[ $(tail -n1 "$work/out") = 'Result: FAIL' ]]
ok $? "check: prove's summary is last"
! check "$work/b" "$work/ends.t" && grep -qx '  # last words' "$work/out"
ok $? 'check: tells the last lines of a program that ends with an error'

supported()
{
	"$tools/supported" "$work/notes" "$work/build" "$work/README" "$work/page" 2>"$work/err"
}

row()
{
	printf '%s\t' "${@:1:8}"
	printf '%s\n' "$9"
}

host=$(field host)
{
	echo '# comment'
	row 7.3 cloud-amd64 'Debian 12' 7.3.4 9 3 - 2026-01-01 -
	row 6.12 cloud-amd64 'Debian 12' 6.12.117 8 2 '3 this; 4 that' 2026-01-01 '30 min'
	row 6.12 amd64 "$host" 6.12.100 7 2 none 2026-01-01 '30 min'
	row 6.12 amd64 'Debian 99' 6.12.101 6 2 none 2026-01-01 '30 min'
} >"$work/notes"
supported
ok $? 'supported: passes'
[[ $(grep -c . "$work/notes") = 5 && $(head -n1 "$work/notes") = '# comment' ]] && grep -qxf "$passed" "$work/notes"
ok $? 'supported: notes the newer row of that series, flavour and host'
! grep -q '6\.12\.100' "$work/notes" && grep -q '6\.12\.101' "$work/notes" && grep -q '6\.12\.117' "$work/notes"
ok $? 'supported: other hosts and flavours stay'
# shellcheck disable=SC2016
grep -q '^| 6\.12 | amd64 | '"$host"' | `6\.12\.200+deb12-amd64` | 5 in 1 files | 3 | 20' "$work/README"
ok $? 'supported: has the new row'
# shellcheck disable=SC2016
grep -qxF '| 6.12 | cloud-amd64 | Debian 12 | `6.12.117` | 8 in 2 files | 7 | 2026-01-01 | 30 min |' "$work/README"
ok $? 'supported: has the old row'
# shellcheck disable=SC2016
grep -qxF '| 7.3 | cloud-amd64 | Debian 12 | `7.3.4` | 9 in 3 files | – | 2026-01-01 | – |' "$work/README"
ok $? 'supported: a count that is not known is none'
grep -qxF "| 6.12 | amd64 | $host | 2 a feature; 1 root may write everywhere |" "$work/page"
ok $? 'supported: the reasons are in the other page'
for page in README page; do
	[[ $(head -n1 "$work/$page") = before && $(tail -n1 "$work/$page") = after ]] && ! grep -qx old "$work/$page"
	ok $? "supported: replaces what is between the markers of the $page"
done

cp "$work/notes" "$work/notes.old"
cp "$work/README" "$work/README.old"
supported && cmp -s "$work/notes" "$work/notes.old" && cmp -s "$work/README" "$work/README.old"
ok $? 'supported: again, and nothing changes'
rm -r "$work/build"
supported && cmp -s "$work/notes" "$work/notes.old" && cmp -s "$work/README" "$work/README.old"
ok $? 'supported: without build/ the rows stay'
mkdir "$work/build"
row 7.3 cloud-amd64 'Debian 12' 7.3.3 1 1 none 2025-12-31 '1 min' >"$work/build/passed"
supported && cmp -s "$work/notes" "$work/notes.old"
ok $? 'supported: an older run replaces nothing'

echo kernel=6.12.117 >"$work/build/passed"
! supported
ok $? 'supported: fails for another format'
grep -q "^supported: $work/build/passed has a line without nine fields" "$work/err"
ok $? 'supported: names the file'
cmp -s "$work/notes" "$work/notes.old"
ok $? 'supported: and changes nothing'
rm "$work/build/passed"
: >"$work/README"
! supported
ok $? 'supported: fails without markers'

# The documents of this project
for file in README.md docs/your-kernel.md tests/passed.tsv; do
	cp "$top/$file" "$work/${file##*/}"
done
"$tools/supported" "$work/passed.tsv" "$work/build" "$work/README.md" "$work/your-kernel.md" 2>"$work/err"
ok $? 'supported: writes the tables of this project'
for file in README.md docs/your-kernel.md tests/passed.tsv; do
	diff "$top/$file" "$work/${file##*/}" >"$work/err"
	ok $? "$file is up to date (else 'make supported')"
done
plan
