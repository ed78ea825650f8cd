#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Tests of the command vmapeek that need no kernel with the module: VMAPEEK_ROOT shows it one made of files. VMAPEEK
# names the program ("make check" sets it).
set -euo pipefail

: "${VMAPEEK:?set it to the program to test}"
src=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=$(mktemp -d)
background=
trap '[[ -z $background ]] || kill "$background" 2>/dev/null || true; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
release=6.12.117-test
# shellcheck source=/dev/null
. "$src/../tools/tap.sh"
# shellcheck disable=SC2034
EXPLAIN=$'out\nerr'

# run STATUS ARGS..: does the program end with that status?
run()
{
	local want=$1 status=0
	shift

	"$VMAPEEK" "$@" >out 2>err || status=$?
	echo "status $status, wanted $want" >>err
	((status == want))
}

# ends NAME STATUS ARGS..
ends()
{
	local name=$1 status=0
	shift

	run "$@" || status=1
	ok "$status" "$name"
}

# says NAME PATTERN FILE: the last run did
says()
{
	local status=0

	grep -q -- "$2" "$3" || status=1
	ok "$status" "$1"
}

# same NAME FILE FILE
same()
{
	local status=0

	diff "$2" "$3" >>err || status=1
	ok "$status" "$1"
}

# json NAME EXPRESSION: the last run printed one object a line, and the expression is true for the last, $o
json()
{
	local status=0

	perl -MJSON::PP -e '
		my $o; my $json = JSON::PP->new->utf8;
		while (<STDIN>) { $o = $json->decode($_); ref $o eq "HASH" or exit 1 }
		exit !('"$2"')' <out 2>>err || status=1
	ok "$status" "$1"
}

# file PATH TEXT: of the kernel
file()
{
	mkdir -p "$(dirname "$VMAPEEK_ROOT/$1")"
	printf '%s\n' "$2" >"$VMAPEEK_ROOT/$1"
}

livepatch=sys/kernel/livepatch/vmapeek
maps_livepatch=sys/kernel/livepatch/vmapeek_maps

# A kernel that livepatches, without vmapeek.
fake_kernel()
{
	export VMAPEEK_ROOT=$dir/root
	rm -rf "$VMAPEEK_ROOT"
	file proc/sys/kernel/osrelease "$release"
	mkdir -p "$VMAPEEK_ROOT/sys/kernel/livepatch"
}

# fake_livepatch ENABLED TRANSITION
fake_livepatch()
{
	fake_kernel
	file "$livepatch/enabled" "$1"
	file "$livepatch/transition" "$2"
	mkdir -p "$VMAPEEK_ROOT/$livepatch/vmlinux/access_remote_vm,1"
	file sys/module/vmapeek/stats/fast 900
	file sys/module/vmapeek/stats/not_present 90
	file sys/module/vmapeek/stats/unheard_of 10
	file sys/module/vmapeek/stats/self 0
	file sys/module/vmapeek/stats/write 7
}

# fake_maps ENABLED TRANSITION: the second module beside the first
fake_maps()
{
	file "$maps_livepatch/enabled" "$1"
	file "$maps_livepatch/transition" "$2"
	mkdir -p "$VMAPEEK_ROOT/$maps_livepatch/vmlinux/pagemap_read,1"
	file sys/module/vmapeek_maps/stats/maps 20
	file sys/module/vmapeek_maps/stats/pagemap 3
	file sys/module/vmapeek_maps/stats/smaps 0
}

# fake_task PID TID STATE COMM
fake_task()
{
	local task=proc/$1/task/$2

	file "$task/patch_state" "$3"
	file "$task/comm" "$4"
	file "$task/stat" "$2 ($4) D 1"
	file "$task/wchan" 0
	file "$task/stack" '[<0>] process_vm_rw_core+0x1f/0x30'
}

# in_rt_lock TASK: that task waits as with PREEMPT_RT, as seen by whoever may read its stack
in_rt_lock()
{
	file "$1/wchan" rt_mutex_schedule
	sed -i '1i [<0>] rt_mutex_schedule+0x20/0x40\n[<0>] __rt_mutex_slowlock_locked.constprop.0+0x2f2/0x980' "$VMAPEEK_ROOT/$1/stack"
}

# Arguments
ends 'no command' 64
says 'no command: says so' 'name a command' err
says 'no command: what there is' 'Something hangs?  *vmapeek stuck' err
ends 'unknown command' 64 frobnicate
ends 'a command with a slip' 64 stukc
says 'a command with a slip: which is meant' "did you mean 'stuck'" err
ends 'unknown option' 64 status --frobnicate
ends "another command's option" 64 status --timeout=3
ends 'one argument too many' 64 on on
ends 'a count that is none' 64 watch -n 1x
ends 'a count of 0' 64 watch -n 0
ends 'an interval that is none' 64 watch -i now
ends 'a negative interval' 64 watch -i -1
ends 'an endless time-out' 64 on --timeout=inf
ends 'no file' 64 on --module
ends 'help' 0 --help
says 'help names all commands' 'bench ' out
ends 'version' 0 --version
for word in -h help; do
	ends "$word" 0 "$word"
	same "$word: the same as --help" <("$VMAPEEK" --help) out
done
for command in status watch stuck on off check bench; do
	ends "help of $command" 0 "$command" --help
	ends "help of $command: -h" 0 "$command" -h
	same "help of $command: -h: the same" <("$VMAPEEK" "$command" --help) out
	ends "help of $command: help $command" 0 help "$command"
	same "help of $command: help $command: the same" <("$VMAPEEK" "$command" --help) out
done
for words in 'help help' 'help -h' '--json help'; do
	# shellcheck disable=SC2086
	ends "$words" 0 $words
	same "$words: the same as --help" <("$VMAPEEK" --help) out
done
ends 'help of an unknown command' 64 help frobnicate
says 'help of an unknown command: says so' "unknown command 'frobnicate'" err
ends 'help of a command with a slip' 64 help stukc
says 'help of a command with a slip: which is meant' "did you mean 'stuck'" err
ends 'help with a slip' 64 hlep
says 'help with a slip: which is meant' "did you mean 'help'" err
ends 'help of two commands' 64 help on off
says 'help of two commands: says so' "unexpected argument 'off'" err
ends 'help after a command' 64 on help

# status
fake_livepatch 1 0
ends 'status: on' 0 status
says 'status: on, says so' '^vmapeek is on$' out
says 'status: supported kernel' "^kernel $release is supported$" out
says 'status: reads' '^reads since it was loaded: 1000$' out
says 'status: share of fast' '^  fast  *900   90\.0 %' out
says 'status: an unknown counter' '^  unheard_of  *10    1\.0 %' out
says 'status: writes are no reads' '^  write  *7  *writes' out
ends 'status --json: on' 0 status --json
# shellcheck disable=SC2016
json 'status --json: content' '$o->{state} eq "on" && $o->{loaded} && !$o->{transition} && $o->{reads} == 1000 &&
	$o->{fast} == 900 && $o->{fallbacks} == 100 && $o->{counters}{self} == 0 && $o->{counters}{unheard_of} == 10 &&
	$o->{kernel}{supported} && !@{$o->{overlaps}}'
ends '--json may come first' 0 --json status
# shellcheck disable=SC2016
json '--json may come first: JSON' '$o->{command} eq "status"'
mkdir -p "$VMAPEEK_ROOT/sys/kernel/livepatch/other/vmlinux/access_remote_vm,1"
mkdir -p "$VMAPEEK_ROOT/sys/kernel/livepatch/other/vmlinux/schedule,1"
ends 'status: another livepatch' 0 status --json
says 'status: warns of the function' 'livepatch other replaces access_remote_vm' err
# shellcheck disable=SC2016
json 'status --json: another livepatch' '@{$o->{overlaps}} == 1 && $o->{overlaps}[0]{livepatch} eq "other"'

# status of both modules
fake_livepatch 1 0
ends 'status: without vmapeek_maps' 0 status
says 'status: without vmapeek_maps, says so' '^vmapeek_maps is not loaded' out
mkdir -p "$VMAPEEK_ROOT/sys/kernel/livepatch/other/vmlinux/pagemap_read,1"
ends 'status: another livepatch of its functions does not matter' 0 status --json
# shellcheck disable=SC2016
json 'status --json: another livepatch of its functions does not matter' '!@{$o->{overlaps}}'
fake_maps 1 0
ends 'status: both' 0 status
says 'status: both, first' '^vmapeek is on$' out
says 'status: both, second' '^vmapeek_maps is on' out
says 'status: both, reads of files' '^reads of such files since it was loaded: 23$' out
says 'status: both, by file' '^  maps  *20$' out
says 'status: both, another livepatch' 'livepatch other replaces pagemap_read' err
ends 'status --json: both' 0 status --json
# shellcheck disable=SC2016
json 'status --json: groups' 'join(" ", map { "$_->{group}=$_->{module}=$_->{state}" } @{$o->{groups}}) eq
	"memory=vmapeek=on maps=vmapeek_maps=on" && $o->{groups}[0]{counters}{fast} == 900 &&
	$o->{groups}[1]{counters}{maps} == 20 && $o->{groups}[1]{counters}{smaps} == 0 && $o->{reads} == 1000 &&
	!defined $o->{counters}{maps} && @{$o->{overlaps}} == 1'
