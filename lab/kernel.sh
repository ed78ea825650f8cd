# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Debian's kernels, extracted: a kernel is a directory with `release`, `vmlinuz`, lib/modules/<release> and usr/src.

readonly KERNEL_SERIES='6.12 7.3'
# The first is the default.
readonly KERNEL_FLAVOURS='cloud-amd64 amd64 rt-amd64'
# MiB: the packages and their contents. The other flavours ship all drivers.
readonly KERNEL_NEED_CLOUD=400 KERNEL_NEED=1000

# kernel_parse SERIES[/FLAVOUR]: sets the caller's `series` and `flavour`. Fails for a directory.
kernel_parse()
{
	series=${1%%/*} flavour=${KERNEL_FLAVOURS%% *}
	[[ -n $1 ]] || die "no series given; known: $KERNEL_SERIES"
	if [[ $1 = */* ]]; then
		[[ " $KERNEL_SERIES " = *" $series "* && ! -e $1/release ]] || return 1
		flavour=${1#*/}
	fi
	[[ $series != *' '* && " $KERNEL_SERIES " = *" $series "* ]] ||
		die "unknown kernel series '$series'; known: $KERNEL_SERIES"
	[[ $flavour != *' '* && " $KERNEL_FLAVOURS " = *" $flavour "* ]] ||
		die "unknown flavour '$flavour' of kernel $series; known: $KERNEL_FLAVOURS"
}

# The Debian release of a series: the host's, or the first that has the series.
kernel_release()
{
	case $1 in
	7.3) printf trixie ;;
	*) printf '%s' "$LAB_CODENAME" ;;
	esac
}

# The packages of one kernel version that the lab needs. Later series split the image into several packages, and have no
# common headers for rt alone.
kernel_packages()
{
	local series=$1 flavour=$2 version=$3 common=common

	[[ $series-$flavour != 6.12-rt-* ]] || common=common-rt
	printf '%s\n' "linux-image-$version-$flavour" "linux-headers-$version-$flavour" \
		"linux-headers-$version-$common" "linux-kbuild-$version"
	[[ $series = 6.12 ]] || printf "linux-%s-$version-$flavour\n" base binary modules
}

# The candidates NAME=VERSION of the newest version of a series and flavour for which all packages exist; with a third argument,
# of the newest one before that version.
kernel_candidates()
{
	local series=$1 flavour=$2 before=${3:-} version pkg candidate
	local -a found

	while read -r version; do
		found=()
		while read -r pkg; do
			candidate=$(apt_private apt-cache show --no-all-versions "$pkg" 2>/dev/null |
				awk '$1 == "Version:" { print $2; exit }')
			[[ -n $candidate ]] || continue 2
			found+=("$pkg=$candidate")
		done < <(kernel_packages "$series" "$flavour" "$version")
		printf '%s\n' "${found[@]}"
		return
	done < <(apt_private apt-cache pkgnames "linux-image-$series." |
		sed -n "s/^linux-image-\([0-9][^-]*\)-$flavour\$/\1/p" | sort -rV | sed "${before:+0,/^$before\$/d}")
	return 1
}

# Gives an extracted kernel the uniform shape, in place.
kernel_shape()
{
	local dir=$1 release=$2 link target

	if [[ -e $dir/boot/vmlinuz-$release ]]; then
		mv "$dir/boot/vmlinuz-$release" "$dir/vmlinuz"
	else
		mv "$dir/lib/modules/$release/vmlinuz" "$dir/vmlinuz"
	fi
	tool depmod -b "$dir" "$release"
	# Links between the headers packages are absolute; make them point into the tree.
	while read -r link; do
		target=$(readlink "$link")
		[[ ! -e $dir$target ]] || ln -sfnr "$dir$target" "$link"
	done < <(find "$dir/usr" "$dir/lib/modules/$release" -type l -lname '/*')
	printf '%s\n' "$APT_RELEASE" >"$dir/debian"
	printf '%s\n' "$release" >"$dir/release"
}

