#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# tools/machines: the table of docs/your-kernel.md agrees with tests/machines/list and bench/record/*/machines.tsv.
set -u

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=/dev/null
. "$top/tools/tap.sh"
# shellcheck disable=SC2034
EXPLAIN=$work/err

records=()
for file in "$top"/bench/record/*/machines.tsv; do
	series=${file%/*}
	records+=("${series##*/}=$file")
done
cp "$top/docs/your-kernel.md" "$work/page"
"$top/tools/machines" "$work/page" "${records[@]}" 2>"$work/err"
ok $? 'machines: writes the table'
diff "$top/docs/your-kernel.md" "$work/page" >"$work/err"
ok $? "docs/your-kernel.md is up to date (else 'make machines')"

grep -v '^#' "$top/tests/machines/list" | awk -F '\t' 'NF != 5 { print NR ": " NF " columns"; bad = 1 } END { exit bad }' >"$work/err"
ok $? 'list: five columns'
grep -v '^#' "$top/tests/machines/list" | cut -f4 | tr ' ' '\n' | while read -r name; do
	[[ -e $top/tests/$name.t ]] || echo "no test $name"
done >"$work/err"
[[ ! -s $work/err ]]
ok $? 'list: the tests exist'

# Of the first machine, one test has failed, one has passed and the others did not run.
read -r machine _ < <(grep -v '^#' "$top/tests/machines/list")
read -r first second _ < <(grep -v '^#' "$top/tests/machines/list" | head -n 1 | cut -f4)
printf '%s\t%s\t7\t%s\t5.0.1\t2026-01-01\n' "$machine" "$first" failed "$machine" "$second" passed >"$work/record"
"$top/tools/machines" "$work/page" "5.0=$work/record" 2>"$work/err"
ok $? 'machines: another record'
cp "$work/page" "$work/err"
grep -q "^| $machine .* | 7; failed: $first" "$work/page"
ok $? 'machines: counts the cases that passed, and names tests that failed'
grep -q '^| numa .* | 0; not run: ' "$work/page"
ok $? 'machines: names tests that did not run'
echo none >"$work/page"
! "$top/tools/machines" "$work/page" "5.0=$work/record" 2>"$work/err"
ok $? 'machines: fails without markers'
grep -q "not one line '<!-- machines: begin'" "$work/err"
ok $? 'machines: says so'
! "$top/tools/machines" "$work/page" 5.0=/nonesuch 2>"$work/err"
ok $? 'machines: fails without a record'
plan