ends 'status --openmetrics: both' 0 status --openmetrics
says 'status --openmetrics: groups' '^vmapeek_group_on{group="maps"} 1$' out
says 'status --openmetrics: reads of files' '^vmapeek_file_reads_total{file="maps"} 20$' out
fake_livepatch 1 0
fake_maps 1 1
fake_task 41 42 0 thread
ends 'status: vmapeek_maps is being switched on' 0 status
says 'status: vmapeek_maps is being switched on, says so' '^vmapeek_maps is being switched on' out
says 'status: vmapeek_maps is being switched on, task left' 'thread, process 41, thread 42, waits in process_vm' out
ends 'status --json: vmapeek_maps is being switched on' 0 status --json
# shellcheck disable=SC2016
json 'status --json: vmapeek_maps is being switched on, task left' '!$o->{transition} && !defined $o->{not_switched} &&
	!defined $o->{groups}[0]{not_switched} && $o->{groups}[1]{not_switched}[0]{tid} == 42'
fake_kernel
fake_maps 1 0
ends 'status: vmapeek_maps alone' 3 status
says 'status: vmapeek_maps alone, says so' '^vmapeek_maps is on' out

# status --openmetrics
fake_livepatch 1 0
ends 'status --openmetrics' 0 status --openmetrics
says 'status --openmetrics: on' '^vmapeek_on 1$' out
says 'status --openmetrics: reads' '^vmapeek_reads_total{result="fast"} 900$' out
says 'status --openmetrics: an unknown counter' '^vmapeek_reads_total{result="unheard_of"} 10$' out
says 'status --openmetrics: writes are no reads' '^vmapeek_events_total{event="write"} 7$' out
says 'status --openmetrics: nothing is stuck' '^vmapeek_stuck_processes 0$' out
says 'status --openmetrics: its end' '^# EOF$' <(tail -n 1 out)
same 'status --openmetrics: each metric has a type, and once' \
	<(sed -n 's/^\(vmapeek_[a-z_]*\).*/\1/p' out | sed 's/_total$//' | sort -u) \
	<(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' out | sort)
status=0
perl -MJSON::PP -0ne '
	sub exprs { my $x = shift; ref $x eq "HASH" ? map { /^(expr|query)$/ && !ref $x->{$_} ? $x->{$_} : exprs($x->{$_}) } keys %$x :
		ref $x eq "ARRAY" ? map { exprs($_) } @$x : () }
	for (exprs(decode_json($_))) { print "$1\n" while /(vmapeek_\w+)/g }' "$src/grafana-dashboard.json" | sort -u >names || status=1
ok "$status" 'dashboard: is JSON'
ok "$(($(wc -l <names) < 8))" 'dashboard: names metrics'
status=0
while read -r name; do
	grep -q "^${name}[ {]" out || { echo "the dashboard has $name" >>err; status=1; }
done <names
ok "$status" 'dashboard: there is such a metric for each'
ends 'status --openmetrics: to a file' 0 status --openmetrics="$dir/vmapeek.prom"
says 'status --openmetrics: to a file, whole' '^# EOF$' vmapeek.prom
ok "$([[ $(stat -c %a vmapeek.prom) == 644 && $(ls vmapeek.prom*) == vmapeek.prom ]]; echo $?)" \
	'status --openmetrics: to a file, for all to read, and nothing else'
ends 'status --openmetrics: no such directory' 1 status --openmetrics="$dir/none/x.prom"
says 'status --openmetrics: no such directory, says so' 'cannot write .*none' err
fake_kernel
ends 'status --openmetrics: not loaded' 3 status --openmetrics
says 'status --openmetrics: not loaded, says so' '^vmapeek_loaded 0$' out
ok "$(grep -q reads_total out; echo $((!$?)))" 'status --openmetrics: not loaded, no counters'

fake_kernel
ends 'status: not loaded' 3 status
says 'status: not loaded, says so' '^vmapeek is not loaded$' out
fake_livepatch 1 0
rm -r "${VMAPEEK_ROOT:?}/$livepatch"
ends 'status: the livepatch is gone' 3 status
says 'status: the livepatch is gone, what to do' "run 'vmapeek on'" err
fake_livepatch 1 1
fake_task 40 40 1 'done'
fake_task 41 41 0 $'br\x80ken\t) "name'
fake_task 41 42 0 thread
ends 'status: being switched on' 4 status
says 'status: task left' '^tasks that have not switched: 2;' out
says 'status: where it waits' 'thread, process 41, thread 42, waits in process_vm_rw_core (state D)' out
in_rt_lock proc/41/task/42
ends 'status: being switched on, PREEMPT_RT' 4 status
says 'status: where it waits, PREEMPT_RT' 'thread, process 41, thread 42, waits in process_vm_rw_core (state D)' out
ends 'status --json: being switched on' 4 status --json
# shellcheck disable=SC2016
json 'status --json: tasks left' '@{$o->{not_switched}} == 2 && $o->{transition}'

# watch
fake_livepatch 1 0
ends 'watch' 0 watch -n 2 -i 0.05
says 'watch: a line each' '^[0-9:]* on reads/s=0.0$' out
[[ $(wc -l <out) == 2 ]] && status=0 || status=1
ok "$status" 'watch: two lines'
# What the counter becomes meanwhile, what it counts then
for pair in '1000 100' '50 50'; do
	fake_livepatch 1 0
	(sleep 0.5; echo "${pair% *}" >"$VMAPEEK_ROOT/sys/module/vmapeek/stats/fast") &
	ends "watch --json: fast becomes ${pair% *}" 0 watch -n 1 -i 1.5 --json
	wait
	# shellcheck disable=SC2016
	json 'watch --json: rate' 'abs($o->{per_second}{fast} * $o->{seconds} - '"${pair#* }"') < 1'
done
fake_livepatch 1 0
TERM=xterm script -qec "'$VMAPEEK' watch -n 1 -i 0.1" /dev/null </dev/null >out 2>err || true
says 'watch: redraws on a terminal' $'\033\\[H\033\\[J' out
TERM=dumb script -qec "'$VMAPEEK' watch -n 1 -i 0.1" /dev/null </dev/null >out 2>err || true
says 'watch: a line on a dumb terminal' '^[0-9:]* on reads/s=0.0' out
# It goes away, and comes back.
rm out
"$VMAPEEK" watch -i 0.05 >out 2>err &
background=$!
until [[ -s out ]]; do sleep 0.05; done
mv "$VMAPEEK_ROOT/$livepatch" "$VMAPEEK_ROOT/livepatch"
mv "$VMAPEEK_ROOT/sys/module/vmapeek" "$VMAPEEK_ROOT/module"
until grep -q 'not loaded' out; do sleep 0.05; done
sleep 0.3
mv "$VMAPEEK_ROOT/module" "$VMAPEEK_ROOT/sys/module/vmapeek"
mv "$VMAPEEK_ROOT/livepatch" "$VMAPEEK_ROOT/$livepatch"
until tail -n 1 out | grep ' on ' >/dev/null; do sleep 0.05; done
kill -TERM "$background"
wait "$background" || true
background=
says 'watch: unloaded meanwhile, one line' '^1$' <(grep -c 'not loaded' out)
fake_kernel
ends 'watch: not loaded' 3 watch -n 1 --json
says 'watch: not loaded, what to do' "run 'vmapeek on' first" err
# shellcheck disable=SC2016
json 'watch --json: not loaded' '$o->{error} =~ /not loaded/'
fake_livepatch 1 0
"$VMAPEEK" watch -i 30 >out 2>err &
background=$!
sleep 0.5
kill -TERM "$background"
status=0
wait "$background" || status=$?
background=
ok "$status" 'watch: ends well by a signal'

# watch --by-reader
ends 'watch --by-reader: no tracefs' 1 watch --by-reader --json
says 'watch --by-reader: no tracefs, what to do' 'mount -t tracefs' err
mkdir -p "$VMAPEEK_ROOT/sys/kernel/tracing/instances"
rm -r "${VMAPEEK_ROOT:?}/$livepatch" "$VMAPEEK_ROOT/sys/module/vmapeek"
ends 'watch --by-reader: not loaded' 3 watch --by-reader
says 'watch --by-reader: not loaded, what to do' "run 'vmapeek on' first" err

# stuck
# thread PID TID STATE "SYSCALL" FUNCTION..: of a process whose parent is $parent
thread()
{
	local task=proc/$1/task/$2 pid=$1 tid=$2 state=$3 call=$4
	shift 4

	file "$task/status" "$(printf 'Name:\tjob%d\nState:\t%s (x)\nTgid:\t%d\nPPid:\t%d\nNSpid:\t%s\nVmPeak:\t1\nVmSize:\t%d\n' \
		"$tid" "$state" "$pid" "${parent:-1}" "${numbers:-$tid}" "${size:-$pid}")"
	cp "$VMAPEEK_ROOT/$task/status" "$VMAPEEK_ROOT/proc/$pid/status"
	for key in VmLck VmPin VmData VmStk VmExe VmLib VmPTE; do
		printf '%s:\t0\n' "$key" >>"$VMAPEEK_ROOT/proc/$pid/status"
	done
	file "proc/$pid/comm" "job$pid"
	file "$task/stack" "$(printf '[<0>] %s+0x1/0x2\n' "$@" | sed 's/\(+.*\)+.*/\1/')"
	file "$task/syscall" "$call"
	file "$task/wchan" "$1"
	mkdir -p "$VMAPEEK_ROOT/$task/fd"
}

# opens PID FD PATH
opens()
{
	mkdir -p "$VMAPEEK_ROOT/proc/$1/fd"
	ln -sfn "$3" "$VMAPEEK_ROOT/proc/$1/task/$1/fd/$2"
	ln -sfn "$3" "$VMAPEEK_ROOT/proc/$1/fd/$2"
}

in_munmap=(do_vmi_munmap __vm_munmap __x64_sys_munmap)
call_munmap='11 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0'
call_read='0 0x3 0x0 0x0 0x0 0x0 0x0 0x0 0x0'
in_fault=(do_wp_page __handle_mm_fault handle_mm_fault do_user_addr_fault exc_page_fault)
in_cmdline=(proc_pid_cmdline_read vfs_read ksys_read do_syscall_64)

# As root sees it, with one that is not stuck
fake_tasks()
{
	unset parent numbers size
	fake_kernel
	file proc/self/stack x
	mkdir -p "$VMAPEEK_ROOT/proc/1/task"
	thread 9 9 S '7 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0' do_poll
	thread 9 8 D '74 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0' jbd2_log_wait_commit ext4_sync_file
}

# The usual pair: 11 has the VMA, 12 the mmap lock.
fake_stuck()
{
	fake_tasks
	thread 10 11 D '-1 0x0 0x0' percpu_rwsem_wait ext4_page_mkwrite do_page_mkwrite "${in_fault[@]}"
	thread 10 12 D "$call_munmap" __split_vma.isra.0 "${in_munmap[@]}"
	# /proc has threads as well, unlisted.
	file proc/12/status $'Tgid:\t10'
}

# stuck NAME EXPRESSION: there is one, and $p is it
stuck()
{
	ends "stuck: $1" 5 stuck --json
	# shellcheck disable=SC2016
	json "stuck: $1: which" '@{$o->{stuck}} == '"${3:-1}"' && do { our $p = $o->{stuck}[0]; '"$2"' }'
}

fake_tasks
ends 'stuck: nothing' 0 stuck
says 'stuck: nothing, says so' '^no process is stuck: of 2 tasks' out
fake_stuck
# shellcheck disable=SC2016
stuck 'a pair' '$p->{pid} == 10 && $p->{comm} eq "job10" && $p->{holder}{tid} == 12 && $p->{holder}{sure} &&
	$p->{holder}{activity} eq "munmap" && $p->{vma_holder}{tid} == 11 && $p->{vma_holder}{sure} &&
	$p->{behind} eq "frozen file system" && $p->{own_waiting} == 1 && $p->{others_waiting} == 0'
in_rt_lock proc/10/task/12
# shellcheck disable=SC2016
stuck 'a pair, PREEMPT_RT' '$p->{holder}{tid} == 12 && $p->{holder}{activity} eq "munmap" && $p->{vma_holder}{tid} == 11'
ends 'stuck: as text' 5 stuck
says 'stuck: as text: process' '^10 job10 *>1s *1 *0  the frozen file system ext4$' out
says 'stuck: as text: holder' 'for writing by its thread 12 (job12), in munmap, waits for the lock of a VMA in __split_vma < do_vmi' out
says 'stuck: as text: VMA' 'held by its thread 11 (job11), in a page fault, sleeps in percpu_rwsem_wait < ext4_page' out
says 'stuck: as text: nobody else' 'waiting  *nobody else' out
ends 'stuck --watch' 5 stuck --watch=0.1 -n 2
says 'stuck --watch: twice' '^2$' <(grep -c '^10 job10' out)
ends 'stuck --watch, a word of its own' 5 stuck --watch 0.1 -n 1
ends 'stuck --watch, no number' 64 stuck --watch never
ends 'stuck: one argument too many' 64 stuck 5
file proc/10/mountinfo '1 0 8:1 / / rw - xfs /dev/sda rw
2 1 8:2 / /ice rw - ext4 /dev/sdb rw'
# shellcheck disable=SC2016
stuck 'the only mount of that type' '$p->{behind_text} eq "the frozen file system ext4 /ice"'
echo '3 1 8:3 / /home rw - ext4 /dev/sdc rw' >>"$VMAPEEK_ROOT/proc/10/mountinfo"
# shellcheck disable=SC2016
stuck 'one of two mounts' '$p->{behind_text} eq "the frozen file system ext4, one of 2"'
mkdir -p "$VMAPEEK_ROOT/proc/10/fd"
ln -s /home/x "$VMAPEEK_ROOT/proc/10/fd/5"
# shellcheck disable=SC2016
stuck 'the mount with open files' '$p->{behind_text} eq "the frozen file system ext4 /home (the process has files there open)"'

# FUSE: fusectl is none, and its server is told by the requests that it has not answered.
fake_fuse()
{
	fake_tasks
	thread 10 11 S '-1 0x0 0x0' request_wait_answer fuse_simple_request fuse_read_folio filemap_fault "${in_fault[@]:1:2}" exc_page_fault
	thread 10 12 D "$call_munmap" __vm_munmap __x64_sys_munmap
	file proc/10/mountinfo '1 0 0:30 / /sys/fs/fuse/connections rw - fusectl fusectl rw
2 1 0:31 / /mnt/a rw - fuse.sshfs host: rw'
}

fake_fuse
# shellcheck disable=SC2016
stuck 'FUSE, the only mount' '$p->{behind_text} eq "the file system fuse /mnt/a" && $p->{holder}{tid} == 11 &&
	$p->{holder}{activity} eq "a page fault"'
echo '3 1 8:3 / /mnt/b rw - fuseblk /dev/sdc rw' >>"$VMAPEEK_ROOT/proc/10/mountinfo"
# shellcheck disable=SC2016
stuck 'FUSE, one of two mounts' '$p->{behind_text} eq "the file system fuse, one of 2"'
file sys/fs/fuse/connections/31/waiting 0
file sys/fs/fuse/connections/8388611/waiting 1
# shellcheck disable=SC2016
stuck 'FUSE, the one that does not answer' '$p->{behind_text} eq "the file system fuse /mnt/b (its server does not answer)"'
thread 10 11 D '-1 0x0 0x0' folio_wait_bit_common filemap_fault __do_fault "${in_fault[@]:1}"
# shellcheck disable=SC2016
stuck 'FUSE, read ahead' '$p->{behind_text} =~ /; the server of the file system fuseblk \/mnt\/b has not answered 1 request$/'

# Readers, each as a process of its own: PID, what it does in JSON, its system call, its functions
reader()
{
	fake_stuck
	thread 20 20 D "$3" "${@:4}"
	opens 20 3 "${path:-/proc/10/maps}"
	# shellcheck disable=SC2016
	stuck "reader: $1" '$p->{pid} == 10 && $p->{others_waiting} == 1 && $p->{waiting}[0]{tid} == 20 &&
		($p->{waiting}[0]{reads} // "") eq "'"$2"'"'
}

reader maps maps "$call_read" m_start seq_read_iter vfs_read ksys_read
path=/proc/10/task/12/smaps reader 'of a thread' smaps "$call_read" m_start seq_read_iter vfs_read ksys_read
path=/10/cmdline reader 'of a proc that is mounted elsewhere' cmdline "$call_read" __access_remote_vm "${in_cmdline[@]}"
reader process_vm_readv process_vm_readv '310 0xa 0x0 0x1 0x0 0x1 0x0 0x0 0x0' process_vm_rw_core.constprop.0 process_vm_rw
reader 'process_vm_readv of a thread' process_vm_readv '310 0xc 0x0 0x1 0x0 0x1 0x0 0x0 0x0' process_vm_rw_core process_vm_rw
reader 'process_vm_readv, GUP' process_vm_readv '310 0xa 0x0 0x1 0x0 0x1 0x0 0x0 0x0' __gup_longterm_locked process_vm_rw_core
reader ptrace ptrace '101 0x2 0xa 0x0 0x0 0x0 0x0 0x0 0x0' __access_remote_vm ptrace_access_vm
reader '32 bit' ptrace '26 0x2 0xa 0x0 0x0 0x0 0x0 0x0 0x0' __access_remote_vm ptrace_access_vm __do_fast_syscall_32
reader '7.3, maps' maps "$call_read" lock_next_vma proc_get_vma.isra.0 seq_read_iter
reader 'the module' process_vm_readv '310 0xa 0x0 0x1 0x0 0x1 0x0 0x0 0x0' 'remote_readv_pin_rest+0x5/0x9 [vmapeek]'
reader 'the module vmapeek_maps' maps "$call_read" 'lock_next_vma_slow+0x5/0x9 [vmapeek_maps]' \
	'vmapeek_seq_read+0x5/0x9 [vmapeek_maps]' vfs_read ksys_read
path='pipe:[12]' fake_stuck
thread 20 20 D '310 0x7 0x0 0x1 0x0 0x1 0x0 0x0 0x0' process_vm_rw_core process_vm_rw
# shellcheck disable=SC2016
stuck 'reader of one that is gone' '$p->{pid} == 10 && !defined $o->{stuck}[1]{pid} && $o->{stuck}[1]{waiting}[0]{tid} == 20' 2
fake_stuck
thread 20 20 D 'running' collapse_huge_page khugepaged
# shellcheck disable=SC2016
stuck 'a kernel thread' '$p->{others_waiting} == 0 && !defined $o->{stuck}[1]{pid} && $o->{stuck}[1]{others_waiting} == 1' 2

# In another PID namespace, numbers are other ones. 30 is a process of a third one with the same number.
fake_stuck
numbers='10 5' thread 10 10 S "$call_read" do_poll
numbers='30 5' thread 30 30 S "$call_read" do_poll
numbers='20 6' thread 20 20 D "$call_read" __access_remote_vm "${in_cmdline[@]}"
opens 20 3 /proc/5/cmdline
for pair in 10:a 20:a 30:b; do
	mkdir -p "$VMAPEEK_ROOT/proc/${pair%:*}/ns"
	ln -s "pid:[${pair#*:}]" "$VMAPEEK_ROOT/proc/${pair%:*}/ns/pid"
done
# shellcheck disable=SC2016
stuck 'another PID namespace' '$p->{pid} == 10 && $p->{others_waiting} == 1'

# The reader holds the lock that the target waits for.
fake_tasks
thread 10 12 D "$call_munmap" __vm_munmap __x64_sys_munmap
thread 20 20 D '17 0x3 0x0 0x0 0x0 0x0 0x0 0x0 0x0' folio_wait_bit_common do_swap_page handle_mm_fault __get_user_pages \
	get_user_pages_remote __access_remote_vm mem_rw vfs_read
opens 20 3 /proc/10/mem
file proc/10/cgroup 0::/batch
# shellcheck disable=SC2016
stuck 'by its reader' '$p->{holder}{pid} == 20 && $p->{holder}{reads} eq "mem" && $p->{holder}{sure} &&
	$p->{holder}{holds} =~ /reading/ && $p->{behind_text} eq "swap, memory cgroup /batch" && $p->{own_waiting} == 1'
ends 'stuck: by its reader, as text' 5 stuck
says 'stuck: by its reader, as text: holder' 'held for reading by job20 20 (mem), sleeps in folio_wait_bit_common < do_swap_page' out

# clear_refs has the mmap lock, and waits for a VMA's.
fake_tasks
thread 10 11 D '-1 0x0 0x0' percpu_rwsem_wait ext4_page_mkwrite do_page_mkwrite "${in_fault[@]}"
thread 20 20 D '1 0x3 0x0 0x0 0x0 0x0 0x0 0x0 0x0' walk_page_range clear_refs_write vfs_write ksys_write
opens 20 3 /proc/10/clear_refs
# shellcheck disable=SC2016
stuck 'clear_refs' '$p->{pid} == 10 && $p->{holder}{pid} == 20 && $p->{holder}{holds} =~ /writing/ && $p->{vma_holder}{tid} == 11'

# FUSE sleeps interruptibly: only looked at if no holder is found otherwise.
fake_tasks
thread 10 12 D "$call_munmap" __vm_munmap __x64_sys_munmap
thread 20 20 S '17 0x3 0x0 0x0 0x0 0x0 0x0 0x0 0x0' request_wait_answer fuse_simple_request fuse_read_folio \
	handle_mm_fault __get_user_pages __access_remote_vm mem_rw vfs_read
opens 20 3 /proc/10/mem
# shellcheck disable=SC2016
stuck 'an interruptible holder' '$p->{holder}{pid} == 20 && $p->{behind} eq "file system" && $p->{behind_text} =~ /fuse/'

# Faults that may have dropped the lock
fake_tasks
thread 10 11 D '-1 0x0 0x0' folio_wait_bit_common filemap_fault __do_fault "${in_fault[@]:1}"
thread 10 12 D "$call_munmap" __vm_munmap __x64_sys_munmap
# shellcheck disable=SC2016
stuck 'a fault' '$p->{holder}{tid} == 11 && !$p->{holder}{sure} && $p->{behind} eq "device"'
ends 'stuck: a fault, as text' 5 stuck
says 'stuck: a fault, as text: not sure' 'probably held for reading by its thread 11' out

# The memory cgroup's limit
fake_tasks
thread 10 11 D '-1 0x0 0x0' io_schedule_timeout try_to_free_mem_cgroup_pages try_charge_memcg "${in_fault[@]}"
thread 10 12 D "$call_munmap" __split_vma "${in_munmap[@]}"
file proc/10/cgroup 0::/batch
mkdir -p "$VMAPEEK_ROOT/sys/block/dm-3/dm"
file sys/block/dm-3/dm/suspended 1
file sys/block/dm-3/dm/name vg-swap
# shellcheck disable=SC2016
stuck 'memory cgroup' '$p->{behind} eq "memory cgroup" &&
	$p->{behind_text} eq "the limit of the memory cgroup /batch; the device vg-swap (dm-3) is suspended"'

# userfaultfd drops the lock.
fake_tasks
thread 10 11 D '-1 0x0 0x0' handle_userfault do_anonymous_page "${in_fault[@]:1}"
thread 10 12 D "$call_munmap" __vm_munmap __x64_sys_munmap
thread 21 21 R running x
opens 21 4 /proc/10/smaps
# shellcheck disable=SC2016
stuck 'no holder' '!defined $p->{holder} && $p->{behind} eq "unknown" && $p->{candidates}[0]{pid} == 21 &&
	$p->{candidates}[0]{file} eq "smaps" && $p->{candidates}[0]{state} eq "R"'
ends 'stuck: no holder, as text' 5 stuck
says 'stuck: no holder, as text: says so' 'mmap lock  *holder unknown' out
says 'stuck: no holder, as text: candidates' 'job21 21 has its smaps open (state R)' out

# A vfork() child in exec: its files block, as a FIFO does.
fake_stuck
parent=10 size=10 thread 14 14 D x x
rm "$VMAPEEK_ROOT"/proc/14/task/14/{stack,wchan}
mkfifo "$VMAPEEK_ROOT"/proc/14/task/14/{stack,wchan}
thread 20 20 D "$call_read" do_task_stat proc_tgid_stat vfs_read ksys_read
opens 20 3 /proc/14/stat
# shellcheck disable=SC2016
stuck 'in exec' '(grep { $_->{pid} == 10 && $_->{others_waiting} == 1 && $_->{waiting}[0]{reads} eq "exec" } @{$o->{stuck}}) &&
	(grep { $_->{pid} == 14 && $_->{in_exec} && $_->{memory_of} == 10 && $_->{waiting}[0]{waits_for} eq "exec_update_lock" &&
	$_->{behind_text} eq "process 10" } @{$o->{stuck}})' 2
ends 'stuck: in exec, as text' 5 stuck
says 'stuck: in exec, as text: whose memory' 'in exec() and holds its exec_update_lock; waits for the mmap lock of process 10' out

fake_stuck
parent=10 thread 14 14 D x x
rm "$VMAPEEK_ROOT"/proc/14/task/14/{stack,wchan}
mkfifo "$VMAPEEK_ROOT"/proc/14/task/14/{stack,wchan}
# shellcheck disable=SC2016
stuck 'in exec, with memory of its own' '$p->{pid} == 10 && $p->{others_waiting} == 0'

# One that ends while its parent is in vfork()
fake_stuck
thread 10 13 D '58 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0' kernel_clone __do_sys_vfork
parent=10 size=10 thread 14 14 D '231 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0' acct_collect do_exit
# shellcheck disable=SC2016
stuck 'exit after vfork' '$p->{pid} == 10 && $p->{others_waiting} == 1 && grep { $_->{tid} == 14 } @{$p->{waiting}}'

# Not root: no stacks, and of others' processes no wchan
fake_stuck
rm "$VMAPEEK_ROOT/proc/self/stack" "$VMAPEEK_ROOT"/proc/*/task/*/stack
file proc/9/task/8/wchan 0
# shellcheck disable=SC2016
stuck 'not root' '$p->{pid} == 10 && $p->{holder}{tid} == 12 && !defined $p->{vma_holder} && $o->{not_seen} == 1'
ends 'stuck: not root, as text' 5 stuck
says 'stuck: not root, says so' 'not root: 1 tasks .* run this as root' err
fake_tasks
rm "$VMAPEEK_ROOT/proc/self/stack" "$VMAPEEK_ROOT"/proc/*/task/*/stack
file proc/9/task/8/wchan 0
ends 'stuck: not root, nothing seen' 2 stuck

# What /proc does not show
fake_tasks
rm "$VMAPEEK_ROOT/proc/9/task/8/status"
ends 'stuck: all seen' 0 stuck
rmdir "$VMAPEEK_ROOT/proc/1/task"
ends 'stuck: hidepid' 2 stuck --json
# shellcheck disable=SC2016
json 'stuck --json: hidepid' 'exists $o->{not_seen} && !defined $o->{not_seen}'
says 'stuck: hidepid, says so' 'does not show the processes of other users (hidepid); run this as root' err
fake_kernel
ends 'stuck: no /proc' 1 stuck --json
says 'stuck: no /proc, what to do' 'mount -t proc' err
# shellcheck disable=SC2016
json 'stuck --json: no /proc' '$o->{error} =~ /no tasks/'

# begin ARGUMENT..: starts vmapeek in the background, and waits until it runs. Bash has background jobs ignore SIGINT.
begin()
{
	perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$VMAPEEK" "$@" >out 2>err &
	background=$!
	until [[ /proc/$background/exe -ef $VMAPEEK ]] || ! kill -0 "$background" 2>/dev/null; do
		sleep 0.1
	done
}

# end SIGNAL: sends it, and sets the exit status
end()
{
	kill "-$1" "$background" 2>/dev/null || true
	status=0
	wait "$background" || status=$?
	background=
}

# Ctrl-C while a file does not answer: at once
fake_stuck
for pid in {31..60}; do
	thread "$pid" "$pid" D x x
	rm "$VMAPEEK_ROOT/proc/$pid/task/$pid/stack"
	mkfifo "$VMAPEEK_ROOT/proc/$pid/task/$pid/stack"
done
for option in '' --watch; do
	# shellcheck disable=SC2086
	begin stuck $option
	sleep 1
	end INT
	ok "$((status != 130))" "stuck $option: interrupted"
	ok "$([[ ! -s out ]]; echo $?)" "stuck $option: interrupted before it had looked"
done

# on and off
fake_livepatch 1 0
ends 'on: was on' 0 on
says 'on: was on, says so' '^vmapeek was on already$' out
fake_livepatch 1 1
fake_task 41 42 0 stuck
ends 'on: time-out' 75 on --timeout=0.3
says 'on: time-out, names the task' 'stuck, process 41, thread 42' err
says 'on: time-out, what to do' "'vmapeek on' waits again, 'vmapeek off' reverses it" err
ends 'on --json: time-out' 75 on --timeout=0.3 --json -q
# shellcheck disable=SC2016
json 'on --json: time-out, content' '$o->{error} =~ /time is up/ && $o->{not_switched}[0]{tid} == 42 &&
	$o->{not_switched}[0]{waits_in} eq "process_vm_rw_core" && !$o->{changed} && $o->{state} eq "being switched on"'
says 'on -q: one line' '^1$' <(grep -c '^vmapeek: ' err)
(sleep 0.5; echo 0 >"$VMAPEEK_ROOT/$livepatch/transition") &
ends 'on: waits' 0 on
wait
for signal in INT TERM; do
	fake_livepatch 0 1
	begin on --json
	# vmapeek blocks the signals before it writes to this file.
	until grep -q 1 "$VMAPEEK_ROOT/$livepatch/enabled" || ! kill -0 "$background" 2>/dev/null; do
		sleep 0.1
	done
	end "$signal"
	ok "$((status != 130))" "on: interrupted by $signal"
	says "on: interrupted by $signal, what goes on" 'interrupted after .* the kernel continues' err
	# shellcheck disable=SC2016
	json "on --json: interrupted by $signal" '$o->{error} =~ /^interrupted/'
done
fake_livepatch 0 1
ends 'on: takes off back' 75 on --timeout=0.1
says 'on: wrote 1' '^1' "$VMAPEEK_ROOT/$livepatch/enabled"
fake_livepatch 1 0
ends 'off: time-out' 75 off --timeout=0.2
says 'off: wrote 0' '^0' "$VMAPEEK_ROOT/$livepatch/enabled"
fake_livepatch 0 1
(sleep 0.5; rm -r "$VMAPEEK_ROOT/sys/module/vmapeek"; rm -r "${VMAPEEK_ROOT:?}/$livepatch") &
ends 'off: waits until it is gone' 0 off
wait
says 'off: was off in the end' '^vmapeek was off already$' out
# The other module
fake_livepatch 1 0
ends 'on: no vmapeek_maps' 0 on --json
says 'on: no vmapeek_maps, says so' "vmapeek_maps is not on, .*: there is no module vmapeek_maps for the kernel $release" err
# shellcheck disable=SC2016
json 'on --json: no vmapeek_maps' '$o->{state} eq "on" && !$o->{error} && $o->{maps_error} =~ /no module vmapeek_maps/ &&
	$o->{groups}[1]{state} eq "not loaded"'
ends 'on --without-maps' 0 on --without-maps
ok "$(grep -q vmapeek_maps out err; echo $((!$?)))" 'on --without-maps: not a word'
fake_maps 1 0
ends 'on: both were on' 0 on
says 'on: both were on, says so' '^vmapeek_maps was on already$' out
fake_maps 1 1
fake_task 41 42 0 hanging
ends 'on: vmapeek_maps waits for a reader that hangs' 0 on
says 'on: vmapeek_maps waits, names the reader' 'vmapeek_maps is not on for every task: .* hanging (process 41, in process_vm' err
says 'on: vmapeek_maps waits, one line' '^1$' <(grep -c '^vmapeek: ' err)
ends 'on: vmapeek_maps, time-out' 75 on --timeout=0.3
says 'on: vmapeek_maps, time-out, says which' 'vmapeek_maps is being switched on; the kernel continues' err
fake_livepatch 1 0
fake_maps 1 0
ends 'off: time-out of vmapeek_maps' 75 off --timeout=0.2
ok "$([[ $(<"$VMAPEEK_ROOT/$maps_livepatch/enabled") == 0* && $(<"$VMAPEEK_ROOT/$livepatch/enabled") == 1 ]]; echo $?)" \
	'off: vmapeek_maps first'
fake_livepatch 1 1
fake_maps 1 0
ends 'off: time-out of vmapeek, which is being switched' 75 off --timeout=0.2
ok "$([[ $(<"$VMAPEEK_ROOT/$livepatch/enabled") == 0* && $(<"$VMAPEEK_ROOT/$maps_livepatch/enabled") == 1 ]]; echo $?)" \
	'off: the one that is being switched first'
fake_kernel
fake_maps 1 1
ends 'on: vmapeek_maps is in the way' 75 on --timeout=0.2
says 'on: vmapeek_maps is in the way, taken back' '^0' "$VMAPEEK_ROOT/$maps_livepatch/enabled"

fake_kernel
ends 'on: no module for this kernel' 1 on --json
says 'on: no module for this kernel, says so' "there is no module vmapeek for the kernel $release" err
# shellcheck disable=SC2016
json 'on --json: no module for this kernel' '$o->{error} =~ /no module/ && $o->{state} eq "not loaded"'
ends 'on: no file' 1 on --module="$dir/none.ko"
says 'on: no file, says so' 'cannot read .*none.ko' err
echo text >text.ko
ends 'on: no module' 1 on --module="$dir/text.ko"
ends 'on --json: a name that is not UTF-8' 1 on --module=$'/\xc3\xa4\xff' --json
# shellcheck disable=SC2016
json 'on --json: a name that is not UTF-8: JSON' '$o->{error} =~ m{cannot read /\x{e4}\?}'
mkdir -p "$VMAPEEK_ROOT/sys/kernel/livepatch/other"
file sys/kernel/livepatch/other/transition 1
ends 'on: another livepatch is being switched' 75 on --timeout=0.1
rm -r "${VMAPEEK_ROOT:?}/sys/kernel/livepatch"
ends 'on: no livepatching' 1 on
says 'on: no livepatching, says so' 'cannot livepatch' err

# Not as root; there, nothing is loaded.
unset VMAPEEK_ROOT
if [[ ! -e /sys/module/vmapeek ]]; then
	cp "$VMAPEEK" vmapeek
	as=()
	((EUID)) || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	status=0
	"${as[@]}" ./vmapeek on --json >out 2>err || status=$?
	((status == 77)) && status=0 || status=1
	ok "$status" 'on: not root'
	says 'on: not root, says so' "run 'sudo vmapeek on'" err
	# shellcheck disable=SC2016
	json 'on --json: not root' '$o->{error} =~ /only root/'
fi

# check
fake_check()
{
	local name

	fake_livepatch 1 0
	file sys/kernel/security/lsm lockdown
	file sys/kernel/security/lockdown '[none] integrity confidentiality'
	file "boot/config-$release" $'CONFIG_LIVEPATCH=y\nCONFIG_PER_VMA_LOCK=y\nCONFIG_PROC_PAGE_MONITOR=y\nCONFIG_NUMA=y\nCONFIG_SHMEM=y'
	{
		for name in "$src/../kernel" "$src/../kernel/maps"; do
			sed -n 's/^.*\.old_name = "\(.*\)".*/\1/p' "$name/livepatch.c"
			sed '/^#/d; s/[[:blank:]]*#.*//' "$name/klp-symbols"
		done
		echo klp_enable_patch
	} | sort -u | while read -r name; do
		printf '0000000000000000 T %s\n' "$name"
		printf '0000000000000000 t %s\t[module]\n' "$name"
	done >"$VMAPEEK_ROOT/proc/kallsyms"
}

# answer NAME POINT ANSWER: of the last check
answer()
{
	# shellcheck disable=SC2016
	json "$1" '(grep { $_->{name} eq "'"$2"'" } @{$o->{checks}})[0]{answer} eq "'"$3"'"'
}

# point NAME POINT ANSWER: the same of a check, with its exit code
point()
{
	local code=1

	case $3 in
	yes) code=0 ;;
	unknown) code=2 ;;
	esac
	ends "check: $1" "$code" check --json
	answer "check: $1: $2 is $3" "$2" "$3"
}

