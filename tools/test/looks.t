#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The tables of looks in the documents agree with the records, and a document without markers is refused.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$top/tools/tap.sh"
# shellcheck disable=SC2034
EXPLAIN=$dir/said

records=()
for record in "$top"/bench/record/*/looks.tsv; do
	series=${record%/*}
	records+=("${series##*/}=$record")
done
for doc in README.md docs/looks.md; do
	cp "$top/$doc" "$dir/doc"
	status=0
	"$top/tests/looks/table" "$dir/doc" "${records[@]}" >"$dir/said" 2>&1 || status=1
	diff -u "$top/$doc" "$dir/doc" >>"$dir/said" || status=1
	ok "$status" "$doc: as the records say; else run make looks"
done

known=$(sed '/^#/d; s/\t.*//' "$top/tests/looks/list" | sort)
for record in "${records[@]}"; do
	status=0
	cut -f3 "${record#*=}" | sort -u | comm -23 - <(echo "$known") >"$dir/said"
	[[ ! -s $dir/said ]] || status=1
	ok "$status" "${record%%=*}: each look on record is in the list"
done

sed '/answers: end/d' "$top/docs/looks.md" >"$dir/doc"
status=0
"$top/tests/looks/table" "$dir/doc" "${records[@]}" >"$dir/said" 2>&1 && status=1
ok "$status" 'a document that lacks a marker is refused'

plan
