#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# tools/options: the table of docs/your-kernel.md agrees with kernel/compat/options.
set -u

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=/dev/null
. "$top/tools/tap.sh"
# shellcheck disable=SC2034
EXPLAIN=$work/err

cp "$top/docs/your-kernel.md" "$work/page"
"$top/tools/options" "$work/page" 2>"$work/err"
ok $? 'options: writes the table'
diff "$top/docs/your-kernel.md" "$work/page" >"$work/err"
ok $? "docs/your-kernel.md is up to date (else 'make options')"
grep -qF 'LIVEPATCH` not set | **no** | both |' "$work/page"
ok $? 'options: a row'
echo none >"$work/page"
! "$top/tools/options" "$work/page" 2>"$work/err"
ok $? 'options: fails without markers'
grep -q "not one line '<!-- options: begin'" "$work/err"
ok $? 'options: says so'
plan