fake_check
ends 'check: would work' 0 check
says 'check: says so, and that it is on' '^vmapeek works on this kernel, but for vmapeek_maps: it is on$' out
point 'would work, JSON' kernel yes
for version in '6.12.94 no' '6.12.95-1 yes' '6.12.300 yes' '6.13.0-rc1 no' '7.3.3 no' '7.3.4 yes' '7.4 no' '6.11.99 no' '5.10.1 no'; do
	fake_check
	cp "$VMAPEEK_ROOT/boot/config-$release" "$VMAPEEK_ROOT/boot/config-${version% *}"
	file proc/sys/kernel/osrelease "${version% *}"
	point "Linux ${version% *}" kernel "${version#* }"
done
fake_check
sed -i s/PER_VMA/XXX/ "$VMAPEEK_ROOT/boot/config-$release"
point 'no VMA locks' configuration no
fake_check
gzip -c "$VMAPEEK_ROOT/boot/config-$release" >"$VMAPEEK_ROOT/proc/config.gz"
rm "$VMAPEEK_ROOT/boot/config-$release"
point 'configuration in /proc' configuration yes
rm "$VMAPEEK_ROOT/proc/config.gz"
point 'configuration by symbols' configuration yes
sed -i '/klp_enable_patch/d' "$VMAPEEK_ROOT/proc/kallsyms"
point 'no livepatching by symbols' configuration no
rm "$VMAPEEK_ROOT/proc/kallsyms"
point 'nothing to look at' configuration unknown
answer 'check: nothing to look at: symbols are unknown' symbols unknown
for name in __pte_offset_map_lock pte_offset_map_lock; do
	fake_check
	sed -i "/ $name\$/d" "$VMAPEEK_ROOT/proc/kallsyms"
	point "the other name of $name is there" symbols yes
