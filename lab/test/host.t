#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Tests the lab's messages on hosts that it cannot use. Stubs replace apt and other programs, so no network is needed.
set -euo pipefail

lab=$(readlink -f "$(dirname "$0")/../lab")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/cache"
export XDG_CACHE_HOME=$work/cache
export LAB_OS_RELEASE=$work/os-release
printf 'ID=debian\nVERSION_ID="12"\n' >"$LAB_OS_RELEASE"
export PATH=$work/bin:$PATH
export STUB_LOG=$work/calls
cache=$work/cache/vmapeek/bookworm
# shellcheck source=/dev/null
. "${lab%/*}/../tools/tap.sh"
# shellcheck disable=SC2034
EXPLAIN=$work/err

# Replaces a program of the host, with the script on stdin.
stub()
{
	{
		echo '#!/bin/bash'
		cat
	} >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

# expect NAME STATUS PATTERN CMD..: the command has that exit status, and one line on stderr, which matches.
expect()
{
	local name=$1 want=$2 pattern=$3 status=0 said
	shift 3

	"$@" >"$work/out" 2>"$work/err" || status=$?
	said=$(tail -n1 "$work/err")
	echo "status $status, wanted $want and '$pattern'" >>"$work/err"
	if ((status == want)) && grep -q -- "^lab: .*$pattern" <<<"$said"; then
		status=0
	else
		status=1
	fi
	ok "$status" "$name"
}

# The host's apt: its sources are good, its downloads fail with the message in the file `failure`.
stub apt-get <<'END'
echo "apt-get $*" >>"$STUB_LOG"
case " $* " in
*' indextargets '*)
	cat "${0%/bin/*}/targets"
	;;
*)
	cat "${0%/bin/*}/failure"
	exit 100
	;;
esac
END
stub apt-config </dev/null
cat >"$work/targets" <<'END'
Packages|http://mirror.invalid/debian/|bookworm|main|Debian
Packages|http://mirror.invalid/debian/|bookworm-updates|main|Debian
Packages|http://other.invalid/|bookworm|main|Other
END
echo "E: Failed to fetch http://mirror.invalid/debian/InRelease  Could not resolve 'mirror.invalid'" >"$work/failure"

expect 'no command' 125 'unknown command' "$lab"
expect 'unknown command' 125 "unknown command 'fly'" "$lab" fly
printf 'ID=fedora\nVERSION_ID=41\n' >"$work/fedora"
expect 'another distribution' 125 "'fedora 41'; the lab needs Debian" \
	env LAB_OS_RELEASE="$work/fedora" "$lab" kernel 6.12
