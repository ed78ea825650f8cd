# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that run tests on a kernel that the lab built, with $TOP set and tools/common.sh sourced.

# tests_exist NAME...: dies unless each is a test of this directory.
tests_exist()
{
	local name

	for name; do
		[[ -e $TOP/tests/$name.t ]] || die "there is no test '$name' in tests/"
	done
}

# test_modules KERNEL MODULES: builds the modules that only tests load. tag_addresses needs setcpuid=, which 6.12 does not know.
test_modules()
{
	local name
	local -a names=(hold_mmap_lock pause_fault pause_show toy_livepatch fail_alloc)

	[[ $(<"$1/release") = 6.12.* ]] || ! grep -q '^CONFIG_ADDRESS_MASKING=y' "$1/build/.config" || names+=(tag_addresses)
	for name in "${names[@]}"; do
		"$TOP/tools/build-module" "$1" "$TOP/tests/modules" "$name" "$2"
	done
}

# run_tests KERNEL MODULES NAME...: TAP, by prove. Cases that this kernel lacks a feature for are printed.
run_tests()
{
	local kernel=$1 modules=$2
	local -a tests
	shift 2

	tests=("${@/#/$TOP/tests/}")
	KERNEL=$kernel MODULES=$modules prove --timer -j "${JOBS:-1}" "${tests[@]/%/.t}"
}
