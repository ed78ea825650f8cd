# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Builds kernels from source. build() is `lab build`. Scripts that build several kernels from one tree use the functions
# before it, and set
#	SOURCE		the pristine source
#	TREE		the copy that is built
#	BASE		the directory for the output of apply_patches
#	MAKE_ARGS	arguments for make: ARCH, the compiler
#	HARMLESS	optional: a pattern of compiler warnings to ignore

# MiB for the objects of a kernel with debug options.
readonly BUILD_NEED=2500
# Seconds between two reports of progress.
readonly BUILD_REPORT=60

# build_progress LOG: reports the progress of make every $BUILD_REPORT seconds, until it is killed or the script ends.
build_progress()
{
	local seconds=0

	# A sleep must not keep the caller's stdout open.
	while sleep 5 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
		seconds=$((seconds + 5))
		((seconds % BUILD_REPORT)) ||
			note "built $(grep -cE '^  [A-Z]+ ' "$1") files in $((seconds / 60)) min"
	done
}

# kmake OBJECTS ARGS...: runs the kernel's make in an object tree. The output goes to a log; on failure prints its first error.
kmake()
{
	local objects=$1 log=$1/build.log progress status=0
	shift

	build_progress "$log" &
	progress=$!
	make -C "$TREE" O="$objects" "${MAKE_ARGS[@]}" -j"$(nproc)" "$@" >"$log" 2>&1 || status=$?
	kill "$progress" 2>/dev/null || true
	wait "$progress" 2>/dev/null || true
	if ((status)); then
		! grep -qs 'No space left on device' "$log" || die "the disk is full; the whole log is $log"
		grep -m5 -E 'error:|Error |undefined reference' "$log" >&2 || tail -n5 "$log" >&2
		die "the kernel does not build; the whole log is $log"
	fi
	! grep -E 'warning:' "$log" | grep -vE "${HARMLESS:-^$}" >&2 || die "the compiler warns, see above; the whole log is $log"
}

# configure OBJECTS FILE...: enables only the options of the files, and their dependencies. A later file overrides an earlier one.
configure()
{
	local objects=$1 line
	shift

	mkdir -p "$objects"
	awk -F= '/^CONFIG_/ { last[$1] = $0 } END { for (name in last) print last[name] }' "$@" >"$objects/wanted.config"
	kmake "$objects" KCONFIG_ALLCONFIG="$objects/wanted.config" allnoconfig
	while read -r line; do
		case $line in
		*=n) ! grep -q "^${line%=n}=" "$objects/.config" || die "this kernel cannot be configured without ${line%=n}" ;;
		*) grep -qxF "$line" "$objects/.config" || die "this kernel cannot be configured with $line" ;;
		esac
	done <"$objects/wanted.config"
}

