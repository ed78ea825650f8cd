#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Runs the recipes of docs/tracing.md, unchanged, with Debian's perf, trace-cmd and bpftrace on the kernel under test:
# tests/guest/recipes has the tests. KERNEL selects the series.
set -euo pipefail
shopt -s inherit_errexit

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

temporary
# One file for each block, named by its first word.
awk -v dir="$TMP" '
	/^## / { inside = $2 == "Recipes" }
	!inside { next }
	/^```/ { block = !block; file = ""; next }
	block && !file { file = dir "/" $1 }
	block { print >file }' "$TOP/docs/tracing.md"

trees=()
for package in linux-perf trace-cmd bpftrace; do
	tree=$("$LAB" tree "$package")
	trees+=(-T "$tree")
done
run_script "$TOP/tests/guest/recipes" -t 300 -m 2048 "${trees[@]}" -f "$TMP:/recipes"
