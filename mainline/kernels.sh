# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Kernels with and without the series, of one configuration, for `check`; parts of it for `check-builds`. $BASE is a
# directory of the cache, with
#	src		the source; as the series makes it once the control kernel is built
#	control/, patched/	object trees
#	run/NAME/	what `lab run -k` takes
# $SOURCE, $MAINLINE and $TOP are the caller's, too; and $TREE, the source that is built, and $MAKE_ARGS.

ARCH=${ARCH:-x86_64}
PAGES=${PAGES:-}
IMAGE=arch/x86/boot/bzImage

# Sets $PATCHES_DIR.
find_patches()
{
	compgen -G "$1/0001-*.patch" >/dev/null || die "no patches in '$1': run 'make series'"
	PATCHES_DIR=$(cd "$1" && pwd)
}

# Kernel make in an object tree: its output goes to a log, of which the first error is shown. $HARMLESS matches the
# warnings that are put up with.
kmake()
{
	local objects=$1 log=$1/build.log
	shift

	if ! make -C "$TREE" O="$objects" "${MAKE_ARGS[@]}" -j"$(nproc)" "$@" >"$log" 2>&1; then
		grep -m5 -E 'error:|Error |undefined reference' "$log" >&2 || tail -n5 "$log" >&2
		die "the kernel does not build; all of it in $log"
	fi
	! grep -E 'warning:' "$log" | grep -vE "${HARMLESS:-^$}" >&2 || die "the compiler warns, see above; all of it in $log"
}

# configure OBJECTS FILE...: only what the files say, later ones with more weight, and what that needs.
configure()
{
	local objects=$1 line
	shift

	mkdir -p "$objects"
	awk -F= '/^CONFIG_/ { last[$1] = $0 } END { for (name in last) print last[name] }' "$@" >"$objects/wanted.config"
	kmake "$objects" KCONFIG_ALLCONFIG="$objects/wanted.config" allnoconfig
	while read -r line; do
		case $line in
		*=n) ! grep -q "^${line%=n}=" "$objects/.config" || die "this kernel insists on ${line%=n}" ;;
		*) grep -qxF "$line" "$objects/.config" || die "this kernel cannot be configured with $line" ;;
		esac
	done <"$objects/wanted.config"
}

# Hard links: what is changed must be written anew, not in place.
source_copy()
{
	[[ ! -d $1 ]] || return 0
	note "copying the source"
	rm -rf "$1.new"
	cp -al "$SOURCE" "$1.new"
	mv "$1.new" "$1"
}

# source_set TREE FROM: makes the files that the series touches as they are in FROM, and those that it touched once and
# no longer does as they were. Only what differs is written, so that little is compiled again.
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

# The files that git am makes of the series, in $BASE/applied.
apply_series()
{
	local file dir=$BASE/applied

	rm -rf "$dir"
	git init -q -b main "$dir"
	patch_files "$PATCHES_DIR" | xargs -d '\n' sed -n 's|^+++ b/||p' | sort -u >"$BASE/applied.list"
	while read -r file; do
		[[ -e $SOURCE/$file ]] || continue
		mkdir -p "$(dirname "$dir/$file")"
		cp "$SOURCE/$file" "$dir/$file"
	done <"$BASE/applied.list"
	git -C "$dir" add -A
	git -C "$dir" -c user.name=check -c user.email=check commit -qm base
	patch_files "$PATCHES_DIR" | xargs -d '\n' git -C "$dir" -c user.name=check -c user.email=check \
		-c core.hooksPath=/dev/null am -q >"$BASE/am.log" 2>&1 || die "git am refuses the series; see $BASE/am.log"
}

# True if what is in DIR was made for KEY. Done says so afterwards; what is begun is for none until then.
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

# Sets CONFIGS for $ARCH, with what only $SERIES has a name for.
arch_configs()
{
	local file

	CONFIGS=("$MAINLINE/config")
	if [[ $ARCH != x86_64 ]]; then
		CONFIGS=("$BASE/config")
		grep -vxFf "$MAINLINE/config-x86-only" "$MAINLINE/config" >"$BASE/config"
	fi
	for file in "config-$SERIES" "config-$ARCH" "config-$ARCH-$PAGES"; do
		[[ ! -e $MAINLINE/$file ]] || CONFIGS+=("$MAINLINE/$file")
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

# copy_objects FROM TO, to go on from there. The kernel's own tools know where they were built; if that was not mended,
# they would be built again, and then all that is made with them.
copy_objects()
{
	[[ ! -d $2 ]] || return 0
	rm -rf "$2.new"
	cp -a "$1" "$2.new"
	grep -rlIZF "$1/" "$2.new/tools" | xargs -0r sed -i "s|$1/|$2/|g"
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
		rm -rf "$BASE/patched"
		configure "$BASE/control" "${CONFIGS[@]}"
		kmake "$BASE/control" "${IMAGE##*/}" modules
		done_for "$BASE/control" "$CONTROL_KEY"
	fi
	run_dir "$BASE/control" control "$CONTROL_KEY" "$SOURCE"
}

# The objects begin as a copy of the control kernel's.
build_patched()
{
	local key

	# With what the control kernel was made of, and the files by their names.
	key=$({ echo "$CONTROL_KEY"; cd "$BASE/applied" && xargs -d '\n' sha256sum <"$BASE/applied.list"; } | sha256sum)
	source_set "$TREE" "$BASE/applied"
	if ! is_made "$BASE/patched" "$key"; then
		note "building the patched kernel"
		copy_objects "$BASE/control" "$BASE/patched"
		begin "$BASE/patched"
		kmake "$BASE/patched" "${IMAGE##*/}" modules
		done_for "$BASE/patched" "$key"
	fi
	run_dir "$BASE/patched" patched "$key" "$BASE/applied"
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
		die "the kselftest does not build; all of it in $log"
	! grep 'warning:' "$log" >&2 || die "the compiler warns, see above; all of it in $log"
	cp "$dir/remote_read" "$TESTS/"
}
