# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# Sourced by the tests here. KERNEL selects the series, TEST_MODULE another vmapeek.ko.
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
KERNEL=${KERNEL:-6.12}
RECORD=$TOP/bench/record/$KERNEL/instructions.tsv
NO_RECORD="${RECORD#"$TOP/"} is not there: 'make bench KERNEL=$KERNEL' makes it"
MODULES=$TOP/build/$KERNEL
if [[ -n ${TEST_MODULE:-} ]]; then
	MODULES=${TEST_MODULE%/*}
fi
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
# shellcheck source=/dev/null
. "$TOP/tools/tap.sh"
EXPLAIN=$TMP/said
