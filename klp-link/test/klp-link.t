#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Tests of klp-link. KLP_LINK and KLP_FUZZ name the programs ("make check" sets them).
set -euo pipefail

: "${KLP_LINK:?set it to the program to test}" "${KLP_FUZZ:?set it to the fuzz program}"
dir=$(mktemp -d)
mounted=
trap '[[ -z $mounted ]] || umount "$dir/full"; chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/tap.sh"
cd "$dir"
# shellcheck disable=SC2034
EXPLAIN=got

# check NAME COMMAND..: the command succeeds
check() {
	local name=$1 status=0
	shift
	"$@" >got 2>&1 || status=$?
	ok "$status" "$name"
}

# link IN OUT: run the program with the lists below; "said" gets its standard output
link() {
	"$KLP_LINK" --symvers symvers --symbols symbols "$@" >said
}

# refused NAME TEXT IN [OUT]: exit 1 with one line that has TEXT, no OUT, no temporary file
refused() {
	local name=$1 text=$2 in=$3 out=${4:-out.ko} status=0 before after
	rm -f out.ko
	touch got said
	before=$(ls -A . "$(dirname "$out")" 2>&1) || true
	link "$in" "$out" 2>got || status=$?
	after=$(ls -A . "$(dirname "$out")" 2>&1) || true
	[[ $status == 1 && ! -s said && $(wc -l <got) == 1 && $(<got) == "klp-link: "*"$text"* &&
		$before == "$after" ]] && status=0 || status=1
	ok "$status" "$name"
}

# compile OUT [FLAG..]: C from stdin, as kbuild compiles a module
compile() {
	local out=$1
	shift
	gcc -c -O2 -fno-pic -mcmodel=kernel -fno-asynchronous-unwind-tables "$@" -x c -o "$out" -
}

# symbols FILE: section index and name of each
symbols() {
	readelf -Ws "$1" | awk '$1 ~ /^[0-9]+:$/ { print $7 == "OS" ? $8 " " $9 : $7 " " $8 }'
}

# renamed: symbols of an input, as they must be in the output
renamed() {
	sed -E 's/^UND ((prefix_)?hidden_(one|two))$/[0xff20] .klp.sym.vmlinux.\1,0/'
}

# relocations FILE SECTION: type, symbol and addend of each entry
relocations() {
	readelf -Wr "$1" | awk -v section="'$2'" '
		/^Relocation section/ { on = $3 == section; next }
		on && /^[0-9a-f]+ / { print $1, $3, $5, $6, $7 }'
}

# header FILE SECTION: the section header, by readelf
header() {
	readelf -Wt "$1" | awk -v section="$2" '
		/^ *\[ *[0-9]+\] / { on = $NF == section; next }
		on { print }'
}

# --- inputs ---

printf '0x%08x\t%s\tvmlinux\tEXPORT_SYMBOL%s\t%s\n' 1 _printk '' '' 2 kfree _GPL '' 3 both '' NS >symvers
cat >symbols <<'EOF'
# reached by livepatch relocation
hidden_one   # the first

hidden_two
both
prefix_hidden_two
never_used
EOF

modinfo='static const char info[] __attribute__((section(".modinfo"), used)) = "license=GPL\0livepatch=Y";'
cat >good.c <<'EOF'
extern int hidden_one(int), hidden_two(int), prefix_hidden_two(int), _printk(const char *, ...);
extern void both(void);
extern int optional(void) __attribute__((weak));
int local_hidden_two(int x) { return x; }
void *table[] = { hidden_one, _printk, hidden_two };
void *only[] __attribute__((section("no_dot"))) = { hidden_one, hidden_one };
static int zero[100];
int __attribute__((section(".init.text"))) init(void) { return hidden_two(1); }
int work(int x)
{
	_printk("%d\n", x);
	both();
	if (optional)
		optional();
	zero[x] = hidden_one(x) + prefix_hidden_two(x);
	return hidden_two(zero[x]) + local_hidden_two(x);
}
EOF
echo "$modinfo" >>good.c
compile good.ko <good.c

# --- a module that needs it ---

chmod 640 good.ko
check 'a good module is converted' link good.ko out.ko
check 'the message has the numbers' grep -qx 'klp-link: good.ko: 3 symbols, 8 relocations converted' said
check 'mode bits are those of the input' test "$(stat -c %a out.ko)" = 640

symbols good.ko | renamed >want
symbols out.ko >have
check 'exactly the listed symbols are renamed and marked' diff want have

