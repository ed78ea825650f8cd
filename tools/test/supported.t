#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# tools/check and tools/supported: the table lists the kernels that passed, and no others.
set -u

tools=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=/dev/null
. "$tools/tap.sh"
# shellcheck disable=SC2034
EXPLAIN=$work/err

# A kernel directory is used unchanged.
mkdir "$work/kernel" "$work/a" "$work/b"
echo 1.2.3-test >"$work/kernel/release"
: >"$work/kernel/vmlinuz"
printf 'echo 1..3; echo ok 1; echo ok 2; echo ok 3\n' >"$work/good.t"
printf 'echo 1..1; echo not ok 1\n' >"$work/bad.t"
printf '%s\n' before '<!-- supported: begin -->' old '<!-- supported: end -->' after >"$work/README"

"$tools/check" "$work/kernel" "$work/a" prove -e bash "$work/good.t" >/dev/null 2>"$work/err"
ok $? 'check: passes'
grep -qx 'tests=3' "$work/a/passed" && grep -qx 'kernel=1.2.3-test' "$work/a/passed"
ok $? 'check: notes the tests and the kernel'
cp "$work/a/passed" "$work/b/passed"
! "$tools/check" "$work/kernel" "$work/b" prove -e bash "$work/good.t" "$work/bad.t" >/dev/null 2>"$work/err"
ok $? 'check: fails'
[[ ! -e $work/b/passed ]]
ok $? 'check: what passed before is forgotten'

! "$tools/supported" "$work/README" "$work" a b 2>"$work/err"
ok $? 'supported: fails where something has not passed'
grep -q "nothing has passed for b: run 'make check KERNEL=b'" "$work/err"
ok $? 'supported: says what'
grep -qx old "$work/README"
ok $? 'supported: and changes nothing'
"$tools/supported" "$work/README" "$work" a 2>"$work/err"
ok $? 'supported: passes'
# shellcheck disable=SC2016
grep -q '^| a | `1\.2\.3-test` | .* | 3 in 1 files | 20' "$work/README"
ok $? 'supported: has the row'
[[ $(head -n1 "$work/README") = before && $(tail -n1 "$work/README") = after ]] && ! grep -qx old "$work/README"
ok $? 'supported: replaces what is between the markers'
: >"$work/other"
! "$tools/supported" "$work/other" "$work" a 2>"$work/err"
ok $? 'supported: fails without markers'
plan
