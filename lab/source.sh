# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sources of kernels, as Debian packages them: `lab source SERIES` prints the directory of an extracted tree.

# The suites that have the sources, whatever the host's release. Nothing from them is executed or installed.
readonly SOURCE_RELEASE=trixie
# MiB for the package and its contents.
readonly SOURCE_NEED=2500

# Prints the newest version of a series' source package, or nothing.
source_newest()
{
	local newest='' version

	while read -r version; do
		if [[ -z $newest ]] || dpkg --compare-versions "$version" gt "$newest"; then
			newest=$version
		fi
	done < <(apt_private apt-cache madison "linux-source-$1" 2>/dev/null |
		awk -F'|' '{ gsub(/ /, "", $2); print $2 }')
	printf '%s' "$newest"
}

# Extracts a version of a series' source to the given path.
source_extract()
{
	local series=$1 version=$2 dest=$3 tmp log

	log=$(apt_dir)/download.log
	space_check "$SOURCE_NEED"
	tmp=$(mktemp -d "$LAB_CACHE/tmp.XXXXXX")
	note "fetching linux-source-$series $version (160 MB)"
	(cd "$tmp" && apt_private apt-get -qq download "linux-source-$series=$version" >"$log" 2>&1) ||
		die "$(apt_reason "$log")"
	note "extracting it"
	mkdir "$tmp/out"
	dpkg-deb --fsys-tarfile "$tmp"/*.deb | tar -xO "./usr/src/linux-source-$series.tar.xz" |
		tar -C "$tmp/out" -xJ --strip-components=1 --no-same-owner ||
		die "cannot extract linux-source-$series to $tmp; is the disk full?"
	printf '%s\n' "$version" >"$tmp/out/.debian-version"
	mv -T "$tmp/out" "$dest" || die "cannot rename $tmp/out to $dest"
	rm -rf "$tmp"
}

source_fetch()
{
	local series=$1 pointer=$LAB_CACHE/sources/$1 version

	mkdir -p "$LAB_CACHE/sources"
	if apt_refresh "$APT_DAY"; then
		version=$(source_newest "$series")
		[[ -n $version ]] || die "no linux-source-$series in the Debian $APT_RELEASE suites"
		[[ -d $LAB_CACHE/sources/$series-$version ]] ||
			source_extract "$series" "$version" "$LAB_CACHE/sources/$series-$version"
		write_file "$pointer" <<<"$series-$version"
	else
		[[ -s $pointer && -d $LAB_CACHE/sources/$(<"$pointer") ]] || exit 125
		note "staying with the source that is in the cache"
	fi
}

# Prints the directory of a series' source, which is pristine and must not be changed. Its `.debian-version` has the version.
source_dir()
{
	local series=$1 pointer=$LAB_CACHE/sources/$1

	case $series in
	6.12 | 7.2 | 7.3) ;;
	*) die "no source of series '$series' is known; known: 6.12 7.2 7.3" ;;
	esac
	{ younger_than "$APT_DAY" "$pointer" && [[ -d $LAB_CACHE/sources/$(<"$pointer") ]]; } ||
		with_lock with_release "$SOURCE_RELEASE" source_fetch "$series"
	printf '%s/sources/%s\n' "$LAB_CACHE" "$(<"$pointer")"
}
