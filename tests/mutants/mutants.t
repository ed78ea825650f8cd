#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Applies each mutant of the list to a copy of kernel/, and requires that the named test fails. TAP, with the time of build and
# test in a comment. MUTANTS: names to try instead of all. SHARD: K/N, every N-th mutant, from the K-th on. JOBS: number of
# concurrent mutants. MUTANT_LIST: another list. MUTANT_KERNEL: the directory of another kernel to build for.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$here/../..
kernel=${KERNEL:-6.12}
build_for=${MUTANT_KERNEL:-$kernel}
list=${MUTANT_LIST:-$here/list}
out=$top/build/mutants
jobs=${JOBS:-1}
caught='^not ok [^#]*$|^not ok [0-9]* - |^not ok - '
# Failures that are no detection: a row that the torture did not reach, a case with the module off, an error in the list.
not_caught=' - reached: | - off[^a-z]|has such a name$'

# Has the test of this log failed? A warning in the kernel log is a failure, too; some mutants only cause that. A guest that did
# not boot has tested nothing.
is_caught()
{
	local result=${1%.log}.result

	# `grep -q` would exit early, and its writer would fail with SIGPIPE.
	(($(grep -E "$caught" "$1" | tr -d '\r' | grep -cvE "$not_caught"))) ||
		{ grep -qsx 'clean=no' "$result" && ! grep -qx 'end=not-booted' "$result"; }
}

# Runs TEST or TEST:ARGUMENT,... of a mutant, up to the first failure.
run_test()
{
	local log=$1 test=$2 pid
	local -a arguments=()

	[[ $test != *:* ]] || IFS=, read -ra arguments <<<"${test#*:}"
	setsid "$top/tests/${test%%:*}.t" "${arguments[@]}" >"$log" 2>&1 &
	pid=$!
	echo "$pid" >"${log%.log}.pid"
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.5
		! is_caught "$log" || kill -- "-$pid" 2>/dev/null || true
	done
	wait "$pid" 2>/dev/null || true
	rm -f "${log%.log}.pid"
}

