# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# Sourced by the tests here. KERNEL selects the series, TEST_MODULE another vmapeek.ko.
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
KERNEL=${KERNEL:-6.12}
MODULES=$TOP/build/$KERNEL
if [[ -n ${TEST_MODULE:-} ]]; then
	MODULES=${TEST_MODULE%/*}
fi
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
# shellcheck source=/dev/null
. "$TOP/tools/tap.sh"
EXPLAIN=$TMP/said

# Instructions are those of one kernel: another release, or another compiler, counts others.
RECORD=$TOP/bench/record/$KERNEL/instructions.tsv
NO_RECORD='a record of this kernel in bench/record'
release=$(<"$("$TOP/lab/lab" kernel "$KERNEL")/release")
if [[ -e $RECORD ]] && ! grep -qF "# kernel: Linux version $release " "$RECORD"; then
	RECORD=/nonexistent
fi
[[ -e $RECORD ]] || echo "# 'make bench KERNEL=$KERNEL' makes a record of $release"
