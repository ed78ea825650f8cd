#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Boots some guests, and checks input and output.
set -euo pipefail

lab=$(readlink -f "$(dirname "$0")/../lab")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=/dev/null
. "${lab%/*}/../tools/tap.sh"
# shellcheck disable=SC2034
EXPLAIN=$work/err

# boot STATUS NAME ARGS..: run and compare the exit status.
boot()
{
	local want=$1 name=$2 status=0
	shift 2

	"$lab" run "$@" >"$work/out" 2>"$work/err" || status=$?
	ok "$((status != want))" "$name: exit status $want"
}

contains()
{
	holds "$3" grep -- "$2" "$work/$1"
}

# shellcheck disable=SC2016
args=('a b' "it's" '"quoted"' '$HOME *' $'two\nlines' '' 'back\slash')
# shellcheck disable=SC2016
boot 3 'command' -r "$work/result" -- sh -c 'printf "%s|" "$@"; echo error >&2; head -c 1048576 /dev/zero; exit 3' sh "${args[@]}"
wanted=$(printf '%s|' "${args[@]}")
holds 'arguments arrive as they are' test "$(head -c ${#wanted} "$work/out")" = "$wanted"
# told TEXT: the result has TEXT as a line.
told()
{
	contains result "^$1\$" "the result says $1"
}

for line in status=3 end=exited command=3 clean=yes allowed=0 retried=no 'kernel=6\.12\..*' 'seconds=[0-9]*'; do
	told "$line"
done
holds 'all the output comes back, stderr too' test "$(stat -c %s "$work/out")" = $((${#wanted} + 6 + 1048576))

# More output than all pipes can hold, from a guest without an idle CPU, for a reader that pauses in the middle.
perl -e 'print pack "N C*", $_, 0 .. 255 for 1 .. 20000' >"$work/pattern"
status=0
"$lab" run -f "$work/pattern" -- sh -c 'for i in 1 2 3 4; do while :; do :; done & done; cat /pattern; exit 4' \
	2>"$work/err" | { head -c 100000; sleep 5; cat; } >"$work/out" || status=$?
ok "$((status != 4))" 'output of a busy guest, for a slow reader: exit status 4'
holds 'it arrives byte for byte' cmp "$work/out" "$work/pattern"

mkdir -p "$work/tree/usr/bin" "$work/dir"
echo content >"$work/dir/file"
printf '#!/bin/sh\necho tree wins\n' >"$work/tree/usr/bin/free"
chmod +x "$work/tree/usr/bin/free"
boot 0 'files' -l "$work/log" -a lab.test=1 -M zram -T "$work/tree" -f "$work/dir" -f "$work/dir/file:/etc/a/b" \
	-f "$(command -v grep)" -- sh -c 'free; cat /dir/file /etc/a/b; lsmod; command -v grep; grep -c lab.test=1 /proc/cmdline'
contains out '^tree wins$' 'a program of a tree goes before busybox'
holds 'files and directories arrive' test "$(grep -c '^content$' "$work/out")" = 2
contains out '^zram ' 'a module is loaded'
contains out '^/usr/bin/grep$\|^/bin/grep$' 'an executable arrives'
contains out '^1$' 'and runs; the kernel gets its arguments'
contains log 'Linux version' 'the kernel log is kept'

boot 0 'Secure Boot' -u "$work/variables" -e 16 -- sh -c 'mount -t securityfs none /sys/kernel/security
	cat /sys/kernel/security/lockdown; test -b /dev/vda'
contains out '\[integrity\]' 'Secure Boot locks the kernel down'
holds 'the variables of the firmware are kept' test -s "$work/variables"

boot 125 'bad kernel log' -r "$work/result" -- sh -c 'echo WARNING: test >/dev/kmsg; echo done'
contains err 'kernel log is not clean' 'a bad kernel log is told'
told clean=no
told command=0
printf 'WARNING: test\t-\t-\ta test\n' >"$work/allow"
LAB_RESULT=$work/result boot 0 'bad kernel log that is allowed' -A "$work/allow" -- sh -c 'echo WARNING: test >/dev/kmsg'
told clean=yes
told allowed=1

boot 125 'panic' -r "$work/result" -- sh -c 'echo last words; sleep 3; echo c >/proc/sysrq-trigger; sleep 100'
contains err 'died before the command ended' 'the death of the guest is told'
contains out '^last words$' 'output comes at once, not when the command ends'

told end=died
told clean=no

boot 124 'time-out' -t 5 -r "$work/result" -- sleep 1000
contains err 'limit of 5 s was reached' 'the time-out is told'
told end=limit

# A QEMU that does nothing at the first boot, like a guest that calibrated its timer wrongly.
real=$("$lab" qemu)
cat >"$work/qemu" <<END
#!/bin/sh
case \$1 in
--version) ;;
*) [ -e "$work/tried" ] || { touch "$work/tried"; echo "\$SAYS" >console; eval "\$AT_FIRST"; } ;;
esac
exec "$real" "\$@"
END
chmod +x "$work/qemu"
export SAYS='' AT_FIRST='exec sleep 1000'
LAB_SILENCE=20 LAB_QEMU=$work/qemu boot 3 'silent at first' -r "$work/result" -- sh -c 'echo said once; exit 3'
contains err 'no output for 20 s); retrying' 'that it booted again is told'
told retried=yes
holds 'and its output is there' test "$(tr -d '\r' <"$work/out")" = 'said once'
rm "$work/tried"
SAYS='BUG: at first' LAB_SILENCE=5 LAB_QEMU=$work/qemu boot 125 'something is wrong before that' -- true
contains err '  BUG: at first$' 'which is told'
rm "$work/tried"
stall="rcu: INFO: rcu_preempt detected stalls
rcu: rcu_preempt kthread timer wakeup didn't happen for 5250 jiffies!
Call Trace:"
SAYS=$stall LAB_QEMU=$work/qemu boot 3 'a timer stops at first' -r "$work/result" -- sh -c 'echo said once; exit 3'
contains err 'a timer has stopped); retrying' 'that it booted again is told'
told retried=yes
told clean=yes
rm "$work/tried"
SAYS="BUG: at first
$stall" LAB_QEMU=$work/qemu boot 125 'something else is wrong before that' -- true
contains err '  BUG: at first$' 'which is told, too'
rm "$work/tried"
# shellcheck disable=SC2016
AT_FIRST='kill -ABRT $$' LAB_QEMU=$work/qemu boot 3 'QEMU aborts at first' -r "$work/result" -- sh -c 'echo said once; exit 3'
contains err 'QEMU aborted during boot' 'that it booted again is told'
told retried=yes

printf '#!/busybox/busybox sh\nexec /busybox/busybox sleep 1000\n' >"$work/stand"
chmod +x "$work/stand"
LAB_SILENCE=5 boot 124 'silent each time' -t 30 -f "$work/stand:/stand" -a rdinit=/stand -- true
contains err 'limit of 30 s was reached' 'and that the limit was reached'

plan
