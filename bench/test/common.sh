# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# What the tests here begin with. KERNEL chooses the series; TEST_MODULE another vmapeek.ko.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
kernel=${KERNEL:-6.12}
record=$top/docs/instructions.tsv
[[ $kernel = 6.12 ]] || record=$top/docs/instructions-$kernel.tsv
no_record="docs/${record##*/} is not there: 'make bench KERNEL=$kernel' makes it"
modules=$top/build/$kernel
if [[ -n ${TEST_MODULE:-} ]]; then
	modules=${TEST_MODULE%/*}
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck source=/dev/null
. "$top/tools/tap.sh"
EXPLAIN=$tmp/said
