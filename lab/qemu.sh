# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Finds a QEMU that does not corrupt its guests. Debian 12's 7.2 does under software emulation; with 10 no corruption was
# observed.

readonly QEMU_MIN=10

# Prints the major version; nothing for a program that does not run or is no QEMU.
qemu_major()
{
	{ "$1" --version 2>/dev/null || true; } | sed -n 's/^QEMU emulator version \([0-9]*\).*/\1/p'
}

# Prints the path of a program that takes qemu-system-x86_64's arguments.
qemu_path()
{
	local path major tree wrapper suite=$LAB_CODENAME

	if [[ -n ${LAB_QEMU:-} ]]; then
		if ! path=$(command -v "$LAB_QEMU") || [[ -d $path ]]; then
			[[ ! -e $LAB_QEMU ]] || die "LAB_QEMU: '$LAB_QEMU' is not executable; name a qemu-system-x86_64"
			die "LAB_QEMU: no program '$LAB_QEMU'"
		fi
		# QEMU runs in another directory.
		[[ $path = /* ]] || path=$PWD/$path
		major=$(qemu_major "$path")
		[[ -n $major ]] || die "LAB_QEMU: $path does not run or is no QEMU; try '$path --version'"
		((major >= QEMU_MIN)) ||
			die "LAB_QEMU: $path is QEMU $major, which may corrupt guests; use $QEMU_MIN or newer"
		printf '%s\n' "$path"
		return
	fi
	if path=$(command -v qemu-system-x86_64); then
		major=$(qemu_major "$path")
		if ((${major:-0} >= QEMU_MIN)); then
			printf '%s\n' "$path"
			return
		fi
	fi

	[[ $LAB_CODENAME != bookworm ]] || suite=bookworm-backports
	tree=$(TREE_SUITE=$suite TREE_NEED=600 TREE_PROGRAM=usr/bin/qemu-system-x86_64 apt_tree qemu-system-x86)
	path=$tree/qemu
	# QEMU finds its modules relative to itself, but not the firmware of other packages. The paths are relative, because the
	# cache may be moved.
	wrapper="#!/bin/sh
tree=\$(readlink -f \"\$0\")
tree=\${tree%/*}
LD_LIBRARY_PATH=$(tree_libs "\$tree") exec \"\$tree/usr/bin/qemu-system-x86_64\" \\
	-L \"\$tree/usr/share/seabios\" -L \"\$tree/usr/share/qemu\" \"\$@\""
	if [[ ! -x $path || $(<"$path") != "$wrapper" ]]; then
		write_file "$path.$$" <<<"$wrapper"
		chmod +x "$path.$$"
		mv "$path.$$" "$path"
	fi
	major=$(qemu_major "$path")
	((${major:-0} >= QEMU_MIN)) || die "QEMU in $tree does not run or is too old; remove that directory and try again"
	printf '%s\n' "$path"
}

# UEFI with Secure Boot. The keys of this firmware are those of OVMF's tests; their private keys are public.

# The flash of the variables is writable in system management mode only; without S3, which would need a lock box.
# shellcheck disable=SC2034
readonly UEFI_MACHINE=(-machine "q35,smm=on" -global "driver=cfi.pflash01,property=secure,value=on" -global "ICH9-LPC.disable_s3=1"
	-drive "if=pflash,unit=0,format=raw,readonly=on,file=firmware" -drive "if=pflash,unit=1,format=raw,file=variables")

# Puts the firmware and its variables, the caller's FIRMWARE, into $RUN_DIR, and makes IMAGE a kernel with a signature that this
# firmware accepts.
uefi_prepare()
{
	local ovmf sbsign key=$RUN_DIR/key log=$RUN_DIR/uefi

	command -v openssl >/dev/null || apt_need openssl
	ovmf=$(apt_tree ovmf)/usr/share
	sbsign=$(apt_tree sbsigntool)
	ln -s "$ovmf/OVMF/OVMF_CODE_4M.secboot.fd" "$RUN_DIR/firmware"
	[[ -s $FIRMWARE ]] || cp "$ovmf/OVMF/OVMF_VARS_4M.snakeoil.fd" "$FIRMWARE" || die "-u: cannot write '$FIRMWARE'"
	ln -s "$(realpath "$FIRMWARE")" "$RUN_DIR/variables"
	if ! openssl rsa -in "$ovmf/ovmf/PkKek-1-snakeoil.key" -passin pass:snakeoil -out "$key" >"$log" 2>&1 ||
		! LD_LIBRARY_PATH=$(tree_libs "$sbsign") "$sbsign/usr/bin/sbsign" --key "$key" \
			--cert "$ovmf/ovmf/PkKek-1-snakeoil.pem" --output "$RUN_DIR/vmlinuz" "$IMAGE" >"$log" 2>&1; then
		die "-u: cannot sign the kernel: $(tail -n1 "$log")"
	fi
	IMAGE=vmlinuz
}