# True if a directory is complete for booting and building.
kernel_whole()
{
	local release=${1##*/}

	[[ -s $1/release && -s $1/vmlinuz && -d $1/lib/modules/$release &&
		-s $1/usr/src/linux-headers-$release/Module.symvers ]]
}

# True if a series' kernel is in the cache.
kernel_cached()
{
	[[ -s $1 ]] && kernel_whole "${1%/*}/$(<"$1")"
}

# Prints the path of the file that names the newest kernel of a series and flavour.
kernel_pointer()
{
	local series=$1 flavour=$2

	[[ $flavour != "${KERNEL_FLAVOURS%% *}" ]] || flavour=
	printf '%s/kernels/%s' "$LAB_CACHE" "$series${flavour:+-$flavour}"
}

# kernel_choose WHAT COMMAND...: sets the caller's `list` to the candidates that COMMAND prints, and `release` to that of the kernel.
kernel_choose()
{
	local what=$1
	shift

	mapfile -t list < <("$@")
	((${#list[@]})) || die "no $what with its headers in the Debian $APT_RELEASE suites"
	release=${list[0]%%=*}
	release=${release#linux-image-}
}

kernel_fetch()
{
	local series=$1 flavour=$2 pointer need=$KERNEL_NEED release dest tmp try
	local -a list

	pointer=$(kernel_pointer "$series" "$flavour")
	[[ $flavour != cloud-* ]] || need=$KERNEL_NEED_CLOUD

	if kernel_cached "$pointer"; then
		! younger_than "$APT_DAY" "$pointer" || return 0
	elif [[ -e $pointer ]]; then
		note "kernel $(<"$pointer") in the cache is damaged, fetching it again"
	fi
	mkdir -p "$LAB_CACHE/kernels"
	if ! apt_refresh "$APT_DAY"; then
		kernel_cached "$pointer" || exit 125
		note "staying with kernel $(<"$pointer")"
		# Retry in an hour, not at every run.
		touch -d '-23 hours' "$pointer"
		return
	fi
	for try in 1 2; do
		kernel_choose "kernel $series-$flavour" kernel_candidates "$series" "$flavour"
		dest=$LAB_CACHE/kernels/$release
		! kernel_whole "$dest" || break
		tmp=$LAB_CACHE/tmp.kernel
		if apt_extract "$need" "$tmp" "${list[@]}"; then
			kernel_shape "$tmp" "$release"
			rm -rf "$dest"
			mv -T "$tmp" "$dest"
			break
		fi
		((try == 1)) || die "$(apt_reason "$(apt_dir)/download.log")"
		apt_refresh 0 || exit 125
	done
	note "kernel $series is $release"
	write_file "$pointer" <<<"$release"
}

# Prints the directory of a kernel, SERIES[/FLAVOUR]. A directory of that layout is used unchanged.
kernel_dir()
{
	local series flavour pointer

	if ! kernel_parse "$1"; then
		[[ -r $1/vmlinuz && -r $1/release ]] || die "$1 is no kernel directory: it lacks vmlinuz or release"
		(cd "$1" && pwd)
		return
	fi
	pointer=$(kernel_pointer "$series" "$flavour")
	{ younger_than "$APT_DAY" "$pointer" && kernel_cached "$pointer"; } ||
		with_lock with_release "$(kernel_release "$series")" kernel_fetch "$series" "$flavour"
	printf '%s/kernels/%s\n' "$LAB_CACHE" "$(<"$pointer")"
}

# Checks the tools for builds against headers of the host's own release.
kernel_host_tools()
{
	local headers=$1 compiler=$2

	command -v make >/dev/null || apt_need make
	command -v "$compiler" >/dev/null || apt_need "$compiler"
	# The headers contain objtool, but not its library.
	if ! /lib64/ld-linux-x86-64.so.2 --list "$headers/tools/objtool/objtool.real-x86" >/dev/null 2>&1; then
		case $LAB_CODENAME in
		bookworm) apt_need libelf1 ;;
		*) apt_need libelf1t64 ;;
		esac
	fi
}

# compiler_arg COMPILER: prints the argument that makes the kernel's makefiles use it. With clang, all tools are LLVM's.
compiler_arg()
{
	case $1 in
	clang) echo LLVM=1 ;;
	clang-*) echo "LLVM=${1#clang}" ;;
	*) echo "CC=$1" ;;
	esac
}

# Runs make against the kernel's headers, or against the objects of a kernel that the lab built. A relative M= is relative to the
# caller's directory.
kernel_make()
{
	local dir headers common compiler release arg
	local -a args=() in_release=()

	dir=$(kernel_dir "$1")
	shift
	for arg; do
		[[ $arg != M=[!/]* ]] || arg=M=$PWD/${arg#M=}
		args+=("$arg")
	done
	if [[ -e $dir/build/Makefile ]]; then
		exec make -C "$dir/build" "$(compiler_arg "$(<"$dir/compiler")")" "${args[@]}"
	fi
	headers=$dir/usr/src/linux-headers-$(<"$dir/release")
	[[ -d $headers ]] || die "$dir has no kernel headers"
	common=$(compgen -G "$dir/usr/src/linux-headers-*-common*") || die "$dir has only a part of the kernel headers"
	compiler=$(sed -n 's/.*\(gcc-[0-9][0-9]*\).*/\1/p' "$headers/.kernelvariables" | sed -n 1p)
	[[ -n $compiler ]] || die "$headers does not say which compiler it needs"
	# Older caches have no such file, and only kernels of the host's release.
	release=$LAB_CODENAME
	[[ ! -r $dir/debian ]] || release=$(<"$dir/debian")
	if [[ $release = "$LAB_CODENAME" ]]; then
		kernel_host_tools "$headers" "$compiler"
	else
		in_release=(release_run "$(with_release "$release" release_tree "$compiler")")
	fi
	# BTF of the module would require pahole, and nothing here reads it.
	"${in_release[@]}" make -C "$headers" -f "$common/Makefile" KBUILD_OUTPUT="$headers" \
		CONFIG_DEBUG_INFO_BTF_MODULES= "${args[@]}"
}
