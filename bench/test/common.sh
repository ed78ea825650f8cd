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
NO_RECORD="${RECORD#"$TOP/"} is not there: 'make bench KERNEL=$KERNEL' makes it"
release=$(<"$("$TOP/lab/lab" kernel "$KERNEL")/release")
if [[ -e $RECORD ]] && ! grep -qF "# kernel: Linux version $release " "$RECORD"; then
	NO_RECORD="${RECORD#"$TOP/"} is of another kernel than $release: 'make bench KERNEL=$KERNEL' makes one"
	RECORD=/nonexistent
fi
