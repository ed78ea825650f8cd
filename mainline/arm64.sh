# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Everything that `check` needs to boot an arm64 kernel: QEMU, a userland and the test programs. $CACHE is the lab's cache.

# Sets ARM64_TREE: busybox, the C library and cmocka of this Debian release for arm64, extracted. The package lists are
# beside the lab's own.
arm64_tree()
{
	local package config=$CACHE/apt/arm64.conf
	local -a packages=(busybox-static libc6 libcmocka0 libcmocka-dev)

	ARM64_TREE=$CACHE/trees/arm64-guest
	[[ ! -d $ARM64_TREE ]] || return 0
	note "fetching packages for arm64"
	mkdir -p "$CACHE/apt/lists-arm64/partial"
	{
		sed "/^Dir::State::lists /d; s|^Acquire::Languages|APT::Architecture \"arm64\";\nAPT::Architectures:: \"arm64\";\n&|" \
			"$CACHE/apt/apt.conf"
		printf 'Dir::State::lists "%s";\n' "$CACHE/apt/lists-arm64"
	} >"$config"
	APT_CONFIG=$config apt-get -qq update || die "apt cannot update its lists for arm64"
	rm -rf "$ARM64_TREE.new"
	mkdir -p "$ARM64_TREE.new/debs"
	(cd "$ARM64_TREE.new/debs" && APT_CONFIG=$config apt-get -qq download "${packages[@]}") ||
		die "cannot download ${packages[*]} for arm64"
	for package in "$ARM64_TREE.new"/debs/*.deb; do
		dpkg -x "$package" "$ARM64_TREE.new"
	done
	rm -rf "$ARM64_TREE.new/debs"
	mv "$ARM64_TREE.new" "$ARM64_TREE"
}

# arm64_tests DIR FILE...: programs and objects of the guest tests, into DIR. Sets ARM64_CC, for others as well.
arm64_tests()
{
	local dir=$1 lib
	shift

	arm64_tree
	lib=$ARM64_TREE/usr/lib/aarch64-linux-gnu
	ARM64_CC="aarch64-linux-gnu-gcc -I$ARM64_TREE/usr/include -L$lib -Wl,-rpath-link,$lib"
	[[ $PAGES != 16k ]] || ARM64_CC+=" -DPAGE=16384UL"
	make -s -C "$TOP/tests" O="$dir" CC="$ARM64_CC" "${@/#/$dir/}"
}

# Prints QEMU's path.
arm64_qemu()
{
	local tree suite=

	! grep -q '^VERSION_CODENAME=bookworm$' /etc/os-release || suite=bookworm-backports
	tree=$(TREE_SUITE=$suite "$TOP/lab/lab" tree qemu-system-arm)
	printf '%s\n' "$tree/usr/bin/qemu-system-aarch64"
}

# arm64_run DIR LIMIT LOG FILE:DEST... -- COMMAND...: boots DIR/vmlinuz, prints what the command prints, and returns its
# status; 124 when it did not end in LIMIT seconds.
arm64_run()
{
	local dir=$1 limit=$2 log=$3 root qemu status
	shift 3

	arm64_tree
	qemu=$(arm64_qemu)
	root=$(mktemp -d "$CACHE/arm64.XXXXXX")
	mkdir -p "$root"/root/{proc,sys,dev,tmp,run,bin,lib,etc}
	cp "$ARM64_TREE/bin/busybox" "$root/root/bin/"
	cp -L "$ARM64_TREE"/lib/aarch64-linux-gnu/{libc.so.6,ld-linux-aarch64.so.1,librt.so.1,libpthread.so.0} \
		"$ARM64_TREE"/usr/lib/aarch64-linux-gnu/libcmocka.so.0 "$root/root/lib/"
	while [[ $1 != -- ]]; do
		mkdir -p "$root/root/$(dirname "${1#*:}")"
		cp -L "${1%%:*}" "$root/root/${1#*:}"
		shift
	done
	shift
	cat >"$root/root/init" <<-'INIT'
		#!/bin/busybox sh
		export PATH=/bin HOME=/root
		/bin/busybox --install -s /bin
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs devtmpfs /dev
		mkdir -p /dev/pts /dev/shm
		mount -t devpts devpts /dev/pts
		mount -t tmpfs tmpfs /dev/shm
		mount -t tmpfs tmpfs /tmp
		ln -sf /proc/self/fd /dev/fd
		hostname guest
		sh /command >/dev/hvc0 2>&1 </dev/null
		echo "@status $?" >/dev/hvc0
		sync
		sleep 1
		poweroff -f
	INIT
	printf '%q ' "$@" >"$root/root/command"
	chmod +x "$root/root/init"
	(cd "$root/root" && find . | "$("$TOP/lab/lab" tree busybox kmod)/usr/bin/busybox" cpio -o -H newc -R 0:0 2>/dev/null) \
		>"$root/initrd"
	LD_LIBRARY_PATH=${qemu%/bin/*}/lib/x86_64-linux-gnu:${qemu%/bin/*}/lib setpriv --pdeathsig TERM \
		timeout --foreground "$limit" \
		"$qemu" -L "${qemu%/bin/*}/share/qemu" -M virt,mte=on,gic-version=3 -cpu max -accel tcg,thread=multi \
		-smp 2 -m 1536 -nographic -nodefaults -no-reboot -kernel "$dir/vmlinuz" -initrd "$root/initrd" \
		-append 'console=ttyAMA0 panic=-1 no_timer_check' -serial "file:$log" \
		-chardev "file,id=out,path=$root/out" -device virtio-serial-device -device virtconsole,chardev=out \
		>"$root/qemu" 2>&1 </dev/null || status=$?
	tr -d '\r' <"$root/out" | sed '/^@status /d' || true
	[[ -z ${status:-} ]] || cat "$root/qemu" >&2
	status=${status:-$(tr -d '\r' <"$root/out" | sed -n 's/^@status //p')}
	rm -rf "$root"
	return "${status:-125}"
}