done
sed -i '/pte_offset_map_lock/d' "$VMAPEEK_ROOT/proc/kallsyms"
point 'neither name is there' symbols no
fake_check
sed -i '/ __access_remote_vm$/d; / __ia32_/d' "$VMAPEEK_ROOT/proc/kallsyms"
point 'a symbol is missing' symbols no
says 'check: names it, and not what is optional' 'missing: __access_remote_vm"' out
fake_check
sed -i '/ touch_pmd$/d' "$VMAPEEK_ROOT/proc/kallsyms"
point 'a symbol of an option that is not set' symbols yes
echo CONFIG_TRANSPARENT_HUGEPAGE=y >>"$VMAPEEK_ROOT/boot/config-$release"
point 'a symbol of an option that is set' symbols no
rm "$VMAPEEK_ROOT/boot/config-$release"
point 'a symbol of an option, no configuration to be read' symbols yes
fake_check
sed -i 's/ mem_rw$/&.constprop.0/' "$VMAPEEK_ROOT/proc/kallsyms"
point 'a symbol that the compiler has changed' symbols no
says 'check: a symbol that the compiler has changed, says so' 'changed by the compiler: mem_rw"' out
# maps NAME ANSWER: vmapeek works all the same
maps()
{
	ends "check: vmapeek_maps: $1" 0 check --json
	answer "check: vmapeek_maps: $1: $2" maps "$2"
	ends "check: vmapeek_maps: $1, as text" 0 check
}

