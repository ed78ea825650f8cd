#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The RPM packages: built here, linted, and compared with the Debian packages. They are installed nowhere.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export ME=rpm.t
# shellcheck source=/dev/null
. "$top/tools/common.sh"
# shellcheck source=/dev/null
. "$top/tools/tap.sh"
temporary
# shellcheck disable=SC2034
EXPLAIN=$TMP/err

# check NAME COMMAND..: it succeeds
check()
{
	local name=$1 status=0
	shift

	"$@" >"$TMP/err" 2>&1 || status=$?
	ok "$status" "$name"
}

check 'RPM packages' "$top/tools/build-rpm" "$TMP/rpm"
check 'Debian packages, to compare with' "$top/tools/build-deb" "$TMP/deb"
check 'rpmlint finds nothing' rpmlint -s -r "$top/rpm/rpmlintrc" "$TMP"/rpm/*.rpm "$top/rpm/vmapeek.spec"

# unpack NAME: both packages of that name
unpack()
{
	mkdir -p "$TMP/r/$1" "$TMP/d/$1"
	rpm2cpio "$(ls "$TMP"/rpm/"$1"-[0-9]*.[xn]*.rpm)" | (cd "$TMP/r/$1" && cpio -idm --quiet)
	dpkg-deb -x "$(ls "$TMP"/deb/"$1"_*.deb)" "$TMP/d/$1"
	find "$TMP/d/$1" "$TMP/r/$1" -name '*.8.gz' -exec gunzip {} +
	# Each has its own files for the licence and the changes of the package, and RPM has a directory for debug information.
	rm -rf "$TMP/r/$1"/usr/{share/licenses,lib/.build-id} "$TMP/d/$1/usr/share/doc/$1"/{copyright,changelog.gz}
	if [[ -d $TMP/d/$1/lib ]]; then
		mkdir -p "$TMP/d/$1/usr/lib"
		cp -a "$TMP/d/$1/lib/." "$TMP/d/$1/usr/lib/"
		rm -r "$TMP/d/$1/lib"
	fi
	find "$TMP/d/$1" "$TMP/r/$1" -type d -empty -delete
}

for name in vmapeek vmapeek-dkms; do
	unpack "$name"
	# Compiled with other options.
	if [[ $name = vmapeek ]]; then
		check 'the command runs' "$TMP/r/vmapeek/usr/sbin/vmapeek" --version
		"$TMP/r/vmapeek/usr/sbin/vmapeek" --version >"$TMP/r/vmapeek/usr/sbin/version"
		"$TMP/d/vmapeek/usr/sbin/vmapeek" --version >"$TMP/d/vmapeek/usr/sbin/version"
		for kind in r d; do
			: >"$TMP/$kind/vmapeek/usr/sbin/vmapeek"
		done
	fi
	check "$name: the files of the Debian package" diff -r "$TMP/d/$name" "$TMP/r/$name"
	for kind in r d; do
		(cd "$TMP/$kind/$name" && find . -type f -printf '%p %m\n' | sort) >"$TMP/$kind.modes"
	done
	check "$name: their modes" diff "$TMP/d.modes" "$TMP/r.modes"
	check "$name: there are some" grep -q . "$TMP/r.modes"
done

# Prints the links of the installed documents to files that are not installed.
dead_links()
{
	local dir=$TMP/d/vmapeek/usr/share/doc/vmapeek page link

	for page in "$dir"/*.md "$dir"/docs/*.md; do
		while read -r link; do
			[[ $link = *:* || -e ${page%/*}/$link ]] || echo "${page#"$dir/"}: $link"
		done < <(grep -oE '\]\([^)#]+' "$page" | cut -c 3-)
	done
}

for page in README CHANGELOG docs/operators docs/looks docs/messages; do
	check "vmapeek: $page.md" grep -q . "$TMP/d/vmapeek/usr/share/doc/vmapeek/$page.md"
done
dead_links >"$TMP/dead"
check 'vmapeek: the links of the documents' diff /dev/null "$TMP/dead"

# has NAME WORDS QUERY..: what rpm says of the package
has()
{
	local name=$1 words=$2
	shift 2

	rpm -qp --nosignature "$@" "$(ls "$TMP"/rpm/"$name"-[0-9]*.[xn]*.rpm)" >"$TMP/said"
	check "$name: $words" grep -qF -- "$words" "$TMP/said"
}

has vmapeek /etc/modules-load.d/vmapeek.conf --configfiles
has vmapeek vmapeek-dkms --recommends
has vmapeek-dkms 'vmapeek >= ' --requires
has vmapeek-dkms 'dkms install -m vmapeek' --scripts
has vmapeek-dkms 'vmapeek off --timeout=60' --scripts
has vmapeek-dkms 'dkms remove -m vmapeek' --scripts
rpm -qp --nosignature --qf '%{POSTIN}' "$TMP"/rpm/vmapeek-dkms-*.rpm >"$TMP/post"
rpm -qp --nosignature --qf '%{PREUN}' "$TMP"/rpm/vmapeek-dkms-*.rpm >"$TMP/preun"
for script in post preun; do
	check "vmapeek-dkms: $script is a shell script" sh -n "$TMP/$script"
done
grep -q . "$TMP/post" || die "no scripts to look at"
check 'the version is that of the Debian packages' grep -qx "$(dpkg-parsechangelog -l "$top/debian/changelog" -S Version)" \
	<(sed -n 's/^Version:[[:blank:]]*//p' "$top/rpm/vmapeek.spec")
plan
