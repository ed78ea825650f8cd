# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Shared by the scripts of this directory, which build a program of guest/, run it in a virtual machine and keep its results, the
# lines that begin with "@".

BENCH_NAME=${0##*/}
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export ME=bench
# shellcheck source=/dev/null
. "$TOP/tools/common.sh"
LAB=$TOP/lab/lab
OUT=$TOP/build/bench
BENCH_COMMAND="bench/$BENCH_NAME $*"

# Parses the arguments common to all scripts: SERIES MODULES.
bench_begin()
{
	(($# == 2)) || die "usage: bench/$BENCH_NAME SERIES MODULES (make bench knows them); see also --help"
	SERIES=$1
	MODULES=$2
	[[ -r $MODULES/vmapeek.ko ]] || die "no $MODULES/vmapeek.ko; run 'make module'"
	temporary
	: >"$TMP/result"
}

# bench_number OPTION VALUE MOST
bench_number()
{
	if [[ ! $2 =~ ^[1-9][0-9]{0,4}$ ]] || (($2 > $3)); then
		die "-$1: '$2' is not a number from 1 to $3"
	fi
}

# bench_build PROGRAM: builds guest/PROGRAM.c, linked with the tests' library. Each run builds its own, because runs may be
# concurrent.
bench_build()
{
	make -s -C "$TOP/bench/guest" O="$TMP" "$TMP/$1" || die "bench/guest/$1.c does not compile; see above"
}

# Prints the guest's lines as they arrive; keeps the results, without their "@". Some results are 100,000 lines.
bench_show()
{
	perl -e 'open my $result, ">>", shift or die; $| = 1; while (<STDIN>) { s/^@// ? print $result $_ : print }' \
		"$TMP/result"
}

# bench_guest LIMIT LAB-OPTION... -- COMMAND...: with the module as /vmapeek.ko.
bench_guest()
{
	local status=0 limit=$1
	shift

	guest_show bench_show -k "$SERIES" -t "$limit" -f "$MODULES/vmapeek.ko:/vmapeek.ko" "$@" || status=$?
	guest_succeeded "$status" "$limit"
}

module_compiler()
{
	readelf -p .comment "$MODULES/vmapeek.ko" 2>/dev/null | sed -n 's/.*\(GCC: .*\)/\1/p' | sed -n 1p
}

# bench_write NAME COLUMN...: writes the conditions of the measurement, then the numbers, to build/bench/NAME.tsv.
bench_write()
{
	local name=$1
	shift

	mkdir -p "$OUT"
	{
		printf '# command: %s\n' "${BENCH_COMMAND//"$TOP/"/}"
		printf '# QEMU: %s\n' "$("$("$LAB" qemu)" --version | head -n1)"
		printf "# vmapeek's compiler: %s\n" "$(module_compiler)"
		printf "# bench's compiler: %s\n" "$(gcc --version | head -n1)"
		grep '^#' "$TMP/result"
		(
			IFS=$'\t'
			printf '%s\n' "$*"
		)
		grep -v '^#' "$TMP/result"
	} >"$OUT/$name.tsv.new"
	mv "$OUT/$name.tsv.new" "$OUT/$name.tsv"
}