# configure_as OBJECTS WHOLE FILE...: takes the configuration of another kernel, overridden by the files. New options get
# their defaults. $OBJECTS/dropped.config lists the options of WHOLE that this kernel lacks or sets otherwise,
# $OBJECTS/overridden.config those that the files change, and options that depend on them.
configure_as()
{
	local objects=$1 whole=$2 HARMLESS='\.config:[0-9]+:warning: '
	shift 2

	mkdir -p "$objects"
	cp "$whole" "$objects/.config"
	kmake "$objects" olddefconfig
	grep '^CONFIG_' "$whole" | grep -vxFf "$objects/.config" >"$objects/dropped.config" || true
	note "$(wc -l <"$objects/dropped.config") options of $whole have no effect in this kernel, see $objects/dropped.config"
	(($#)) || return 0
	cp "$objects/.config" "$objects/whole.config"
	cat "$whole" "$@" >"$objects/.config"
	kmake "$objects" olddefconfig
	grep '^CONFIG_' "$objects/whole.config" | grep -vxFf "$objects/.config" >"$objects/overridden.config" || true
	note "$(wc -l <"$objects/overridden.config") more are overridden, or depend on overridden ones, see $objects/overridden.config"
}

# Copies with hard links, so a changed file must be replaced, not written in place.
source_copy()
{
	[[ ! -d $1 ]] || return 0
	note "copying the source"
	rm -rf "$1.new"
	cp -al "$SOURCE" "$1.new"
	mv "$1.new" "$1"
}

# source_set TREE FROM: copies the files of the applied patches from FROM, and restores files that only earlier patches touched.
# Files that are the same are not written, to avoid compiling them again.
source_set()
{
	local tree=$1 from=$2 file origin

	while read -r file; do
		origin=$from/$file
		[[ -e $origin ]] || origin=$SOURCE/$file
		if [[ ! -e $origin ]]; then
			rm -f "$tree/$file"
		elif ! cmp -s "$origin" "$tree/$file"; then
			mkdir -p "$(dirname "$tree/$file")"
			cp --remove-destination "$origin" "$tree/$file"
		fi
	done < <(cat "$tree/.touched" "$BASE/applied.list" 2>/dev/null | sort -u)
	cp "$BASE/applied.list" "$tree/.touched"
}

# The patches of a series, without the cover letter.
patch_files()
{
	find "$1" -maxdepth 1 -name '[0-9]*.patch' ! -name '0000-*' | sort
}

# apply_patches DIR: applies the patches with git am. The changed files are in $BASE/applied, their names in $BASE/applied.list.
apply_patches()
{
	local patches=$1 file dir=$BASE/applied

	rm -rf "$dir"
	git init -q -b main "$dir"
	patch_files "$patches" | xargs -d '\n' sed -n 's|^+++ b/||p' | sort -u >"$BASE/applied.list"
	while read -r file; do
		[[ -e $SOURCE/$file ]] || continue
		mkdir -p "$(dirname "$dir/$file")"
		cp "$SOURCE/$file" "$dir/$file"
	done <"$BASE/applied.list"
	git -C "$dir" add -A
	git -C "$dir" -c user.name=check -c user.email=check commit -q --allow-empty -m base
	patch_files "$patches" | xargs -d '\n' git -C "$dir" -c user.name=check -c user.email=check \
		-c core.hooksPath=/dev/null am -q >"$BASE/am.log" 2>&1 || die "git am refuses the patches; see $BASE/am.log"
}

# Prints names and checksums of the patched files, to tell kernels with different patches apart.
applied_sum()
{
	(cd "$BASE/applied" && xargs -d '\n' sha256sum <"$BASE/applied.list")
}

# True if the content of DIR was made for KEY. done_for sets the key at the end of a build; an unfinished build has none.
is_made()
{
	[[ -e $1/made-for && $(<"$1/made-for") = "$2" ]]
}

begin()
{
	mkdir -p "$1"
	rm -f "$1/made-for"
}

done_for()
{
	printf '%s\n' "$2" >"$1/made-for"
}

# objects_moved OBJECTS FROM TO: host tools record the absolute paths of their build. Rewrites them after a copy; otherwise
# make rebuilds the tools, and then everything that depends on them.
objects_moved()
{
	[[ ! -d $1/tools ]] || grep -rlIZF "$2/" "$1/tools" | xargs -0r sed -i "s|$2/|$3/|g"
}

# If a handler has an odd address, ftrace jumps to it instead of calling it (CONFIG_DYNAMIC_FTRACE_WITH_JMP). If functions are not
# aligned, the handlers of probes may have odd addresses, and the guest dies at the first probe. Livepatch's handler is not
# affected: only its own trampolines call it.
build_handlers_check()
{
	local objects=$1 odd

	grep -q '^CONFIG_DYNAMIC_FTRACE_WITH_JMP=y' "$objects/.config" || return 0
	odd=$(nm "$objects/vmlinux" | awk '$3 ~ /^(kprobe_ftrace_handler|arch_ftrace_ops_list_func)$/ &&
		$1 ~ /[13579bdf]$/ { print $3 }' | paste -sd' ')
	[[ -z $odd ]] || die "this kernel would jump to $odd instead of calling, as the address is odd:" \
		"add CONFIG_CC_OPTIMIZE_FOR_SIZE=n and CONFIG_CC_OPTIMIZE_FOR_PERFORMANCE=y to its configuration"
}

# Refuses a host without the programs and headers that a kernel build requires.
build_tools_check()
{
	local program
	local -A package=([make]=make [flex]=flex [bison]=bison [bc]=bc [git]=git [nm]=binutils ["$CC"]=$CC)
	local -a missing=()

	for program in "${!package[@]}"; do
		command -v "$program" >/dev/null || missing+=("${package[$program]}")
	done
	# For objtool.
	[[ -e /usr/include/libelf.h ]] || missing+=(libelf-dev)
	((${#missing[@]} == 0)) || die "build: packages are missing; as root: apt-get install ${missing[*]}"
}

# build_shape DIR OBJECTS: makes the directory of the kernel, for `lab run` and `lab kmake`.
build_shape()
{
	local dir=$1 objects=$2 release

	release=$(<"$objects/include/config/kernel.release")
	rm -rf "${dir:?}/lib"
	mkdir -p "$dir/lib/modules/$release"
	if grep -q '^CONFIG_MODULES=y' "$objects/.config"; then
		kmake "$objects" modules_install INSTALL_MOD_PATH="$dir" INSTALL_MOD_STRIP=1 DEPMOD=true
		tool depmod -b "$dir" "$release"
	fi
	cp "$objects/arch/x86/boot/bzImage" "$dir/vmlinuz"
	ln -sfn "$objects" "$dir/build"
	printf '%s\n' "$CC" >"$dir/compiler"
	printf '%s\n' "$release" >"$dir/release"
}

# build_kernel NAME OTHER PATCHES WHOLE CONFIG...: builds a kernel unless it is up to date. The objects are inside the source, so
# that paths are relative and both can be copied together.
build_kernel()
{
	local name=$1 other=$2 patches=$3 whole=$4 dir=$BASE from=$SOURCE key
	shift 4

	: >"$BASE/applied.list"
	if [[ -n $patches ]]; then
		apply_patches "$patches"
		from=$BASE/applied
	fi
	key=$({ cat ${whole:+"$whole"} "$@"; "$CC" --version; [[ -z $patches ]] || applied_sum; } | sha256sum)
	! is_made "$dir" "$key" || return 0

	space_check "$BUILD_NEED"
	if [[ ! -d $TREE && -n $other ]]; then
		other=${BASE%/*}/$other
		[[ -e $other/made-for ]] || die "build: there is no kernel '${other##*/}' to start from"
		rm -rf "$TREE.new"
		cp -al "$SOURCE" "$TREE.new"
		cp -a "$other/source/objects" "$TREE.new/"
		objects_moved "$TREE.new/objects" "$other/source" "$TREE"
		mv "$TREE.new" "$TREE"
	fi
	source_copy "$TREE"
	begin "$dir"
	source_set "$TREE" "$from"
	note "building kernel '$name' of ${SOURCE##*/}; this may take half an hour"
	if [[ -n $whole ]]; then
		configure_as "$TREE/objects" "$whole" "$@"
	else
		configure "$TREE/objects" "$@"
	fi
	kmake "$TREE/objects" bzImage modules
	build_handlers_check "$TREE/objects"
	build_shape "$dir" "$TREE/objects"
	done_for "$dir" "$key"
	note "built it, in $((SECONDS / 60)) min $((SECONDS % 60)) s"
}

# build OPTIONS NAME: builds a kernel and prints its directory.
build()
{
	local opt OPTARG OPTIND=1 series=6.12 patches='' other='' whole='' file
	local -a configs=()

	CC=${CC:-gcc-12} HARMLESS=
	while getopts :k:c:C:p:b:w: opt; do
		case $opt in
		k) series=$OPTARG ;;
		c) configs+=("$OPTARG") ;;
		C) whole=$OPTARG ;;
		p) patches=$OPTARG ;;
		b) other=$OPTARG ;;
		w) HARMLESS=$OPTARG ;;
		:) die "build: option -$OPTARG needs a value" ;;
		*) die "build: unknown option -$OPTARG; see 'lab help'" ;;
		esac
	done
	shift $((OPTIND - 1))
	(($# == 1)) || die "build: give the kernel one name"
	[[ $1 =~ ^[a-z0-9][a-z0-9.-]*$ ]] || die "build: '$1' is no name; use small letters, digits, '.' and '-'"
	[[ -n $whole ]] || ((${#configs[@]})) ||
		die "build: name files with options of the kernel's configuration, by -c, or a whole one by -C"
	for file in ${whole:+"$whole"} "${configs[@]}"; do
		[[ -r $file ]] || die "build: cannot read '$file'"
	done
	[[ -z $patches || -n $(patch_files "$patches" 2>/dev/null) ]] || die "build: no patches in '$patches'"
	# git am runs in another directory.
	[[ -z $patches ]] || patches=$(realpath "$patches")
	build_tools_check

	SOURCE=$(source_dir "$series")
	BASE=$LAB_CACHE/built/${SOURCE##*/}/$1
	TREE=$BASE/source
	MAKE_ARGS=("$(compiler_arg "$CC")")
	mkdir -p "$BASE"
	exec 9>"${BASE%/*}/lock"
	if ! flock -n 9; then
		note "waiting for another lab that builds a kernel"
		flock 9
	fi
	build_kernel "$1" "$other" "$patches" "$whole" "${configs[@]}" 9>&-
	printf '%s\n' "$BASE"
}
