# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Kernels with and without the series, of one configuration, for `check`; parts of it for `check-builds`. $BASE is a
# directory of the cache, with
#	src		the source; as the series makes it once the control kernel is built
#	control/, patched/	object trees; patch/ after one patch or another, plain/ without direct-copy
#	run/NAME/	what `lab run -k` takes
# $SOURCE, $MAINLINE and $TOP are the caller's, too; and $TREE, the source that is built, and $MAKE_ARGS.

# The parts of `lab build`, not the command: that builds one kernel for x86-64 in a tree of its own. Here kernels of two
# architectures, each patch of the series and each mutant take turns in one tree, so that little is compiled for each.
# apply_patches() leaves what it makes in $BASE.
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/../lab/build.sh"

ARCH=${ARCH:-x86_64}
PAGES=${PAGES:-}
IMAGE=arch/x86/boot/bzImage

# Sets $PATCHES_DIR.
find_patches()
{
	compgen -G "$1/0001-*.patch" >/dev/null || die "no patches in '$1': run 'make series'"
	PATCHES_DIR=$(cd "$1" && pwd)
}

apply_series()
{
	apply_patches "$PATCHES_DIR"
}

# Sets CONFIGS for $ARCH, with the options that only $SERIES has, and those of $FLAVOUR if the caller sets it.
arch_configs()
{
	local file

	CONFIGS=("$MAINLINE/config")
	if [[ $ARCH != x86_64 ]]; then
		CONFIGS=("$BASE/config")
		grep -vxFf "$MAINLINE/config-x86-only" "$MAINLINE/config" >"$BASE/config"
	fi
	for file in "config-$SERIES" "config-$ARCH" "config-$ARCH-$PAGES" "config-${FLAVOUR:-}"; do
		[[ ! -f $MAINLINE/$file ]] || CONFIGS+=("$MAINLINE/$file")
	done
}

# Sets MAKE_ARGS and IMAGE for $ARCH; what is not x86-64 has directories of its own. PAGES=16k: the size, on arm64.
arch_begin()
{
	case $ARCH in
	x86_64)
		# shellcheck disable=SC2034
		MAKE_ARGS=(ARCH=x86_64 CC="$CC")
		IMAGE=arch/x86/boot/bzImage
		;;
	arm64)
		# shellcheck disable=SC2034
		MAKE_ARGS=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-)
		IMAGE=arch/arm64/boot/Image
		BASE+=-arm64${PAGES:+-$PAGES}
		;;
	*) die "ARCH is '$ARCH'; known: x86_64 arm64" ;;
	esac
}

# copy_objects FROM TO, to go on from there.
copy_objects()
{
	[[ ! -d $2 ]] || return 0
	rm -rf "$2.new"
	cp -a "$1" "$2.new"
	objects_moved "$2.new" "$1" "$2"
	rm -f "$2.new/made-for"
	mv "$2.new" "$2"
}

# The directory that the lab boots: run_dir OBJECTS NAME KEY FROM. The objects were made of the files in FROM.
run_dir()
{
	local objects=$1 dir=$BASE/run/$2 key release
	local -a modules=("$TOP/tests/modules/hold_mmap_lock.c")

	! grep -q copy_remote_vm_str "$objects/Module.symvers" || modules+=("$MAINLINE/test/guest/read_remote_str.c")
	key=$(cat "${modules[@]}" - <<<"$3" | sha256sum)
	! is_made "$dir" "$key" || return 0

	source_set "$TREE" "$4"
	rm -rf "$dir"
	begin "$dir"
	release=$(<"$objects/include/config/kernel.release")
	mkdir -p "$dir/lib/modules/$release" "$dir/modules"
	cp "$objects/$IMAGE" "$dir/vmlinuz"
	printf '%s\n' "$release" >"$dir/release"
	cp "${modules[@]}" "$dir/modules/"
	printf '%s\n' "${modules[@]##*/}" | sed 's/^\(.*\)\.c$/obj-m += \1.o/' >"$dir/modules/Kbuild"
	kmake "$objects" M="$dir/modules" modules
	cp "$dir/modules"/*.ko "$dir/"
	done_for "$dir" "$key"
}

# lab_run DIR ARG...: boots what run_dir made. On a busy machine the guest may not see a timer tick in the time that the
# kernel gives it at boot, and then that panics. It ends with the caller.
lab_run()
{
	setpriv --pdeathsig TERM "$TOP/lab/lab" run -k "$1" -a no_timer_check "${@:2}"
}

# Needs no patches.
build_control()
{
	TREE=$BASE/src
	mkdir -p "$BASE"
	touch "$BASE/applied.list"
	source_copy "$TREE"
	arch_configs
	CONTROL_KEY=$(cat "${CONFIGS[@]}" <("$CC" --version) | sha256sum)
	if ! is_made "$BASE/control" "$CONTROL_KEY"; then
		note "building the control kernel"
		begin "$BASE/control"
		source_set "$TREE" "$SOURCE"
		rm -rf "$BASE/patched" "$BASE/plain" "$BASE/patch"
		configure "$BASE/control" "${CONFIGS[@]}"
		kmake "$BASE/control" "${IMAGE##*/}" modules
		done_for "$BASE/control" "$CONTROL_KEY"
	fi
	run_dir "$BASE/control" control "$CONTROL_KEY" "$SOURCE"
}

# build_patched [NAME FILES]: the kernel NAME with the files in FILES; without arguments, with those of the whole series.
# The objects begin as a copy of the control kernel's.
build_patched()
{
	local name=${1:-patched} from=${2:-$BASE/applied} key

	# With what the control kernel was made of, and the files by their names.
	key=$({ echo "$CONTROL_KEY"; cd "$from" && git ls-files | xargs -d '\n' sha256sum; } | sha256sum)
	if ! is_made "$BASE/$name" "$key"; then
		source_set "$TREE" "$from"
		note "building the $name kernel"
		copy_objects "$BASE/control" "$BASE/$name"
		begin "$BASE/$name"
		kmake "$BASE/$name" "${IMAGE##*/}" modules
		done_for "$BASE/$name" "$key"
	fi
	run_dir "$BASE/$name" "$name" "$key" "$from"
}

# The series' kselftest, into $TESTS, as the kernel's own Makefile builds it.
build_selftest()
{
	local dir=$BASE/selftest log=$BASE/selftest/build.log
	local -a args=(OUTPUT="$dir" CC="$CC")

	source_set "$TREE" "$BASE/applied"
	mkdir -p "$dir" "$TESTS"
	[[ $ARCH != arm64 ]] || args=(OUTPUT="$dir" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- LDFLAGS=-static)
	make -C "$TREE/tools/testing/selftests/mm" "${args[@]}" "$dir/remote_read" >"$log" 2>&1 ||
		die "the kselftest does not build; see $log"
	! grep 'warning:' "$log" >&2 || die "the compiler warns about the kselftest, see above and $log"
	cp "$dir/remote_read" "$TESTS/"
}