stub uname <<<'echo riscv64'
expect 'another architecture' 125 "'riscv64'; the lab only supports" "$lab" kernel 6.12
rm "$work/bin/uname"
expect 'cache that cannot be made' 125 'cannot create' env XDG_CACHE_HOME=/proc/none "$lab" kernel 6.12
expect 'cache with a blank in its name' 125 'blank or colon' env XDG_CACHE_HOME="$work/a b" "$lab" kernel 6.12
expect 'unknown series' 125 "unknown kernel series '5.0'" "$lab" kernel 5.0
expect 'empty series' 125 'no series given; known: 6.12 7.3' "$lab" kernel ''
expect 'series and more' 125 "unknown kernel series '6.12 x'" "$lab" kernel '6.12 x'
expect 'unknown flavour' 125 "unknown flavour 'arm64' of kernel 6.12; known: cloud-amd64 amd64 rt-amd64" "$lab" kernel 6.12/arm64
expect 'empty flavour' 125 "unknown flavour '' of" "$lab" kernel 6.12/
expect 'flavour of an unknown series' 125 '5.0/amd64 is no kernel directory' "$lab" kernel 5.0/amd64
expect 'directory that is no kernel' 125 'is no kernel directory' "$lab" run -k "$work/" true
expect 'run without a command' 125 'name a command' "$lab" run -t 3
expect 'unknown option' 125 'unknown option -x' "$lab" run -x true
expect 'option without a value' 125 'option -t needs a value' "$lab" run -t
expect 'bad number' 125 "'1h' is not a positive number" "$lab" run -t 1h true
expect 'bad CPU features' 125 "'la57' is no list of CPU features" "$lab" run -C la57 true
expect 'CPU features that would end the list' 125 'is no list of CPU features' "$lab" run -C -la57,host-phys-bits=on true
expect 'empty disk without a size' 125 "-e: '0' is not a positive number" "$lab" run -e 0 true
expect 'missing tree' 125 "no directory '/nonesuch'" "$lab" run -T /nonesuch true
expect 'missing plugin' 125 "-p: cannot read '/nonesuch'" "$lab" run -p /nonesuch,out=x true
expect 'missing file' 125 "cannot read '/nonesuch'" "$lab" run -f /nonesuch true
expect 'log that cannot be written' 125 "cannot write '/nonesuch/log'" "$lab" run -l /nonesuch/log true
expect 'shell without a terminal' 125 'needs a terminal' "$lab" shell </dev/null
expect 'disk that is no image' 125 "'/nonesuch' is no image that can be written" "$lab" run -d /nonesuch true
expect 'initramfs that is missing' 125 "-b: cannot read '/nonesuch'" "$lab" run -b /nonesuch true
expect 'initramfs without a disk' 125 '-b: an initramfs needs a system to boot' "$lab" run -b "$lab" true
: >"$work/image"
expect 'initramfs and a module' 125 'not with -b' "$lab" run -d "$work/image" -b "$lab" -M zram true
expect 'disk and tree' 125 'not with -d' "$lab" run -d "$work/image" -T "$work" true
expect 'root file system without a series' 125 'name a series' "$lab" rootfs
expect 'root file system of an unknown series' 125 "unknown kernel series '5.10'" "$lab" rootfs 5.10
expect 'root file system with a kernel of your own' 125 'name a series' "$lab" rootfs "$work/"
expect 'another kernel without a series' 125 'name one series' "$lab" debs
expect 'another kernel of a directory' 125 'name a series' "$lab" debs "$work/"
expect 'variables of the firmware that cannot be written' 125 "cannot write '/nonesuch/x'" "$lab" run -u /nonesuch/x true
expect 'root file system with a bad package name' 125 "'+x' is no package name" "$lab" rootfs 6.12 +x
expect 'host of an unknown release' 125 "unknown Debian release 'sid'; known: bookworm trixie" "$lab" on sid true
expect 'host without a release' 125 "unknown Debian release ''" "$lab" on
expect 'host without a command' 125 'on: name a command' "$lab" on trixie -b /
expect 'host with a missing directory' 125 "-b: no directory '/nonesuch'" "$lab" on trixie -b /nonesuch:/ true
expect 'host with an unknown option' 125 'unknown option -x' "$lab" on trixie -x true
expect 'build without a name' 125 'give the kernel one name' "$lab" build -c /dev/null
expect 'build with a bad name' 125 "'a/b' is no name" "$lab" build -c /dev/null a/b
expect 'build without a configuration' 125 'name files with options' "$lab" build x
expect 'build with a missing configuration' 125 "cannot read '/nonesuch'" "$lab" build -c /nonesuch x
expect 'build with an unknown option' 125 'unknown option -z' "$lab" build -z x
expect 'build without the patches' 125 "no patches in '/nonesuch'" "$lab" build -c /dev/null -p /nonesuch x
expect 'build without a compiler' 125 'as root: apt-get install.* nonesuch-cc' env CC=nonesuch-cc "$lab" build -c /dev/null x
expect 'bad package name' 125 "'-x;' is no package name" "$lab" tree '-x;'

expect 'no network' 125 'cannot reach the package mirror' "$lab" kernel 6.12
holds 'nothing half-made is left' bash -c "! ls -d '$cache'/tmp.* '$cache'/kernels/* 2>/dev/null"
holds 'backports are asked for where the host has its suite' \
	bash -c "grep -q 'mirror.invalid/debian/ bookworm-backports main' '$cache/apt/sources.list'"
expect 'mirror lacks a suite' 125 'the mirror lacks a package' \
	bash -c "echo \"E: The repository 'http://mirror.invalid/debian bookworm-backports Release' does not have a Release file.\" \
		>'$work/failure'; '$lab' kernel 6.12"
expect 'mirror lacks another release' 125 'the mirror lacks a package' "$lab" kernel 7.3
holds 'another release is asked for at the same mirror' \
	bash -c "grep -q 'mirror.invalid/debian/ trixie-backports main' '$cache/apt-trixie/sources.list'"
holds 'and of the host'\''s release only where that is meant' \
	bash -c "! grep -q bookworm '$cache/apt-trixie/sources.list' && ! grep -q trixie '$cache/apt/sources.list'"
stub id <<<'echo 1000'
mv "$work/targets" "$work/targets.off"
: >"$work/targets"
expect 'apt without sources' 125 'has no Debian bookworm mirror' "$lab" kernel 6.12
mv "$work/targets.off" "$work/targets"
expect 'host, not root' 125 'is made and entered by root; run this as root' "$lab" on trixie true
expect 'packages missing, not root' 125 'as root: apt-get install nonesuch-a nonesuch-b' "$lab" need nonesuch-a nonesuch-b
rm "$work/bin/id"

