# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# TAP for tests in sh or bash, on the host and in the guest, which source this.
tap_nr=0
failed=0

explain()
{
	local file

	echo "${EXPLAIN:-}" | while IFS= read -r file; do
		[ ! -s "$file" ] || sed 's/^/# /' "$file"
	done
}

# ok STATUS NAME: on failure, prints the content of the files in $EXPLAIN, one name a line
ok()
{
	tap_nr=$((tap_nr + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_nr - $2"
	else
		failed=1
		echo "not ok $tap_nr - $2"
		explain
	fi
}

# holds NAME COMMAND..: the command succeeds, whatever it prints
holds()
{
	local name="$1" status=0
	shift

	"$@" >/dev/null 2>&1 || status=$?
	ok "$status" "$name"
}

# skip NAME WHY: prints it to the terminal, too
skip()
{
	tap_nr=$((tap_nr + 1))
	echo "ok $tap_nr - $1 # SKIP $2"
	echo "# not tested: $1 ($2)" >&2
}

# To be called last, because its status is the exit status.
plan()
{
	echo "1..$tap_nr"
	return "$failed"
}
