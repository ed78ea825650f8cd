# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Kernels with and without the series, of one configuration, for `check`; parts of it for `check-builds`. $BASE is a
# directory of the cache, with
#	src		the source; as the series makes it once the control kernel is built
#	control/, patched/	object trees
#	run/NAME/	what `lab run -k` takes
# $SOURCE, $PATCHES_DIR, $MAINLINE and $TOP are the caller's, too; and $TREE, the source that is built, and $MAKE_ARGS.

die()
{
	printf 'check-mainline: %s\n' "$*" >&2
	exit 1
}

note()
{
	printf 'check-mainline: %s\n' "$*" >&2
}

# Kernel make in an object tree: its output goes to a log, of which the first error is shown.
kmake()
{
	local objects=$1 log=$1/build.log
	shift

	if ! make -C "$TREE" O="$objects" "${MAKE_ARGS[@]}" -j"$(nproc)" "$@" >"$log" 2>&1; then
		grep -m5 -E 'error:|Error |undefined reference' "$log" >&2 || tail -n5 "$log" >&2
		die "the kernel does not build; all of it in $log"
	fi
	! grep -E 'warning:' "$log" >&2 || die "the compiler warns, see above; all of it in $log"
}

configure()
{
	local objects=$1 line
	shift

	mkdir -p "$objects"
	kmake "$objects" tinyconfig
	(cd "$objects" && "$TREE/scripts/kconfig/merge_config.sh" -m -O . .config "$@") >"$objects/merge.log" 2>&1 ||
		die "merge_config.sh fails; see $objects/merge.log"
	kmake "$objects" olddefconfig
	while read -r line; do
		case $line in
		\#* | '') ;;
		*=n) ! grep -q "^${line%=n}=" "$objects/.config" || die "this kernel insists on ${line%=n}" ;;
		*) grep -qxF "$line" "$objects/.config" || die "this kernel cannot be configured with $line" ;;
		esac
	done < <(cat "$@")
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

# source_set TREE FROM: makes the files that the series touches as they are in FROM. Only what differs is written, so
# that little is compiled again.
source_set()
{
	local tree=$1 from=$2 file

	while read -r file; do
		if [[ ! -e $from/$file ]]; then
			rm -f "$tree/$file"
		elif ! cmp -s "$from/$file" "$tree/$file"; then
			mkdir -p "$(dirname "$tree/$file")"
			cp --remove-destination "$from/$file" "$tree/$file"
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
	sed -n 's|^+++ b/||p' "$PATCHES_DIR"/000[1-9]-*.patch | sort -u >"$BASE/applied.list"
	while read -r file; do
		[[ -e $SOURCE/$file ]] || continue
		mkdir -p "$(dirname "$dir/$file")"
		cp "$SOURCE/$file" "$dir/$file"
	done <"$BASE/applied.list"
	git -C "$dir" add -A
	git -C "$dir" -c user.name=check -c user.email=check commit -qm base
	git -C "$dir" -c user.name=check -c user.email=check -c core.hooksPath=/dev/null am -q \
		"$PATCHES_DIR"/000[1-9]-*.patch >"$BASE/am.log" 2>&1 || die "git am refuses the series; see $BASE/am.log"
}

# The directory that the lab boots.
run_dir()
{
	local objects=$1 dir=$BASE/run/$2 release

	mkdir -p "$dir"
	release=$(<"$objects/include/config/kernel.release")
	mkdir -p "$dir/lib/modules/$release"
	cp "$objects/arch/x86/boot/bzImage" "$dir/vmlinuz"
	printf '%s\n' "$release" >"$dir/release"

	rm -rf "$dir/modules" "$dir"/*.ko
	mkdir "$dir/modules"
	cp "$TOP/tests/modules/hold_mmap_lock.c" "$dir/modules/"
	echo 'obj-m := hold_mmap_lock.o' >"$dir/modules/Kbuild"
	if grep -q copy_remote_vm_str "$objects/Module.symvers"; then
		cp "$MAINLINE/test/guest/read_remote_str.c" "$dir/modules/"
		echo 'obj-m += read_remote_str.o' >>"$dir/modules/Kbuild"
	fi
	kmake "$objects" M="$dir/modules" modules
	cp "$dir/modules"/*.ko "$dir/"
}

# Both kernels. The objects of the patched one begin as a copy of the other's.
build_kernels()
{
	local key

	TREE=$BASE/src
	MAKE_ARGS=(CC="$CC")
	mkdir -p "$BASE"
	source_copy "$TREE"
	apply_series

	key=$(cat "$MAINLINE/config" <("$CC" --version) | sha256sum)
	if [[ ! -e $BASE/control/built || $(<"$BASE/control/built") != "$key" ]]; then
		note "building the control kernel"
		source_set "$TREE" "$SOURCE"
		rm -rf "$BASE/patched"
		configure "$BASE/control" "$MAINLINE/config"
		kmake "$BASE/control" bzImage modules
		printf '%s\n' "$key" >"$BASE/control/built"
	fi
	if [[ ! -d $BASE/patched ]]; then
		rm -rf "$BASE/patched.new"
		cp -a "$BASE/control" "$BASE/patched.new"
		mv "$BASE/patched.new" "$BASE/patched"
	fi
	note "building the patched kernel"
	source_set "$TREE" "$BASE/applied"
	kmake "$BASE/patched" bzImage modules
	run_dir "$BASE/control" control
	run_dir "$BASE/patched" patched
}