fake_check
maps 'its module is not there' no
says 'check: vmapeek_maps: its module is not there, says so' '^vmapeek_maps  *no  *module: there is no vmapeek_maps.ko' out
says 'check: vmapeek_maps: the rest works' '^vmapeek works on this kernel, but for vmapeek_maps: ' out
fake_check
fake_maps 1 1
maps 'being switched on' yes
says 'check: vmapeek_maps: being switched on, says so' '^vmapeek_maps  *yes  *it is loaded, and being switched on$' out
says 'check: vmapeek_maps: being switched on, which is not in the way' '^other livepatches  *yes ' out
file "$livepatch/transition" 1
ends 'check: vmapeek_maps is switched on before vmapeek is' 1 check --json
answer 'check: vmapeek_maps is switched on before vmapeek is: no' livepatches no
fake_check
fake_maps 1 0
maps loaded yes
sed -i '/ lock_next_vma$/d' "$VMAPEEK_ROOT/proc/kallsyms"
maps 'a symbol of another series' yes
sed -i '/ show_smap$/d' "$VMAPEEK_ROOT/proc/kallsyms"
maps 'a symbol is missing' no
says 'check: vmapeek_maps: names it' 'symbols: missing: show_smap$' out
fake_check
fake_maps 1 0
sed -i '/NUMA/d' "$VMAPEEK_ROOT/boot/config-$release"
maps 'no NUMA' no
says 'check: vmapeek_maps: no NUMA, says so' 'has no CONFIG_NUMA' out
fake_check
fake_maps 1 0
mkdir -p "$VMAPEEK_ROOT/sys/kernel/livepatch/other/vmlinux/pagemap_read,1"
maps 'a livepatch of the same function' no
fake_check
file proc/cmdline module_blacklist=vmapeek_maps
mkdir -p "$VMAPEEK_ROOT/lib/modules/$release/updates"
maps 'the kernel is told to refuse it' no
fake_check
echo '0 t access_remote_vm' >>"$VMAPEEK_ROOT/proc/kallsyms"
point 'two functions of one name' symbols no
fake_check
file proc/sys/kernel/ftrace_enabled 0
point 'ftrace is off' livepatching no
fake_check
mkdir -p "$VMAPEEK_ROOT/sys/kernel/livepatch/other/vmlinux/schedule,1"
point 'a livepatch of other functions' livepatches yes
file sys/kernel/livepatch/other/transition 1
point 'a livepatch that is being switched' livepatches no
mkdir -p "$VMAPEEK_ROOT/sys/kernel/livepatch/other/vmlinux/access_remote_vm,1"
point 'a livepatch of the same function' livepatches no

