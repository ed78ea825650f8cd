#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Runs the recipes of docs/tracing.md, as they stand there, with Debian's perf, trace-cmd and bpftrace on the kernel under
# test: tests/guest/recipes has the tests. KERNEL chooses the series.
set -euo pipefail
shopt -s inherit_errexit

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab=$tests/../lab/lab
kernel=${KERNEL:-6.12}
modules=$tests/../build/$kernel

for file in "$modules"/{vmapeek,hold_mmap_lock}.ko "$tests/../build/command/remote"; do
	[[ -e $file ]] || { echo "recipes.t: there is no $file yet: run 'make tests'" >&2; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One file for each block, named by its first word.
awk -v dir="$work" '
	/^## / { inside = $2 == "Recipes" }
	!inside { next }
	/^```/ { block = !block; file = ""; next }
	block && !file { file = dir "/" $1 }
	block { print >file }' "$tests/../docs/tracing.md"

trees=()
for package in linux-perf trace-cmd bpftrace; do
	tree=$("$lab" tree "$package")
	trees+=(-T "$tree")
done
"$lab" run -k "$kernel" -t 300 -m 2048 "${trees[@]}" -f "$work:/recipes" \
	-f "$modules/vmapeek.ko:/vmapeek.ko" -f "$modules/hold_mmap_lock.ko:/hold_mmap_lock.ko" \
	-f "$tests/../build/command/remote" -f "$tests/guest/recipes:/test-recipes" \
	-f "$tests/../tools/tap.sh:/tap.sh" -- /test-recipes
