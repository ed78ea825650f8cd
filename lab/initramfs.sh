# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The guest's root file system: busybox, guest-init and the caller's files, in one initramfs.

# The libraries of ELF programs and their dynamic linker, as host paths, one per line. Takes the library search path.
elf_libs()
{
	local path=$1 file
	shift

	for file; do
		# A static program makes the dynamic linker crash.
		! command -v readelf >/dev/null || [[ $(readelf -lW "$file") =~ ' '(INTERP|DYNAMIC)' ' ]] || continue
		# ldd is no alternative: it is a script, and its shell would get the search path, too.
		/lib64/ld-linux-x86-64.so.2 --library-path "$path" --list "$file" 2>/dev/null || true
	done | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// && $2 ~ /^\(/ { print $1 } /=> not found/ { print $1 }' |
		sort -u
}

is_elf()
{
	local magic=

	IFS= read -r -n4 magic <"$1" 2>/dev/null || true
	[[ $magic = $'\x7fELF' ]]
}

# Copies the libraries that programs need to the same places in the guest.
initramfs_libs()
{
	local root=$1 path=$2 tree=$3 lib
	shift 3

	(($#)) || return 0
	while read -r lib; do
		[[ $lib = /* ]] || die "no library $lib on this host or in ${tree:-a tree}; add the package that has it"
		# The guest has the whole tree.
		[[ -z $tree || $lib != "$tree"/* ]] || continue
		[[ ! -e $root$lib ]] || continue
		mkdir -p "$root${lib%/*}"
		cp -L "$lib" "$root$lib"
	done < <(elf_libs "$path" "$@")
}

# Lists the ELF programs below directories.
elf_programs()
{
	local file

	find "$@" -type f -perm /111 ! -name '*.ko' 2>/dev/null | while read -r file; do
		! is_elf "$file" || printf '%s\n' "$file"
	done
}

# Of Debian's busybox packages, `busybox` prefers programs in PATH; busybox-static prefers its applets.
initramfs_base()
{
	local root=$1 busybox script
	script=$(command -v script) || die "no script(1) on this host; install the package bsdutils"
	busybox=$(tools_tree)/usr/bin/busybox

	mkdir -p "$root"/{proc,sys,dev,tmp,run,root,etc,busybox,lab/modules,usr/{bin,sbin,lib,lib64,local}}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root"
	cp "$busybox" "$root/busybox/busybox"
	cp -L "$script" "$root/lab/script"
	initramfs_libs "$root" '' '' "$busybox" "$script"
	ln -s /busybox/busybox "$root/usr/bin/sh"
	install -m 755 "$LAB_DIR/guest-init" "$root/init"
	install -m 755 "$LAB_DIR/guest-run" "$root/lab/run"
	install -m 755 "$LAB_DIR/guest-session" "$root/lab/session"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/:/bin/sh' >"$root/etc/passwd"
	printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$root/etc/group"
	printf '%s\n' 'passwd: files' 'group: files' >"$root/etc/nsswitch.conf"
	printf '%s\n' '127.0.0.1 localhost guest' >"$root/etc/hosts"
}

# Copies a tree of `lab tree`, and the host's libraries that its programs need.
initramfs_tree()
{
	local root=$1 tree=$2
	local -a programs

	tar -C "$tree" -c --exclude=./packages --exclude=./qemu --exclude=./usr/share/doc --exclude=./usr/share/man \
		--exclude=./usr/share/locale . |
		tar -C "$root" -x --keep-directory-symlink || die "cannot copy the tree $tree"
	mapfile -t programs < <(elf_programs "$tree"/usr/{bin,sbin,libexec,local/bin,local/sbin})
	initramfs_libs "$root" "$(tree_libs "$tree")" "$tree" "${programs[@]}"
}

# Sets FILE_SRC and FILE_DST from SRC[:DST].
file_split()
{
	FILE_SRC=$1 FILE_DST=
	if [[ ! -e $1 && $1 = *:* ]]; then
		FILE_SRC=${1%:*}
		FILE_DST=${1##*:}
	fi
	[[ -r $FILE_SRC ]] || die "-f: cannot read '$FILE_SRC'"
	[[ -z $FILE_DST || $FILE_DST = /* ]] || die "-f: '$FILE_DST' is not an absolute path in the guest"
}

# Copies a file into the guest, with the libraries it needs.
initramfs_file()
{
	local root=$1 src dst
	local -a programs=()

	put_file "$@"
	initramfs_libs "$root" '' '' "${programs[@]}"
}

# Copies a file for the system on a disk, which has its own libraries.
initramfs_disk_file()
{
	local -a programs

	put_file "$1/lab/files" "$2"
}

# Copies SRC[:DST] below a root, and adds its ELF programs to the caller's `programs`.
put_file()
{
	local root=$1 src dst

	file_split "$2"
	src=$FILE_SRC
	dst=$FILE_DST
	if [[ -z $dst ]]; then
		dst=/$(basename "$(realpath "$src")")
		[[ ! -f $src || ! -x $src ]] || dst=/usr/bin/$(basename "$src")
	fi
	[[ $dst != */ ]] || dst+=$(basename "$src")
	mkdir -p "$root$(dirname "$dst")"
	if [[ -d $src ]]; then
		mkdir -p "$root$dst"
		cp -a "$src/." "$root$dst/"
		mapfile -t programs < <(elf_programs "$src/")
	else
		cp -L --remove-destination "$src" "$root$dst"
		if is_elf "$src"; then
			programs=("$src")
		fi
	fi
}

# Prepares the switch from the initramfs to a system on a disk.
initramfs_disk()
{
	local root=$1 kernel=$2 item

	mkdir -p "$root/lab/files"
	install -m 755 "$LAB_DIR/guest-disk" "$root/lab/disk"
	install -m 755 "$LAB_DIR/guest-service" "$root/lab/service"
	cp "$LAB_DIR/lab.service" "$root/lab/"
	# These modules may be built in.
	for item in virtio_blk ext4; do
		initramfs_module "$root" "$kernel" "$item" || true
	done
}

# Adds a module of the kernel, after its dependencies. Succeeds for a built-in module, and fails if there is none.
initramfs_module()
{
	local root=$1 kernel=$2 module=$3 release list verb path name
	release=$(<"$kernel/release")

	list=$(tool modprobe -C /dev/null -d "$kernel" -S "$release" --show-depends "$module" 2>/dev/null) || return
	while read -r verb path _; do
		[[ $verb = insmod ]] || continue
		name=${path##*/}
		name=${name%%.ko*}
		! compgen -G "$root/lab/modules/*-$name.ko" >/dev/null || continue
		MODULE_COUNT=$((${MODULE_COUNT:-100} + 1))
		case $path in
		*.xz) tool xzcat "$path" ;;
		*.zst)
			apt_need zstd
			zstd -qdc "$path"
			;;
		*.gz) gzip -dc "$path" ;;
		*) cat "$path" ;;
		esac >"$root/lab/modules/$MODULE_COUNT-$name.ko" || die "cannot unpack $path"
	done <<<"$list"
}