# The rest only matters as long as it is not loaded.
fake_check_unloaded()
{
	fake_check
	rm -r "${VMAPEEK_ROOT:?}/$livepatch" "$VMAPEEK_ROOT/sys/module/vmapeek"
}

fake_check_unloaded
point 'no module' module no
answer 'check: no signature is required' loading yes
file "lib/modules/$release/extra/vmapeek.ko.xz" x
point 'depmod was not run' module no
says 'check: says so' "run 'depmod'" out
file sys/kernel/security/lockdown 'none [integrity] confidentiality'
ends 'check: lockdown' 1 check --json
answer 'check: lockdown: not known what is signed' loading unknown
file proc/sys/kernel/modules_disabled 1
ends 'check: no modules' 1 check --json
answer 'check: no modules: loading is no' loading no
fake_check_unloaded
rm -r "$VMAPEEK_ROOT/sys/kernel/security"
ends 'check: no securityfs' 1 check --json
answer 'check: no securityfs, no lockdown configured' loading yes
echo CONFIG_SECURITY_LOCKDOWN_LSM=y >>"$VMAPEEK_ROOT/boot/config-$release"
ends 'check: no securityfs' 1 check --json
answer 'check: no securityfs, lockdown configured' loading unknown
fake_check_unloaded
file proc/cmdline 'quiet module_blacklist=foo,vmapeek ro'
point 'the kernel is told to refuse it' loading no
says 'check: where' 'module_blacklist= on the kernel' out
file proc/cmdline 'quiet module_blacklist=vmapeek2 xmodule_blacklist=vmapeek'
ends 'check: the kernel is told to refuse others' 1 check --json
answer 'check: the kernel is told to refuse others: loading is yes' loading yes
file etc/modprobe.d/local.conf 'install vmapeek /bin/true'
point 'modprobe is told to do something else' loading no
says 'check: what to remove' "remove the line 'install vmapeek'" out
file etc/modprobe.d/local.conf 'blacklist vmapeek'
ends 'check: blacklisted' 1 check --json
answer 'check: blacklisted: not an obstacle' loading yes
says 'check: blacklisted: not at boot, and what to remove' "remove 'blacklist vmapeek'" out
unset VMAPEEK_ROOT

