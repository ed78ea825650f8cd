# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# TAP for tests in bash, which source this.
n=0

# ok STATUS NAME; what is in the files $EXPLAIN explains a failure
ok()
{
	n=$((n + 1))
	if (($1 == 0)); then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		[[ -z ${EXPLAIN[*]:-} ]] || sed 's/^/# /' "${EXPLAIN[@]}"
	fi
}

# At the end.
plan()
{
	echo "1..$n"
}
