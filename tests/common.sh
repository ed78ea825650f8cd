# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# Shared by the tests on the host that boot a guest. KERNEL selects the series, or is the directory of a kernel; MODULES is then the
# directory of its modules. MACHINE is a machine of machines/list.

export ME=${0##*/}
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LAB=$TOP/lab/lab
KERNEL=${KERNEL:-6.12}
BUILD=$TOP/build
MODULES=${MODULES:-$BUILD/$KERNEL}
# shellcheck source=/dev/null
. "$TOP/tools/common.sh"
# shellcheck source=/dev/null
. "$TOP/tests/machines/options.sh"
machine_options

# run_script SCRIPT LAB-OPTION...: runs a test script in the guest, with guest/common.sh and its files.
run_script()
{
	local script=$1 name
	local -a files=()
	shift

	built tests "$BUILD/command"/{vmapeek,remote} "$MODULES"/{vmapeek,hold_mmap_lock}.ko
	for name in vmapeek hold_mmap_lock; do
		files+=(-f "$MODULES/$name.ko:/$name.ko")
	done
	"$LAB" run -k "$KERNEL" "$@" "${files[@]}" -f "$BUILD/command/vmapeek" -f "$BUILD/command/remote" \
		"${MACHINE_OPTIONS[@]}" -f "$TOP/tools/tap.sh:/tap.sh" -f "$TOP/tests/guest/common.sh:/common.sh" -f "$script:/test" -- /test
}