# Another apt holds the lock: only a run that waits gets it.
cp "$work/bin/apt-get" "$work/apt-get.off"
stub id <<<'echo 0'
stub unshare <<<'exit 1'
expect 'host, no mount namespaces' 125 'cannot make a mount namespace' "$lab" on trixie true
stub unshare <<<'[[ $# = 2 ]] || { echo "E: write error: No space left on device"; exit 1; }'
stub dpkg-query <<<'echo installed'
expect 'host, no lists' 125 'the mirror lacks a package' "$lab" on trixie true
touch "$cache/apt-trixie/updated"
expect 'host, disk full' 125 'cannot make a Debian trixie: the disk is full' "$lab" on trixie true
stub unshare <<<'[[ $# = 2 ]] || { echo "E: Failed to fetch http://mirror.invalid/x Could not resolve mirror"; exit 1; }'
expect 'host, no network' 125 'cannot make a Debian trixie: cannot reach the package mirror' "$lab" on trixie true
holds 'no host is left' bash -c "! ls -d '$cache'/tmp.* '$cache'/hosts/* 2>/dev/null"
rm "$cache/apt-trixie/updated" "$work/bin/unshare" "$work/bin/dpkg-query"
stub apt-get <<'END'
case "$*" in
*Timeout=0*) echo 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (apt)'; exit 100 ;;
*nonesuch-b*) echo 'E: Unable to locate package nonesuch-b'; exit 100 ;;
esac
END
expect 'packages, while another apt runs' 0 'another apt or dpkg is running' "$lab" need nonesuch-a
LAB_INSTALL=no expect 'packages that are not to be installed' 125 'as root: apt-get install nonesuch-a' "$lab" need nonesuch-a
expect 'packages that there are not' 125 'cannot install nonesuch-b: apt failed: E: Unable to locate' "$lab" need nonesuch-b
mv "$work/apt-get.off" "$work/bin/apt-get"
rm "$work/bin/id"

# A kernel in the cache, checked long ago and then today, without network.
headers=$cache/kernels/6.12.1-x/usr/src/linux-headers-6.12.1-x
mkdir -p "$headers" "$cache/kernels/6.12.1-x/lib/modules/6.12.1-x"
for file in "$cache/kernels/6.12.1-x"/{release,vmlinuz} "$headers/Module.symvers"; do
	echo 6.12.1-x >"$file"
done
echo 6.12.1-x >"$cache/kernels/6.12"
touch -d '-3 days' "$cache/kernels/6.12"
expect 'no network: the kernel at hand is used' 0 'staying with kernel 6.12.1-x' "$lab" kernel 6.12
: >"$STUB_LOG"
holds 'and the mirror is not asked again at once' \
	bash -c "[[ \$('$lab' kernel 6.12) = '$cache/kernels/6.12.1-x' && ! -s '$STUB_LOG' ]]"
rm "$headers/Module.symvers"
mkdir -p "$work/6.12/mine"
touch "$work/6.12/mine"/{vmlinuz,release}
holds 'a directory goes before a flavour' bash -c "cd '$work' && [[ \$('$lab' kernel 6.12/mine) = '$work/6.12/mine' ]]"
expect 'damaged kernel, no network' 125 'the mirror lacks a package' "$lab" kernel 6.12
holds 'and the damage is told' grep -q 'kernel 6.12.1-x in the cache is damaged' "$work/err"
mv "$headers" "$work/headers"
expect 'kernel without headers' 125 'has no kernel headers' "$lab" kmake "$cache/kernels/6.12.1-x" modules
mv "$work/headers" "$headers"
echo >"$headers/Module.symvers"

# A kernel of another release, with its compiler in the cache, and no way to run it.
other=$cache/kernels/7.3.9-cloud-amd64
mkdir -p "$other/usr/src/linux-headers-7.3.9-"{cloud-amd64,common}
echo 7.3.9-cloud-amd64 | tee "$other/release" >"$other/vmlinuz"
echo trixie >"$other/debian"
echo 'CC = gcc-14' >"$other/usr/src/linux-headers-7.3.9-cloud-amd64/.kernelvariables"
tree=$cache/trees/trixie_bash_coreutils_dash_diffutils_findutils_gcc-14_grep_libelf1t64_make_mawk_perl-base_sed
mkdir -p "$tree/usr/bin"
touch "$tree"/{packages,usr/bin/make}
stub unshare <<<'exit 1'
expect 'no mount namespaces' 125 'cannot make a mount namespace' "$lab" kmake "$other" modules
rm "$work/bin/unshare"

# A source in the cache that does not build.
source=$cache/sources/7.3-7.3.9-1
mkdir -p "$source"
echo 7.3-7.3.9-1 >"$cache/sources/7.3"
# shellcheck disable=SC2016
printf 'allnoconfig:\n\t@mkdir -p $(O); echo $(SAYS) >&2; exit $(FAILS)\n' >"$source/Makefile"
for program in flex bison bc; do
	stub "$program" </dev/null