for section in .text .data .init.text no_dot; do
	klp=.klp.rela.vmlinux.${section#.}
	relocations good.ko ".rela$section" >all
	grep -E ' (prefix_)?hidden_(one|two)( |$)' all |
		sed -E 's/ ((prefix_)?hidden_(one|two))/ .klp.sym.vmlinux.\1,0/' >want
	relocations out.ko "$klp" >have
	check "$section: its relocations moved, in order" diff want have
	grep -vE ' (prefix_)?hidden_(one|two)( |$)' all >want || true
	relocations out.ko ".rela$section" >have
	check "$section: the others stayed, in order" diff want have
	{
		header good.ko ".rela$section" | sed -n 1p | awk '{ print $1, $5, $6, $7 }'
		echo '[0000000000100042]: ALLOC, INFO LINK, OS (0000000000100000)'
	} >want
	header out.ko "$klp" | awk 'NR == 1 { print $1, $5, $6, $7 } NR == 2 { $1 = $1; print }' >have
	check "$section: header of the new section" diff want have
done

# Type, address, size and flags of the old sections; the data of those that must not change.
sections() {
	readelf -WS "$1" | sed -n 's/^ *\[ *\([0-9]*\)\] \(.*\)/\1 \2/p' | grep -v ' \.klp\.rela\.' |
		awk '$2 !~ /^\.(rela|strtab|shstrtab)/ { $5 = ""; print }'
}
sections good.ko >want
sections out.ko >have
check 'the other sections have the same headers' diff want have
for section in .text .data .init.text .modinfo .rodata.str1.1 .comment no_dot; do
	objcopy -O binary --set-section-flags "$section=alloc" -j "$section" good.ko want
	objcopy -O binary --set-section-flags "$section=alloc" -j "$section" out.ko have
	check "$section has the same content" cmp want have
done
readelf -Wa out.ko >/dev/null 2>have
check 'readelf finds nothing wrong' test ! -s have

cp out.ko linked.ko
check 'a linked module is accepted' link linked.ko again.ko
check 'and said to be linked already' grep -q 'already linked' said
check 'and copied unchanged' cmp linked.ko again.ko

cp good.ko same.ko
check 'the output may be the input' link same.ko same.ko
check 'with the same result' cmp same.ko linked.ko

# One table for the names of sections and symbols, as clang writes it.
if command -v clang >/dev/null; then
	clang -c -O2 -fno-pic -mcmodel=kernel -x c -o shared.ko good.c
	check 'a shared string table' link shared.ko out.ko
	symbols shared.ko | renamed >want
	symbols out.ko >have
	check 'a shared string table: symbols' diff want have
	readelf -WS out.ko >have
	check 'a shared string table: section names' grep -q ' .klp.rela.vmlinux.init.text ' have
fi

# --- modules that need nothing ---

compile plain.ko <<<'extern int _printk(const char *, ...); int f(void) { return _printk("x"); }'
check 'a module without such symbols is accepted' link plain.ko out.ko
check 'and said to need nothing' grep -q 'needs no livepatch relocation' said
check 'and copied unchanged' cmp plain.ko out.ko
compile both.ko <<<'extern void both(void); void f(void) { both(); }'
link both.ko out.ko
check 'a listed symbol that is exported stays as it is' cmp both.ko out.ko
compile weak.ko <<<'extern int w(void) __attribute__((weak)); int f(void) { return w ? w() : 0; }'
link weak.ko out.ko
check 'an unknown weak symbol stays as it is' cmp weak.ko out.ko

# --- modules that are refused ---

compile unknown.ko <<<"int a(void), b(void), hidden_one(int); int f(void) { return a() + b() + hidden_one(1); } $modinfo"
refused 'unknown symbols are all named' 'neither exported nor listed: a b (' unknown.ko
compile no-modinfo.ko <<<'int hidden_one(int); int f(void) { return hidden_one(1) + 1; }'
refused 'no .modinfo' 'not a livepatch module' no-modinfo.ko
sed 's/livepatch=Y/Xlivepatch=Y/' good.c | compile no-livepatch.ko
refused 'no livepatch=Y' 'not a livepatch module' no-livepatch.ko
sed 's/livepatch=Y/livepatch=YES/' good.c | compile no-livepatch.ko
refused 'livepatch=YES' 'not a livepatch module' no-livepatch.ko
compile debug.ko <<EOF
extern int hidden_one(int);
int f(void) { return hidden_one(1) + 1; }
asm(".pushsection .debug_info; .quad hidden_one; .popsection");
$modinfo
EOF
refused 'debug information that would need it' 'section .debug_info refers' debug.ko
strip --strip-debug debug.ko
check 'without debug information it is converted' link debug.ko out.ko

echo 'int main(void) { return 0; }' | gcc -x c -o program -
refused 'a program' 'not a relocatable object' program
{ head -c 4 good.ko; printf '\1'; tail -c +6 good.ko; } >elf32.ko
refused 'a 32-bit module' 'unsupported architecture' elf32.ko
{ head -c 5 good.ko; printf '\2'; tail -c +7 good.ko; } >big-endian.ko
refused 'a big-endian module' 'unsupported architecture' big-endian.ko
{ head -c 18 good.ko; printf '\xb7'; tail -c +20 good.ko; } >arm64.ko
refused 'another architecture' 'unsupported architecture: ELF machine 183' arm64.ko
strip -o stripped.ko good.ko --strip-all -R .rela.text -R .rela.data -R .rela.init.text -R .relano_dot
refused 'a module without symbols' 'no symbol table' stripped.ko
: >empty.ko
refused 'an empty file' 'empty file' empty.ko
echo text >text.ko
refused 'a text' 'not an ELF file' text.ko
gzip -k good.ko
refused 'a compressed module' 'not compressed' good.ko.gz
refused 'a missing file' 'cannot open' missing.ko
mkdir directory
refused 'a directory' 'cannot read' directory

size=$(stat -c %s good.ko)
bad=0
for ((len = 0; len < size; len += 97)); do
	head -c "$len" good.ko >cut.ko
	echo old >cut.out
	if link cut.ko cut.out >got 2>&1 || [[ $(<cut.out) != old ]]; then
		bad=1
	fi
done
ok "$bad" 'truncated at many lengths: refused, the old output stays'

# --- bad lists ---

mv symvers symvers.good
printf 'hidden_one\n' >symvers
refused 'symvers that is something else' 'symvers:1: not a line of Module.symvers' good.ko
: >symvers
refused 'empty symvers' 'lists no symbol' good.ko
rm symvers
refused 'missing symvers' 'symvers: cannot open' good.ko
mv symvers.good symvers
cp symbols symbols.good
echo 'two words' >>symbols
refused 'two names in a line' 'symbols:8: not a symbol name' good.ko
printf 'a\0b\n' >symbols
refused 'a list that is no text' 'symbols: not a text file' good.ko
printf '%s\r\n' hidden_one hidden_two prefix_hidden_two >symbols
check 'a list with CR LF' link good.ko out.ko
check 'gives the same result' cmp out.ko linked.ko
mv symbols.good symbols

# --- output that cannot be written ---

refused 'no such output directory' 'cannot create' good.ko nowhere/out.ko
refused 'the output is a directory' 'not a regular file' good.ko directory
mkfifo fifo
refused 'the output is not a regular file' 'not a regular file' good.ko fifo

mkdir small
echo old >small/out.ko
for input in good linked; do
	status=0
	(ulimit -f 1; link "$input.ko" small/out.ko) 2>got || status=$?
	[[ $status == 1 && $(ls -A small) == out.ko && $(<small/out.ko) == old &&
		$(wc -l <got) == 1 && $(<got) == 'klp-link: '*'cannot write'* ]] && status=0 || status=1
	ok "$status" "file size limit, $input module: the old output stays, nothing else"
done

mkdir full
if ((EUID == 0)) && mount -t tmpfs -o size=4k none full 2>got; then
	mounted=1
	echo old >full/out.ko
	refused 'disk full' 'No space left' good.ko full/out.ko
	check 'disk full: the old output stays' test "$(<full/out.ko)" = old
else
	skip 'disk full' 'needs to mount a tmpfs'
fi
mkdir -m 555 read-only
if ((EUID != 0)); then
	refused 'unwritable output directory' 'cannot create' good.ko read-only/out.ko
else
	skip 'unwritable output directory' 'root may write everywhere'
fi

# --- options ---

status=0
"$KLP_LINK" good.ko out.ko >got 2>&1 || status=$?
check 'missing options: usage error' test "$status" = 64
status=0
link good.ko >got 2>&1 || status=$?
check 'missing output: usage error' test "$status" = 64
status=0
link good.ko out.ko more >got 2>&1 || status=$?
check 'too many arguments: usage error' test "$status" = 64
check '--help' "$KLP_LINK" --help
check '--version' "$KLP_LINK" --version

# --- damaged modules ---

check 'damaged modules are converted or refused' "$KLP_FUZZ" symvers symbols good.ko 1 2000
check 'damaged linked modules, too' "$KLP_FUZZ" symvers symbols linked.ko 2 300

# A temporary file would be called OUT.XXXXXX.
check 'no temporary file stays' test -z "$(find . -name '*.ko.??????' -o -name '*.out.??????')"
plan
