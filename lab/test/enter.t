#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lab/host-enter, in a system that consists of this host's /usr: what a command finds there, and that nothing is left.
set -u

lab=$(readlink -f "$(dirname "$0")/..")
work=$(mktemp -d)
# rm must not reach a mount that was left; the last test reports that.
trap 'rm -rf --one-file-system "$work"' EXIT
# shellcheck source=/dev/null
. "$lab/../tools/tap.sh"
# shellcheck disable=SC2034
EXPLAIN=$work/err

if [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
	echo '1..0 # SKIP needs root and mount namespaces'
	exit
fi
root=$work/root
mkdir -p "$root"/{dev,sys,proc,tmp,run,etc} "$work"/{files,other}
for dir in bin sbin lib lib64; do
	ln -s "usr/$dir" "$root/$dir"
done
echo mine >"$work/files/file"

# inside COMMAND..: its output is in $work/out
inside()
{
	"$lab/host-enter" "$root" "$work/files" /usr "$work/files" "$work/files:/at" -- "$@" >"$work/out" 2>"$work/err"
}

# shellcheck disable=SC2016
inside sh -c 'pwd; cat file /at/file; [ -e /proc/self ] && [ -c /dev/null ] && [ -d /sys/kernel ] && ! ls -d "$0"' "$work/other"
ok $? 'the command runs'
[[ $(<"$work/out") = "$work/files"$'\nmine\nmine' ]]
ok $? 'it finds the files, at both places, and no others'
inside sh -c 'exit 7'
[[ $? = 7 ]]
ok $? 'its exit status is passed on'
"$lab/host-enter" "$root" "$work/other" /usr -- pwd >"$work/out" 2>"$work/err" && [[ $(<"$work/out") = / ]]
ok $? 'a directory that is not there is left for /'
# shellcheck disable=SC2016
MAKEFLAGS=-k http_proxy=http://proxy.invalid LAB_ACCEL=kvm inside sh -c 'echo "${MAKEFLAGS:-} $http_proxy $LAB_ACCEL $HOME"'
[[ $(<"$work/out") = " http://proxy.invalid kvm ${HOME:-/root}" ]]
ok $? 'the environment: the network and the lab, no more'
# A namespace in there, which packages of another release need
inside unshare --mount true
ok $? 'mount namespaces work in there'
! "$lab/host-enter" "$root" / /nonesuch -- true >"$work/out" 2>"$work/err"
ok $? 'a missing directory is an error'
grep -q '^lab: cannot enter .*: mount /nonesuch' "$work/err"
ok $? 'which is named'

# An interrupt reaches the command; the mounts go with it.
"$lab/host-enter" "$root" / /usr -- sh -c 'echo ready; exec sleep 1000' >"$work/out" 2>"$work/err" &
pid=$!
for ((try = 0; try < 100; try++)); do
	[[ ! -s $work/out ]] || break
	sleep 0.1
done
# The path is relative to the file system.
grep -q "${work##*/}/root" "/proc/$pid/mountinfo"
ok $? 'a command that runs holds the mounts'
kill "$pid"
wait "$pid" 2>/dev/null
[[ $? = 143 ]]
ok $? 'a signal ends it'
! grep -q "${work##*/}/root" /proc/[0-9]*/mountinfo 2>"$work/ignored"
ok $? 'no mount is left'
plan