# Stops the tests, which have their own process groups and do not get the terminal's signals.
stop_tests()
{
	local file

	for file in "$out"/*/test.pid; do
		[[ ! -e $file ]] || kill -- "-$(<"$file")" 2>/dev/null || true
	done
}

# Sets $objects to a directory with a copy of kernel/ and its objects, so that only the mutated file is compiled. The directory
# belongs to the caller until its file `taken` is removed.
take_objects()
{
	local n=0

	while [[ -e $out/objects.$n/taken ]]; do
		n=$((n + 1))
	done
	objects=$out/objects.$n
	mkdir -p "$objects"
	[[ -e $objects/kernel ]] || cp -rp "$top/kernel" "$objects/kernel"
	: >"$objects/taken"
}

# Builds MODULE.ko in DIR, with build.log and kernel.diff. Keeps the changed file newer than its object, also when the change is
# reverted.
build()
{
	local file=$1 script=$2 module=$3 dir=$4 status=0

	sed -i "$script" "$objects/kernel/$file"
	! diff -u "$top/kernel/$file" "$objects/kernel/$file" >"$dir/kernel.diff" || return 2
	"$top/tools/build-module" "$build_for" "$objects/kernel" "$module" "$objects" >"$dir/build.log" 2>&1 || status=1
	cp "$top/kernel/$file" "$objects/kernel/$file"
	((status)) || mv "$objects/$module.ko" "$dir"
	return "$status"
}

# Prints why the mutant was not detected; nothing if it was.
try()
{
	local name=$1 file=$2 test=$3 script=$4 dir=$out/$1 status=0 built module=vmapeek
	local -x LAB_RESULT=$dir/test.result TEST_MODULE='' TEST_MAPS=''

	[[ $file != maps/* && $file != compat/vma-lock-* && $file != compat/proc-[0-9]* ]] || module=vmapeek_maps
	rm -rf "$dir"
	mkdir -p "$dir"
	SECONDS=0
	build "$file" "$script" "$module" "$dir" || status=$?
	rm -f "$objects/taken"
	case $status in
	1) echo "it does not build, see build/mutants/$name/build.log"; return ;;
	2) echo "it changes nothing in kernel/$file; mend $list"; return ;;
	esac
	built=$SECONDS
	if [[ $module == vmapeek ]]; then
		TEST_MODULE=$dir/vmapeek.ko
	else
		TEST_MAPS=$dir/$module.ko
	fi
	run_test "$dir/test.log" "$test"
	echo "$built + $((SECONDS - built)) s" >"$dir/time"
	is_caught "$dir/test.log" ||
		echo "no test of ${test%%:*} failed, see build/mutants/$name/test.log"
}

# Prints the first failure of a detected mutant.
evidence()
{
	local telling='BUG: |WARNING: |Oops|general protection|held when returning|wrong; the first: |^not ok - '

	{
		grep -m1 -hE "$telling" "$out/$1/test.log" ||
			grep -hE -A2 "$caught" "$out/$1/test.log" | grep -vE "$not_caught" ||
			grep -h '^    ' "$out/$1/test.log"
	} | sed -n '1,3p' | tr -d '\r' | sed 's/#/:/g' | cut -c1-160 | paste -sd' ' | tr -s ' '
}

selected()
{
	grep -v '^#' "$list" | awk -v names="${MUTANTS:-}" -v shard="${SHARD:-1/1}" '
		BEGIN {
			n = split(names, list, /[ ,]+/)
			for (i = 1; i <= n; i++)
				wanted[list[i]]
			split(shard, part, "/")
		}
		NF && (names == "" || $1 in wanted) && nr++ % part[2] == part[1] - 1'
}

# True if the mutant is for another kernel only.
is_of_another()
{
	[[ $1 = *@* && ${1#*@} != "${kernel%/*}" ]]
}

# Starts a mutant. The output of try() is complete when it is renamed to the mutant's name.
start()
{
	local name file test script

	read -r name file test script <<<"${mutants[$1]}" # sed wants its backslashes
	rm -f "$out/$name.why"
	# Not in the background, where two mutants could take the same directory.
	is_of_another "$name" || take_objects
	{
		: >"$out/$name.new"
		is_of_another "$name" || try "$name" "$file" "$test" "$script" >"$out/$name.new"
		mv "$out/$name.new" "$out/$name.why"
	} &
}

# Prints the results of finished mutants, in the order of the list.
report_finished()
{
	local name test why

	while ((reported < ${#mutants[@]})); do
		read -r name _ test _ <<<"${mutants[$reported]}"
		[[ -e $out/$name.why ]] || return 0
		why=$(<"$out/$name.why")
		reported=$((reported + 1))
		if is_of_another "$name"; then
			echo "ok $reported - $name # SKIP this is not kernel ${name#*@}"
		elif [[ -z $why ]]; then
			echo "ok $reported - $name is caught by ${test%%:*}"
			echo "# $name, $(<"$out/$name/time"): $(evidence "$name")"
		else
			echo "not ok $reported - $name: $why"
		fi
	done
}

[[ ${SHARD:-1/1} =~ ^[1-9][0-9]*/[1-9][0-9]*$ ]] || { echo "mutants.t: '$SHARD' is no K/N, such as 1/3" >&2; exit 2; }
mapfile -t mutants < <(selected)
echo "1..${#mutants[@]}"
mkdir -p "$out"
rm -rf "$out"/*.why "$out"/*/test.pid "$out"/objects.*
trap stop_tests EXIT
reported=0
for ((n = 0; n < ${#mutants[@]}; n++)); do
	((n < jobs)) || wait -n || true
	start "$n"
	report_finished
done
while wait -n; do
	report_finished
done
((reported == ${#mutants[@]}))
