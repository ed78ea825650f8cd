# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The vocabulary of patches.sh: each function changes files below $TREE, a copy of the files of $SOURCE that a patch touches, or
# fails with the name of the place. $MAINLINE is this directory, $TOP the checkout.

# Called by a patch that this kernel does not need, before it changes anything.
not_needed()
{
	# shellcheck disable=SC2034
	NEEDED=
}

# True if a file of the kernel has a line that matches.
kernel_has()
{
	grep -qE -- "$2" "$SOURCE/$1" 2>/dev/null
}

# Brings files of the kernel into $TREE.
files()
{
	local file

	for file; do
		[[ ! -e $TREE/$file ]] || continue
		[[ -f $SOURCE/$file ]] || die "$KERNEL has no $file any more; see mainline/patches.sh"
		mkdir -p "$(dirname "$TREE/$file")"
		cp "$SOURCE/$file" "$TREE/$file"
	done
}

# Coccinelle drops the blank between the parameters of macros that it adds, puts one before the tabs of their values, and
# leaves blanks at ends of lines. Mends the lines that are new.
tidy()
{
	local old=$1 new=$2 tidied=$2.tidied

	awk 'NR == FNR { old[$0] = 1; next }
		!($0 in old) {
			sub(/[ \t]+$/, "")
			if (match($0, /^#define [a-z_]+\([a-z]+,[a-z]+\)/))
				sub(/,/, ", ")
			if (/^#define/)
				sub(/ \t/, "\t")
		}
		{ print }' "$old" "$new" >"$tidied"
	mv "$tidied" "$new"
}

# Applies NAME.cocci to files; each of its rules must match somewhere.
semantic()
{
	local name=$1 cocci=$MAINLINE/$1.cocci run=$WORK/run.cocci log=$WORK/spatch.log rule file lost
	local -a rules
	shift

	files "$@"
	mapfile -t rules < <(sed -n 's/^@ \([a-z_]*\)\( depends on .*\)\{0,1\} @$/\1/p' "$cocci")
	{
		cat "$cocci"
		for rule in "${rules[@]}"; do
			printf '\n@ script:python depends on %s @\n@@\nprint("matched %s")\n' "$rule" "$rule"
		done
	} >"$run"
	: >"$log"
	for file; do
		cp "$TREE/$file" "$WORK/before"
		spatch --very-quiet --no-includes --no-show-diff --in-place --sp-file "$run" "$TREE/$file" >>"$log" 2>&1 ||
			die "Coccinelle fails on mainline/$name.cocci with $file of $KERNEL; see $log"
		tidy "$WORK/before" "$TREE/$file"
		# A result that was cut off matches, too.
		lost=$(diff "$WORK/before" "$TREE/$file" | grep -c '^<' || true)
		((lost <= 10)) || die "mainline/$name.cocci removes $lost lines of $file of $KERNEL; see $log"
	done
	for rule in "${rules[@]}"; do
		grep -qx "matched $rule" "$log" ||
			die "mainline/$name.cocci: rule '$rule' matches nothing in $* of $KERNEL: adapt the rule to that code"
	done
}

# Finds the one line of FILE that matches, and sets LINE to its number. For what Coccinelle does not see: comments,
# Makefiles, and lists with an #ifdef inside.
anchor()
{
	local file=$1 pattern=$2
	local -a found

	files "$file"
	mapfile -t found < <(grep -nE -- "$pattern" "$TREE/$file" | cut -d: -f1)
	((${#found[@]} == 1)) ||
		die "'$pattern' is in ${#found[@]} lines of $file of $KERNEL, not in one: adapt the pattern to that code"
	LINE=${found[0]}
}

# cut_lines FILE FUNCTION FROM TO [REPLACEMENT]: takes out of a function the lines from the first that matches FROM to the next
# that matches TO, and prints them. A file with a REPLACEMENT takes their place. For code that moves.
cut_lines()
{
	local file=$1

	files "$file"
	awk -v name="$2" -v from="$3" -v to="$4" -v replacement="${5:-/dev/null}" -v left="$WORK/left" '
		!head && $0 ~ "^[a-z].*[ *]" name "[(]" && !/;$/ { head = NR }
		head && !ended && !first && $0 ~ from { first = NR }
		first && !last {
			print
			if ($0 ~ to) {
				last = NR
				while ((getline line <replacement) > 0)
					print line >left
			}
			next
		}
		head && /^}/ { ended = 1 }
		{ print >left }
		END { exit !last }' "$TREE/$file" ||
		die "'$3' to '$4' is not in $2() of $file of $KERNEL: adapt the patterns to that code"
	cat "$WORK/left" >"$TREE/$file"
}

# insert after|before|above FILE PATTERN: puts stdin there; above means before the comment that the line is in.
insert()
{
	local where=$1 file=$2

	anchor "$file" "$3"
	[[ $where != above ]] || LINE=$(head -n "$LINE" "$TREE/$file" | grep -nE '^/\*' | tail -n1 | cut -d: -f1)
	[[ $where = after ]] || LINE=$((LINE - 1))
	{
		head -n "$LINE" "$TREE/$file"
		cat
		tail -n "+$((LINE + 1))" "$TREE/$file"
	} >"$WORK/inserted"
	cat "$WORK/inserted" >"$TREE/$file"
}

# replace FILE PATTERN: puts stdin in the place of the line.
replace()
{
	insert after "$@"
	sed -i "${LINE}d" "$TREE/$1"
}

# Prints code/NAME with its #ifdefs resolved: each name in FEATURES is defined, and no other.
fragment()
{
	awk -v defined=" ${FEATURES[*]} " '
		function is_on() { return index(defined, " " $2 " ") > 0 }
		# 0: these lines count; 1: not yet; 2: no more.
		$1 == "#ifdef" { outer = off[depth++]; off[depth] = outer ? 2 : !is_on(); next }
		$1 == "#elifdef" { off[depth] = off[depth] == 1 ? !is_on() : 2; next }
		$1 == "#else" { off[depth] = off[depth] == 1 ? 0 : 2; next }
		$1 == "#endif" { depth--; next }
		!off[depth]' "$MAINLINE/code/$1" | cat -s
}

# feature FILE NAME FEATURE: brings code/NAME in FILE up to date with one more of FEATURES.
feature()
{
	local file=$1 name=$2

	fragment "$name" >"$WORK/fragment.old"
	FEATURES+=("$3")
	fragment "$name" >"$WORK/fragment.new"
	perl -0e '
		my ($file, $old, $new) = map { open my $f, "<", $_ or die; <$f> } @ARGV;
		my $at = index $file, $old;
		exit 1 if $at < 0;
		substr $file, $at, length $old, $new;
		print $file' "$TREE/$file" "$WORK/fragment.old" "$WORK/fragment.new" >"$WORK/updated" ||
		die "$file does not contain code/$name as an earlier patch inserted it"
	cat "$WORK/updated" >"$TREE/$file"
}

# New files: take FROM TO.
take()
{
	[[ ! -e $SOURCE/$2 ]] || die "$KERNEL has a $2 of its own: the source is patched already, or the series needs another name"
	mkdir -p "$(dirname "$TREE/$2")"
	cp "$MAINLINE/$1" "$TREE/$2"
}
