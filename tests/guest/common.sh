# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2317
# Shared by the test scripts in the guest, which tests/common.sh runs. The output of the last command is in /tmp/out and /tmp/err.
# File descriptor 3 belongs to hold_lock.

nobody=65534
livepatch=/sys/kernel/livepatch/vmapeek
# shellcheck source=/dev/null
. /tap.sh
EXPLAIN='/tmp/out
/tmp/err'

# ends NAME STATUS COMMAND..: the command exits with that status. It does not inherit the file that holds the lock.
ends()
{
	name=$1 want=$2 status=0
	shift 2

	"$@" >/tmp/out 2>/tmp/err </dev/null 3>&- 4>&- || status=$?
	echo "status $status, wanted $want" >>/tmp/err
	[ "$status" = "$want" ]
	ok $? "$name"
}

# has NAME PATTERN [FILE]
has()
{
	grep -q -- "$2" "${3:-/tmp/out}"
	ok $? "$1"
}

# until_true COMMAND..: retries for 120 s
until_true()
{
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -le 1200 ] || { echo "not ok - not in 120 s: $*"; explain; exit 1; }
		sleep 0.1
	done
}

gone()
{
	[ ! -e "$1" ]
}

transition_is_over()
{
	[ "$(cat $livepatch/transition)" = 0 ]
}

insmod_vmapeek()
{
	insmod /vmapeek.ko || exit 1
	until_true transition_is_over
}

# Starts a target; sets target and address.
start_target()
{
	: >/tmp/address
	remote target >/tmp/address &
	target=$!
	until_true [ -s /tmp/address ]
	address=$(cat /tmp/address)
}

# Not with read, because every read(2) of the device returns the whole word.
lock_is_held()
{
	[ "$(dd bs=16 count=1 <&3 2>/dev/null)" = held ]
}

# hold_lock MODE: holds the target's mmap lock until release_lock
hold_lock()
{
	exec 3<>/dev/hold_mmap_lock
	echo "$1 $target" >&3
	until_true lock_is_held
}

release_lock()
{
	exec 3>&-
}

# waits_in PID PATTERN: sleeps in that function. Where locks are rtmutexes, wchan names theirs.
waits_in()
{
	if grep -q rt_mutex_schedule "/proc/$1/wchan"; then
		grep -q "$2" "/proc/$1/stack"
	else
		grep -q "$2" "/proc/$1/wchan"
	fi
}

is_asleep_in_read()
{
	waits_in "$reader" 'process_vm_\|remote_read'
}

# start_reader ADDRESS: starts a reader that waits for the held lock
start_reader()
{
	remote read "$target" "$1" 3>&- &
	reader=$!
	until_true is_asleep_in_read
}
