#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# log-check finds the errors in a kernel log, and nothing else.
set -euo pipefail

cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log" "$log.out"' EXIT
# shellcheck source=/dev/null
. ../tools/tap.sh
# shellcheck disable=SC2034
EXPLAIN=$log.out

ALLOW=()

# check NAME WANTED-STATUS, with the log on stdin between lines that are harmless.
check()
{
	local status=0

	{
		cat <<-'END'
		[    0.000000] Command line: console=ttyS0 oops=panic panic=-1 note="WARNING: BUG: Call Trace:"
		[    0.000000] Kernel command line: console=ttyS0 oops=panic panic=-1 note="WARNING: BUG:"
		[    0.031415] rcu: Preemptible hierarchical RCU implementation.
		[    0.100000] lockdep is turned off, refcount tracking as well
		END
		cat
		printf '[    9.000000] reboot: Restarting system\r\n'
	} >"$log"
	./log-check "${ALLOW[@]}" "$log" >"$log.out" 2>&1 || status=$?
	ok "$((status != $2))" "$1"
}

check 'an ordinary log' 0 </dev/null
check 'a module taints' 0 <<<'[ 2.0] hello: loading out-of-tree module taints kernel.'
check 'livepatch messages' 0 <<<"[ 2.0] livepatch: enabling patch 'vmapeek'"
check 'a program of the user crashes' 0 <<<'[ 2.0] traps: crash[88] general protection fault ip:401106 sp:7ffd error:0'
check 'a program of the user is killed' 0 <<<'[ 2.0] crash[88]: segfault at 0 ip 0000000000401106 sp 00007ffd error 6'
while IFS= read -r line; do
	check "found: $line" 1 <<<"[    2.000000] $line"
done <<'END'
WARNING: CPU: 0 PID: 77 at mm/memory.c:1 follow+0x1/0x2
WARNING: suspicious RCU usage
WARNING: possible circular locking dependency detected
WARNING: possible recursive locking detected
WARNING: held lock freed!
BUG: kernel NULL pointer dereference, address: 0000000000000000
BUG: unable to handle page fault for address: ffffc90000000000
BUG: sleeping function called from invalid context at mm/gup.c:1
BUG: scheduling while atomic: cat/77/0x00000002
BUG: KASAN: slab-use-after-free in walk+0x1/0x2
BUG: KCSAN: data-race in walk / unmap
BUG: Bad page state in process cat  pfn:12345
BUG: Bad rss-counter state mm:0000000012345678 type:MM_ANONPAGES val:1
watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [cat:77]
kernel BUG at mm/rmap.c:1!
Oops: 0000 [#1] PREEMPT SMP NOPTI
Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1]
general protection fault, probably for non-canonical address 0xdead: 0000 [#1]
Kernel panic - not syncing: sysrq triggered crash
rcu: INFO: rcu_preempt self-detected stall on CPU
rcu: INFO: rcu_sched detected stalls on CPUs/tasks:
INFO: task cat:77 blocked for more than 120 seconds.
INFO: trying to register non-static key.
UBSAN: array-index-out-of-bounds in mm/gup.c:1:2
refcount_t: underflow; use-after-free.
Call Trace:
END

# Allowed reports. check uses $ALLOW.
ALLOW=(-a "$log.allow")
trap 'rm -f "$log" "$log.out" "$log.allow"' EXIT
printf '%s\n' $'killer\t</end>\tvmapeek\tas a test wants it' $'one line: \t-\t-\tthat, too' '# a comment' >"$log.allow"
report=$'killer\nCall Trace:\n walk\n</end>\n'
check 'allowed: a report' 0 <<<"$report"
check 'allowed: a report of one line' 0 <<<'one line: BUG: x'
check 'not allowed: the same with a line that is excepted' 1 <<<"${report/walk/vmapeek_walk}"
check 'not allowed: what comes after a report' 1 <<<"$report"$'Call Trace:'
check 'not allowed: a report that does not end' 1 <<<"${report%</end>*}"
check 'not allowed: a report that hides the rest of the log' 1 < <(echo killer; seq 1000; echo 'BUG: x'; echo '</end>')
holds 'they are counted' test "$(./log-check -n -a "$log.allow" <(printf '%s' "$report" "$report"))" = 2
for bad in $'killer\t</end>\tvmapeek' $'killer\t-\t-\t'; do
	echo "$bad" >"$log.allow"
	check 'a list without a reason is refused' 2 </dev/null
done
ALLOW=()

# The first find with its context, CR removed.
printf '%s\r\n' one two three four 'BUG: x' five >"$log"
./log-check "$log" >"$log.out" || true
status=0
[[ $(tr -d ' \n' <"$log.out") = threefourBUG:xfive ]] || status=1
ok "$status" 'context is shown'
plan
