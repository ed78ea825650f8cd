# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# Sourced by the scripts that boot a guest for a test, with $TOP set. MACHINE is a name of `list`, or empty for the test's own
# machine.

# machine_row NAME: sets the columns of that row, and fails if there is none.
machine_row()
{
	local name

	while IFS=$'\t' read -r name MACHINE_LAB MACHINE_BESIDE MACHINE_TESTS MACHINE_SAYS; do
		[[ $name != "$1" ]] || return 0
	done <"$TOP/tests/machines/list"
	return 1
}

# Sets MACHINE_OPTIONS, which follow the test's own options of `lab run` and override them.
machine_options()
{
	local program file

	MACHINE_OPTIONS=()
	[[ -n ${MACHINE:-} ]] || return 0
	machine_row "$MACHINE" || die "MACHINE: there is no '$MACHINE' in tests/machines/list"
	read -ra MACHINE_OPTIONS <<<"$MACHINE_LAB"
	for program in ${MACHINE_BESIDE#-}; do
		file=$TOP/tests/machines/$program
		[[ -e $file ]] || file=$TOP/build/tests/$program
		built tests "$file"
		MACHINE_OPTIONS+=(-f "$file:/beside/$program")
	done
}