# initramfs_command ROOT ARGS...: writes the command, quoted for the guest's shell.
initramfs_command()
{
	local root=$1 arg
	shift

	{
		printf 'set --'
		for arg; do
			printf " '%s'" "${arg//\'/\'\\\'\'}"
		done
		printf '\n'
	} >>"$root/lab/command"
}

# Uncompressed: under software emulation, decompressing costs more than loading.
initramfs_pack()
{
	(cd "$1" && find . | tool cpio -o -H newc -R 0:0 2>/dev/null) >"$2" ||
		die "cannot write the initramfs $2; is the disk full?"
}

# initramfs_own INITRAMFS ROOT: packs a copy of an initramfs of initramfs-tools, with the lab's files as a second archive.
initramfs_own()
{
	local own=$1 root=$2 added=$RUN_DIR/added

	mkdir -p "$added"/{lab,scripts,run/systemd/system}
	cp "$LAB_DIR/guest-boot" "$added/scripts/lab"
	initramfs_pack "$root/lab/files" "$added/lab/files.cpio"
	rm -r "$root/lab/files"
	mv "$root/lab" "$added/run/"
	mv "$added/run/lab/lab.service" "$added/run/systemd/system/"
	initramfs_pack "$added/run" "$added/lab/run.cpio"
	rm -r "$added/run"
	initramfs_pack "$added" "$RUN_DIR/archive"
	# An archive begins at a multiple of four bytes.
	{
		cat "$own" &&
			head -c $((-$(stat -Lc %s "$own") & 3)) /dev/zero &&
			cat "$RUN_DIR/archive"
	} >"$RUN_DIR/initramfs" || die "cannot write the initramfs $RUN_DIR/initramfs; is the disk full?"
	rm -r "$added" "$RUN_DIR/archive"
}