# check --build
# fake_build: a directory that modules are built in, whole
fake_build()
{
	local name

	fake_check
	rm -rf build
	mkdir -p build/{include/config,include/generated/uapi/linux,scripts/mod,tools/objtool}
	for name in Makefile include/generated/{autoconf,utsversion}.h scripts/mod/modpost tools/objtool/objtool; do
		: >"build/$name"
	done
	echo 6.12.117-other >build/include/config/kernel.release
	printf '#define LINUX_VERSION_CODE %d\n' $((6 << 16 | 12 << 8 | 117)) >build/include/generated/uapi/linux/version.h
	{
		awk -F '\t' '!/^#/ && $2 == "n" { print "CONFIG_" $1 "=y" }' "$src/../kernel/compat/options"
		echo CONFIG_OBJTOOL=y
		echo "CONFIG_CC_VERSION_TEXT=\"bash (of the test) 1.0\""
	} >build/.config
	printf '0x00000000\t%s\tvmlinux\tEXPORT_SYMBOL_GPL\t\n' handle_mm_fault klp_enable_patch >build/Module.symvers
	grep -v '\[module\]' "$VMAPEEK_ROOT/proc/kallsyms" >build/System.map
}

# build NAME POINT ANSWER [PATTERN]: of check --build, with its exit code, and what it says in a line of that answer
build()
{
	local code=1

	case $3 in
	yes) code=0 ;;
	unknown) code=2 ;;
	esac
	ends "check --build: $1" "$code" check --json --build=build
	answer "check --build: $1: $2 is $3" "$2" "$3"
	if [[ -n ${4:-} ]]; then
		ends "check --build: $1, as text" "$code" check --build build
		says "check --build: $1, says so" "  $3  *$4" out
	fi
}

fake_build
build 'all is there' kernel yes '6.12.117-other (Linux 6.12.117)$'
says 'check --build: all is there, the end' '^no obstacle found: ' out
# shellcheck disable=SC2016
ends 'check --build: JSON' 0 check --build build --json
# shellcheck disable=SC2016
json 'check --build: JSON names it' '$o->{build} eq "build" && $o->{would_work} eq "yes"'
ends 'check --build: no directory' 1 check --build=nowhere
says 'check --build: no directory, says so' 'there is no directory nowhere: ' err
for version in '6 12 94 no' '6 12 95 yes' '6 12 255 yes' '6 13 0 no' '7 3 3 no' '7 3 4 yes' '7 4 0 no'; do
	read -r major minor patch want <<<"$version"
	fake_build
	printf '#define LINUX_VERSION_CODE %d\n' $((major << 16 | minor << 8 | patch)) >build/include/generated/uapi/linux/version.h
	echo "$major.$minor.$patch" >build/include/config/kernel.release
	build "Linux $major.$minor.$patch" kernel "$want"
done
fake_build
echo 6.12.0-13-generic >build/include/config/kernel.release
build 'a name that is not the version' kernel yes
says 'check --build: a name that is not the version: not by DKMS' 'DKMS matches kernels by name' out
rm build/include/generated/uapi/linux/version.h
build 'no version' kernel no
while read -r option; do
	fake_build
	sed -i "s/^CONFIG_$option=y/# CONFIG_$option is not set/" build/.config
	build "no $option" configuration no "CONFIG_$option is not set"
done < <(awk -F '\t' '$3 == "no" { print $1 }' "$src/../kernel/compat/options")
fake_build
sed -i 's/NUMA\|LIVEPATCH/X/' build/.config
build 'two options' configuration no
says 'check --build: two options, one' 'CONFIG_NUMA is not set' out
says 'check --build: two options, the other' 'CONFIG_LIVEPATCH is not set' out
fake_build
rm build/.config
build 'no configuration' configuration no
fake_build
mv build/.config build/include/config/auto.conf
build 'the configuration that kbuild reads' configuration yes
fake_build
sed -i /IA32/d build/.config
build 'an option that is harmless' options yes 'CONFIG_IA32_EMULATION is not set, for vmapeek: '
fake_build
echo CONFIG_RANDSTRUCT=y >>build/.config
build 'an option that nobody has tried' options unknown 'CONFIG_RANDSTRUCT is set, for vmapeek_maps: '
for name in Makefile include/generated/{autoconf,utsversion}.h scripts/mod/modpost tools/objtool/objtool Module.symvers; do
	fake_build
	rm "build/$name"
	build "no $name" headers no "build lacks $name$"
done
sed -i /OBJTOOL/d build/.config
rm build/tools/objtool/objtool
: >build/Module.symvers
build "no symbols of the kernel" headers no "build lacks the kernel's symbols in Module.symvers$"
fake_build
sed -i 's/bash (/no-such-compiler (/' build/.config
build 'the compiler is not here' compiler unknown "the kernel was built with 'no-such-compiler (of the test) 1.0'; there is no no-such-compiler here"
printf '%s\n' CONFIG_CC_IS_CLANG=y 'CONFIG_CC_VERSION_TEXT="bash clang version 1.0"' >>build/.config
sed -i /no-such/d build/.config
command -v clang >/dev/null && status=0 || status=2
ends 'check --build: clang' "$status" check --build build
says 'check --build: clang, whoever made it' "built with 'bash clang version 1.0'; there is no clang\|clang is there; " out
fake_build
sed -i '/ process_vm_rw$/d' build/System.map
build 'a symbol is missing' symbols no 'missing: process_vm_rw$'
fake_build
sed -i '/ touch_pmd$/d' build/System.map
build 'a symbol of an option that is set' symbols no 'missing: touch_pmd$'
sed -i /TRANSPARENT/d build/.config
build 'a symbol of an option that is not set' symbols yes
fake_build
sed -i '/ show_smap$/d' build/System.map
ends 'check --build: vmapeek_maps lacks a symbol' 0 check --build=build
says 'check --build: vmapeek_maps lacks a symbol, says so' '^vmapeek_maps  *no  *missing: show_smap$' out
says 'check --build: the rest works' '^no obstacle found: .*, but for vmapeek_maps$' out
fake_build
sed -i '/ do_pagemap_\(cmd\|scan\)$/d' build/System.map
ends 'check --build: a symbol that clang inlines' 0 check --build=build
says 'check --build: a symbol that clang inlines, by gcc' '^vmapeek_maps  *no  *missing: do_pagemap_cmd do_pagemap_scan$' out
echo CONFIG_CC_IS_CLANG=y >>build/.config
ends 'check --build: a symbol that clang inlines, by clang' 0 check --build=build
says 'check --build: a symbol that clang inlines, by clang' '^vmapeek_maps  *yes ' out
fake_build
echo 'ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package' >"$VMAPEEK_ROOT/boot/System.map-6.12.117-other"
mv build/System.map map
build 'no System.map' symbols unknown 'there is no System.map of that kernel'
mv map "$VMAPEEK_ROOT/boot/System.map-6.12.117-other"
build 'System.map in /boot' symbols yes
fake_build
echo CONFIG_MODULE_SIG_FORCE=y >>build/.config
build 'signatures are required' loading unknown 'CONFIG_MODULE_SIG_FORCE requires signed modules'
unset VMAPEEK_ROOT

# The same of real headers, those of Debian's kernel under test. Its System.map is in another package.
if [[ -n ${KERNEL:-} ]] && kernel=$("$src/../lab/lab" kernel "$KERNEL" 2>err); then
	cat "$kernel/release" >debian
	ends 'check --build: real headers' 2 check --json --build="$kernel/lib/modules/$(<debian)/build"
	for name in 'kernel yes' 'configuration yes' 'headers yes' 'symbols unknown' 'loading yes'; do
		answer "check --build: real headers: $name" "${name% *}" "${name#* }"
	done
	says 'check --build: real headers: the release' "$(<debian) (Linux " out
else
	skip 'check --build: real headers' 'no KERNEL was named whose headers are in the cache'
fi

# What is in kernel/compat/options is in the sources, and the other way round.
awk -F '\t' '!/^#/ { print $1 }' "$src/../kernel/compat/options" | sort -u >options
grep -rhoE '^#.*CONFIG_[A-Z0-9_]+|IS_ENABLED\(CONFIG_[A-Z0-9_]+' "$src"/../kernel --include='*.[ch]' |
	grep -oE 'CONFIG_[A-Z0-9_]+' | sed 's/^CONFIG_//' | sort -u >used
# What x86-64 has anyhow, or never.
sed -i -E '/^(ARCH_HAS_PTE_SPECIAL|HIGHMEM)$/d' used
ok "$([[ -s used && -z $(comm -13 options used | tee -a err) ]]; echo $?)" 'options: all that the modules ask for'
awk -F '\t' '!/^#/ && $5 != "-" { gsub(" ", "\n", $5); print $5 }' "$src/../kernel/compat/options" | sort -u >named
{
	sed 's/[[:blank:]]*#.*//' "$src"/../kernel/klp-symbols "$src"/../kernel/maps/klp-symbols
	sed -n 's/^.*\.old_name = "\(.*\)".*/\1/p' "$src"/../kernel/livepatch.c "$src"/../kernel/maps/livepatch.c
} | sort -u >known
ok "$([[ -s named && -z $(comm -23 named known | tee -a err) ]]; echo $?)" 'options: their symbols are replaced or linked to'
# A function that is replaced in an #ifdef of the configuration has that option in the table.
awk '/^#ifdef CONFIG_/ { option = substr($2, 8) } /^#endif/ { option = "" }
	option && /\.old_name = "/ { split($0, part, "\""); print option "\t" part[2] }' \
	"$src"/../kernel/livepatch.c "$src"/../kernel/maps/livepatch.c | sort >ifdefs