done
build=("$lab" build -k 7.3 -c /dev/null x)
expect 'build that fails' 125 'the kernel does not build; the whole log is .*/built/7.3-7.3.9-1/x/source/objects/build.log' \
	env CC=gcc FAILS=1 SAYS='error: none' "${build[@]}"
expect 'build on a full disk' 125 'the disk is full; the whole log is' \
	env CC=gcc FAILS=1 SAYS='x: No space left on device' "${build[@]}"
expect 'build with a warning' 125 'the compiler warns, see above' env CC=gcc FAILS=0 SAYS='warning: x' "${build[@]}"
mkdir "$work/patches"
cat >"$work/patches/0001-x.patch" <<'END'
From 0 Mon Sep 17 00:00:00 2001
From: somebody <somebody@invalid>
Subject: [PATCH] x

---
diff --git a/new b/new
new file mode 100644
--- /dev/null
+++ b/new
@@ -0,0 +1 @@
+x
END
expect 'build with patches, from where the caller is' 125 'the kernel does not build' \
	bash -c "cd '$work' && CC=gcc FAILS=1 SAYS='error: none' '$lab' build -k 7.3 -c /dev/null -p patches y"
expect 'build from another that is not there' 125 "no kernel 'y' to start from" \
	env CC=gcc "$lab" build -k 7.3 -c /dev/null -b y z
holds 'and none of them is there' bash -c "! ls '$cache'/built/*/*/made-for 2>/dev/null"
stub df <<<'echo; echo "/dev/x 100 99 1 99% /"'
expect 'build without space' 125 'only 1 MiB free.*, 2500 MiB are needed' env CC=gcc "${build[@]}"
rm "$work/bin/df"
expect 'build of an unknown series' 125 "no source of series '5.0'" env CC=gcc "$lab" build -k 5.0 -c /dev/null x

# The host is complete, except for QEMU.
stub old-qemu <<<'echo QEMU emulator version 7.2.22'
expect 'QEMU too old' 125 'is QEMU 7, which may corrupt' env LAB_QEMU=old-qemu "$lab" qemu
expect 'QEMU missing' 125 "no program 'nonesuch'" env LAB_QEMU=nonesuch "$lab" qemu
expect 'QEMU that does not run' 125 'does not run or is no QEMU' env LAB_QEMU=/bin/false "$lab" qemu
expect 'and no guest is tried' 125 'does not run or is no QEMU' env LAB_QEMU=/bin/false "$lab" run true
expect 'QEMU a directory' 125 "'$work/bin' is not executable" env LAB_QEMU="$work/bin" "$lab" qemu
expect 'QEMU not executable' 125 "'$LAB_OS_RELEASE' is not executable" env LAB_QEMU="$LAB_OS_RELEASE" "$lab" qemu
stub new-qemu <<<'echo QEMU emulator version 10.0.2'
holds 'QEMU given' bash -c "LAB_QEMU=new-qemu '$lab' qemu"

# No space, after the lists are fetched.
: >"$cache/apt/updated"
stub df <<<'echo; echo "/dev/x 100 99 1 99% /"'
stub apt-get <<'END'
case " $* " in
*' indextargets '*) cat "${0%/bin/*}/targets" ;;
*' -s '*) echo 'Inst hello (1.0-1 Debian:12/stable [amd64])' ;;
*' download '*) exit 100 ;;
esac
END
expect 'disk full' 125 'only 1 MiB free.*, 200 MiB are needed' "$lab" tree hello
stub qemu-system-x86_64 <<<'echo QEMU emulator version 7.2.22'
expect 'disk full, for QEMU' 125 'only 1 MiB free.*, 600 MiB are needed' "$lab" qemu
stub apt-cache <<'END'
case $1 in
pkgnames) echo linux-image-6.12.9-cloud-amd64 ;;
show) echo 'Version: 1' ;;
esac
END
rm "$cache/kernels/6.12"
expect 'disk full, for a kernel' 125 'only 1 MiB free.*, 400 MiB are needed' "$lab" kernel 6.12
rm "$work/bin/df"
stub apt-get <<'END'
case " $* " in
*' indextargets '*) cat "${0%/bin/*}/targets" ;;
*' -s '*) echo 'E: Unable to locate package hello' >&2; exit 100 ;;
esac
END
mkdir -p "$cache/trees/hello"
expect 'damaged tree' 125 'Unable to locate package hello' "$lab" tree hello
holds 'and the damage is told' grep -q 'hello in the cache is damaged' "$work/err"
expect 'unknown package' 125 'Unable to locate package hello' "$lab" tree hello

plan
