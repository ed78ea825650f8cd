#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The numbers in the documents are those on record. A change of only the document or only the record is detected.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$top/tools/tap.sh"
# shellcheck disable=SC2034
EXPLAIN=$dir/said

# changed NAME FILE SED PATTERN: with that change alone, the check fails and prints one line, which matches.
changed()
{
	local status=1

	cp "$top/$2" "$dir/tree/$2"
	sed -i "$3" "$dir/tree/$2"
	if ! "$top/bench/claims" "$dir/tree" >"$dir/said" 2>&1 && [[ $(wc -l <"$dir/said") = 1 ]] && grep -qE "$4" "$dir/said" &&
		! cmp -s "$top/$2" "$dir/tree/$2"; then
		status=0
	fi
	ok "$status" "$1"
	cp "$top/$2" "$dir/tree/$2"
}

status=0
"$top/bench/claims" >"$dir/said" 2>&1 || status=1
ok "$status" 'the documents say what the record does'

# Each line of output is one number: the document, the line, the number there, and the number on record.
mkdir "$dir/tree"
(cd "$top" && cp -r --parents README.md docs mainline/README.md mainline/messages bench/record "$dir/tree")
changed 'a ratio in a table' README.md '/PTRACE_PEEKTEXT/s/0\.66/0.67/' '^README\.md:[0-9]+: 0\.67 is 0\.659 on record'
changed 'a quotient of medians' README.md 's/ \([0-9]*\) times as long/ 9\1 times as long/' \
	'^README\.md:[0-9]+: 9[0-9]+ is [0-9.]+ on record: \{median '
changed 'a digit too many' README.md '/PTRACE_PEEKTEXT/s/0\.66/0.660/' '^README\.md:[0-9]+: 0\.660 is 0\.659'
changed 'a message of the series' mainline/messages/cover.txt 's/about 1390/about 1370/' '^mainline/messages/cover\.txt:[0-9]+: 1370 is 1388'
changed 'instructions in a table' docs/results.md '/^| PEEKDATA | 8 B/s/2145/2155/' '^docs/results\.md:[0-9]+: 2155 is 2145 on record'
changed 'the best place is shown, of several like it' docs/results.md '/^| maps .* 1354 → 38/s/1824/1825/' \
	'^docs/results\.md:[0-9]+: 1825 is 1823\.9 on record'
changed 'prose that is not there' docs/results.md 's/POKEDATA takes/POKEDATA needs/' 'does not say: POKEDATA takes 2358'
changed 'a record' bench/record/6.12/instructions.tsv '/^POKEDATA/s/\t2358\t/\t2458\t/' '^docs/results\.md:[0-9]+: 2358 is 2458'
changed 'a row that a record lacks' bench/record/6.12/programs.tsv '/^pgrep/d' '0 rows on record for 6\.12/programs:pgrep -f'
changed 'a row that a record has twice' bench/record/6.12/programs.tsv '/^pgrep/p' '2 rows on record for 6\.12/programs:pgrep -f'

# uncovered NAME WANTED < lines: -u lists exactly these numbers of the lines, which are added to a document.
uncovered()
{
	local status=0 last

	last=$(wc -l <"$top/docs/results.md")
	cat "$top/docs/results.md" - >"$dir/tree/docs/results.md"
	"$top/bench/claims" -u "$dir/tree" >"$dir/said" || status=1
	awk -F: -v last="$last" '$1 == "docs/results.md" && $2 > last { printf "%s", $3 }' "$dir/said" >"$dir/listed"
	[[ $(<"$dir/listed") == "$2" ]] || status=1
	ok "$status" "$1"
	cp "$top/docs/results.md" "$dir/tree/docs/results.md"
}

uncovered 'numbers without a claim are listed' ' 4711 0.4711 4,711 2 0 1.5 4712' <<END
The look takes 4711 instructions, 0.4711 of stock, or 4,711 of the 2.

| wrong | ratio |
| --- | --- |
| 0 | 1.5 |

<!-- end -->
A row of 4712.
END
uncovered 'parameters, versions, code and generated tables are not listed' '' <<END
1. With 16 readers, of 12 and 1000 VMAs, on Linux 6.4 or Debian 12 or 13, tool 4.0.2, in 2026: \`run 30\` is at 1, for 64
KiB and 1000
VMAs.

| read | 8 readers | 4711 |
| --- | --- | --- |
| 8 B | 64 KiB | 5 s |

<!-- answers: begin; made by a script -->
| 13 of 61 |
<!-- answers: end -->
END

status=0
"$top/demo/svg" "$top/bench/record/6.12/demo.tsv" | diff "$top/docs/demo.svg" - >"$dir/said" || status=1
ok "$status" 'docs/demo.svg is what demo/svg makes of the record'

plan