awk -F '\t' '!/^#/ { n = split($5, s, " "); for (i = 1; i <= n; i++) print $1 "\t" s[i] }' "$src/../kernel/compat/options" | sort >pairs
ok "$([[ -s ifdefs && -z $(comm -23 ifdefs pairs | tee -a err) ]]; echo $?)" 'options: those that livepatches depend on'
ok "$(awk -F '\t' '!/^#/ && (NF != 6 || $2 !~ /^[ny]$/ || $3 !~ /^(yes|no|unknown)$/ || $4 !~ /^(vmapeek|vmapeek_maps|both)$/)' \
	"$src/../kernel/compat/options" | grep -c . >err; [[ $(<err) == 0 ]]; echo $?)" 'options: the columns'
awk -F '\t' '!/^#/ && $3 == "no" && $2 != "n"' "$src/../kernel/compat/options" >err
ok "$([[ ! -s err ]]; echo $?)" 'options: no kernel is refused for one that is set'
grep -rhoE 'this kernel has no CONFIG_[A-Z0-9_]+' "$src/../kernel/compat" | sed 's/.*CONFIG_//' | sort -u >stops
awk -F '\t' '$2 == "n" && $3 == "no" { print $1 }' "$src/../kernel/compat/options" | sort -u >needed
ok "$([[ -s stops && -z $(comm -23 stops needed | tee -a err) ]]; echo $?)" 'options: what stops the build is in the way'

# bench, really
ends 'bench --json' 0 bench --json
# shellcheck disable=SC2016
json 'bench --json: all interfaces' '@{$o->{reads}} == 8 && !grep { !$_->{error} && $_->{ns} <= 0 } @{$o->{reads}}'

# Output that cannot be written
status=0
"$VMAPEEK" check >/dev/full 2>err || status=$?
((status == 1)) && status=0 || status=1
ok "$status" 'a full disk'
says 'a full disk: says so' 'cannot write the output' err
fake_stuck
status=0
"$VMAPEEK" stuck >&- 2>err || status=$?
ok "$((status != 1))" 'standard output is closed'
says 'standard output is closed: says so' 'cannot write the output' err
status=0
"$VMAPEEK" stuck --watch=0.1 2>err | head -n 1 >out || status=${PIPESTATUS[0]}
ok "$((status != 141))" 'a pipe that is closed early'
says 'a pipe that is closed early: no complaint' '^0$' <(grep -c . err || true)
unset VMAPEEK_ROOT

# What is only for terminals
# on_terminal COMMAND: what a terminal shows
on_terminal()
{
	TERM=xterm script -qec "$1" /dev/null </dev/null >out 2>err || true
}
fake_stuck
on_terminal "'$VMAPEEK' stuck"
says 'terminal: the process is bold' $'^\033\\[1m10 job10' out
NO_COLOR=1 on_terminal "'$VMAPEEK' stuck"
says 'terminal: not with NO_COLOR' '^10 job10' out
for term in dumb ''; do
	TERM=$term script -qec "'$VMAPEEK' stuck --watch=0.1 -n 1" /dev/null </dev/null >out 2>err || true
	says "terminal: nothing is drawn with TERM=$term" '^10 job10' out
done
on_terminal "'$VMAPEEK' stuck --watch=0.1 -n 1"
says 'terminal: stuck --watch redraws' $'\033\\[H\033\\[J' out
# Three files that do not answer
for pid in 31 32 33 34 35 36; do
	thread $pid $pid D x x
	rm "$VMAPEEK_ROOT"/proc/$pid/task/$pid/stack
	mkfifo "$VMAPEEK_ROOT"/proc/$pid/task/$pid/stack
done
on_terminal "'$VMAPEEK' stuck"
says 'terminal: progress after two seconds' 'vmapeek: looking at all tasks, [2-9] s' out
on_terminal "'$VMAPEEK' stuck --watch -n 1"
says 'terminal: stuck --watch: progress after two seconds' 'vmapeek: looking at all tasks, [2-9] s' out
on_terminal "'$VMAPEEK' status --openmetrics"
says 'terminal: status --openmetrics: progress after two seconds' 'vmapeek: looking at all tasks, [2-9] s' out
ends 'no terminal, no progress' 5 stuck
ok "$(grep -q 'looking' err; echo $((!$?)))" 'no terminal, no progress: indeed'
unset VMAPEEK_ROOT

# The manual page
if command -v mandoc >/dev/null; then
	status=0
	mandoc -T lint -W warning "$src/vmapeek.8" >out 2>err || status=1
	ok "$status" 'manual page: no warnings'
	man=$(mandoc -T ascii "$src/vmapeek.8" | col -b)
	counters=$(sed -n 's/^\tX([A-Z_]*, "\([a-z_]*\)",.*/\1/p' "$src/../kernel/remote_results.h")
	ok "$(($(wc -w <<<"$counters") < 12))" 'the list of counters is found'
	status=0
	for word in status watch stuck on off check bench help --watch --openmetrics --by-reader --json --count --interval --module \
		--build \
		--without-maps --timeout --quiet \
		$counters \
		$(sed -n 's/^\tEXIT_[A-Z_]* = \([0-9]*\),.*/\1/p' "$src/command.h") \
		$(perl -0ne 'print "$1 " while /\bjson_(?:text|flag|count|number|object_object_add)\(\w+,\s*"(\w+)"/g' "$src"/*.c); do
		grep -qwe "$word" <<<"$man" || { echo "lacks $word" >>err; status=1; }
	done
	ok "$status" 'manual page: commands, options, counters, exit codes, JSON'
	status=0
	for word in $counters; do
		grep -q "^| \`$word\` |" "$src/../docs/operators.md" || { echo "lacks $word" >>err; status=1; }
	done
	ok "$status" 'docs/operators.md: counters'
else
	skip 'manual page' 'no mandoc on this host'
fi

# completion WORDS..: what is offered for the last one
completion()
{
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vmapeek; printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$src/vmapeek.bash" "$@" >out 2>err
}
completion vmapeek ''
says 'completion: commands' '^watch$' out
completion vmapeek help ''
says 'completion: help: commands' '^stuck$' out
says 'completion: help: nothing else' '^0$' <(grep -c -e - -e help out || true)
completion vmapeek help st
same 'completion: help: a command' <(printf '%s\n' status stuck) <(sort out)
completion vmapeek help on ''
says 'completion: help: one command' '^0$' <(grep -c . out || true)
completion vmapeek status --o
says 'completion: status' '^--openmetrics' out
completion vmapeek watch --b
says 'completion: watch' '^--by-reader$' out
completion vmapeek stuck --w
says 'completion: stuck' '^--watch=$' out
completion vmapeek on --t
says 'completion: options' '^--timeout=$' out
completion vmapeek on --module = te
says 'completion: files' '^text.ko$' out
completion vmapeek on --w
says 'completion: on' '^--without-maps$' out
completion vmapeek status --t
says 'completion: no others' '^0$' <(grep -c . out || true)

# The options of a command: in its help, in the manual page's synopsis and in the completion
# shellcheck disable=SC2016
own_options='next if /^--?(help|usage|version|\?|V)$/; print "$_\n"'
for command in status watch stuck on off check bench; do
	# Long ones; the synopsis has some as a letter.
	"$VMAPEEK" "$command" --help | perl -ne '/^ +(?:-(\S), )?(--[a-z-]+)/ or next; $_ = $2; '"$own_options" | sort >help
	"$VMAPEEK" "$command" --help | perl -ne 's/^ +-(\S), (--[a-z-]+).*/$1 $2/ and print' >letters
	completion vmapeek "$command" -
	perl -ne 'chomp; s/=$//; /^--/ or next; '"$own_options" out | sort -u >completed
	perl -e 'open L, "letters"; %long = map { split } <L>; while (<STDIN>) { /^\.Sh DESC/ and last; $at = $1 if /^\.Cm (\S+)/;
		$at eq $ARGV[0] or next; s/\\-/-/g; print "$long{$1}\n" if /Fl (\w)\b/; print "-$1\n" while /Fl (-[a-z-]+)/g }' \
		"$command" <"$src/vmapeek.8" | sort -u >synopsis
	same "options of $command: help and completion" help completed
	same "options of $command: help and manual page" help synopsis
	while read -r letter long; do
		[[ $letter != [?V] ]] || continue
		ok "$(grep -qx -- "-$letter" out; echo $?)" "options of $command: -$letter is completed"
		ok "$(grep -q -- "^\.It Fl $letter .*Fl ${long//-/.*}" "$src/vmapeek.8"; echo $?)" "options of $command: -$letter is $long in the manual page"
	done <letters
done
completion vmapeek ''
same 'commands: help and completion' <("$VMAPEEK" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p' | sort) <(grep -v '^-' out | sort)

plan
