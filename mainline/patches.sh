# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016
# The changes of each patch of the series; lib.sh has the functions. The message of patch_NAME is messages/NAME.txt.

# shellcheck disable=SC2034
PATCHES=(untag gup-vma-lock access-remote-vm speculate holes process-vm-readv copy-remote-vm-str direct-copy
	small-buffer selftest documentation)

CODE=$MAINLINE/code
# Features of code/read-remote-vma.c so far.
FEATURES=()

# Not in linux/mmap_lock.h, which nearly all of the kernel includes.
patch_speculate()
{
	if kernel_has include/linux/mmap_lock.h mmap_lock_speculate_try_begin; then
		not_needed
		return
	fi
	insert before mm/internal.h '^#endif\s+/\* __MM_INTERNAL_H \*/$' <"$CODE/speculate.h"
}

patch_untag()
{
	local file known='arch/arm64/include/asm/mmu_context.h arch/sparc/include/asm/mmu_context_64.h'

	kernel_has include/linux/mmu_context.h 'ifndef mm_untag_mask' ||
		die "$KERNEL has no mm_untag_mask() for all architectures: adapt gup_untagged_addr()"
	semantic untag-x86 arch/x86/include/asm/mmu_context.h arch/x86/kernel/process_64.c
	known+=' arch/x86/include/asm/mmu_context.h'
	if kernel_has arch/riscv/include/asm/mmu_context.h 'define mm_untag_mask'; then
		semantic untag-riscv arch/riscv/include/asm/mmu_context.h arch/riscv/kernel/process.c
		known+=' arch/riscv/include/asm/mmu_context.h'
	fi
	# Those of arm64 and sparc never change.
	for file in $(cd "$SOURCE" && grep -rl 'define mm_untag_mask' arch); do
		[[ " $known " = *" $file "* ]] ||
			die "$file of $KERNEL has a mm_untag_mask() of its own: check whether it can change, see patch_untag()"
	done
}

patch_gup-vma-lock()
{
	local file=mm/gup.c name=__get_user_pages

	insert after $file "^static long $name\\(struct mm_struct \\*mm,\$" <<<$'\t\tstruct vm_area_struct *vma,'
	cut_lines $file $name '^\tstruct vm_area_struct [*]vma = NULL;$' ';$' >"$WORK/dropped"
	cut_lines $file $name '^\tstart = untagged_addr_remote' ';$' "$CODE/gup-begin.c" >"$WORK/dropped"
	anchor $file "^ \\* $name\\(\\) - pin user pages in memory\$"
	sed -i "$((LINE + 1))a\\ * @vma:		a locked VMA that holds the whole range, or NULL to look VMAs up" "$TREE/$file"
	replace $file '^ \* Must be called with mmap_lock held\.  It may be released\.  See below\.$' <"$CODE/gup-comment.txt"
	insert after mm/internal.h '^\sFOLL_MADV_POPULATE = 1 << 22,$' <"$CODE/gup-flag.h"
	echo $'\t\t\t    FOLL_MADV_POPULATE | FOLL_VMA_LOCK)' | replace mm/internal.h '^\s+FOLL_MADV_POPULATE\)$'
	insert after mm/internal.h '^\s+FOLL_MADV_POPULATE \| FOLL_VMA_LOCK\)$' <"$CODE/gup-prototypes.h"
	semantic gup-vma-lock mm/gup.c
	replace mm/gup.c '^ \* to 0 and -EBUSY returned\.$' <"$CODE/faultin-comment.txt"
	insert before mm/gup.c '^static bool vma_permits_fault\(' <"$CODE/gup-pages-vma.c"
}

patch_access-remote-vm()
{
	fragment read-remote-vma.c |
		insert above mm/memory.c '^ \* Access another process. address space as given in mm\.$'
	semantic access-remote-vm mm/memory.c
}

patch_holes()
{
	insert after mm/internal.h '^\s+struct page \*\*pages, int \*locked\);$' <"$CODE/is-remote-hole.h"
	feature mm/memory.c read-remote-vma.c HOLES
}

patch_process-vm-readv()
{
	insert above mm/gup.c '^ \* Locking: \(\*locked == 1\) means' <"$CODE/gup-lock.c"
	semantic process-vm-readv-gup mm/gup.c
	insert after mm/gup.c '^EXPORT_SYMBOL\(pin_user_pages_remote\);$' <"$CODE/pin-user-pages-remote-unlocked.c"
	insert after mm/internal.h '^\s+struct page \*\*pages, int \*locked\);$' <"$CODE/pin-user-pages-remote-unlocked.h"
	semantic process-vm-readv mm/process_vm_access.c
}

patch_copy-remote-vm-str()
{
	if ! kernel_has mm/memory.c '__copy_remote_vm_str\('; then
		not_needed
		return
	fi
	feature mm/memory.c read-remote-vma.c STRINGS
	semantic copy-remote-vm-str mm/memory.c
}

patch_direct-copy()
{
	semantic folio-walk include/linux/pagewalk.h mm/pagewalk.c
	replace mm/pagewalk.c '^ \* The mmap lock must be held in read mode\.$' <"$CODE/folio-walk.txt"
	printf '%s\n' 'static __always_inline int check_vma_flags(struct vm_area_struct *vma,' \
		$'\t\t\t\t\t   unsigned long gup_flags)' |
		replace mm/gup.c '^static int check_vma_flags\(struct vm_area_struct \*vma, unsigned long gup_flags\)$'
	insert after mm/gup.c '^EXPORT_SYMBOL\(get_user_pages_remote\);$' <"$CODE/gup-walk-start.c"
	insert after mm/internal.h '^\s+struct page \*\*pages, int \*locked\);$' <"$CODE/gup-walk-start.h"
	feature mm/memory.c read-remote-vma.c DIRECT
	semantic pin-tried mm/gup.c
	insert above mm/process_vm_access.c '^ \* process_vm_rw_single_vec - ' <"$CODE/process-vm-read-page.c"
	semantic process-vm-read-page mm/process_vm_access.c
}

# Of 6.12, the buffer is a page of the page allocator.
patch_small-buffer()
{
	local file=fs/proc/base.c name

	for name in mem_rw get_mm_cmdline; do
		cut_lines $file $name '^\tpage = ' ';$' "$CODE/small-buffer.c" >"$WORK/dropped"
		grep -q kmalloc "$WORK/dropped" ||
			cut_lines $file $name '^\tfree_page' ';$' "$CODE/small-buffer-free.c" >"$WORK/dropped"
	done
}

# Entries in MAINTAINERS; before 6.16 there is one for all of mm/.
maintain()
{
	! kernel_has MAINTAINERS '^F:\smm/ptdump\.c$' || printf 'F:\t%s\n' "${@:2}" | insert after MAINTAINERS "$1"
}

patch_selftest()
{
	local dir=tools/testing/selftests/mm

	take selftest/remote_read.c $dir/remote_read.c
	echo 'TEST_GEN_FILES += remote_read' | insert after $dir/Makefile '^TEST_GEN_FILES \+= pagemap_ioctl$'
	! kernel_has $dir/.gitignore '^mrelease_test$' ||
		echo 'remote_read' | insert after $dir/.gitignore '^mrelease_test$'
	printf '%s\n' '- remote_read' $'\ttest reads of another process'\''s memory' |
		insert after $dir/run_vmtests.sh '^\stest process_mrelease\(2\)$'
	printf '%s\n' '' 'CATEGORY="remote_read" run_test ./remote_read' |
		insert after $dir/run_vmtests.sh '^CATEGORY="process_mrelease" run_test '
	if kernel_has $dir/Makefile '^TEST_PROGS \+= ksft_process_mrelease\.sh$'; then
		take selftest/ksft_remote_read.sh $dir/ksft_remote_read.sh
		chmod +x "$TREE/$dir/ksft_remote_read.sh"
		echo 'TEST_PROGS += ksft_remote_read.sh' |
			insert after $dir/Makefile '^TEST_PROGS \+= ksft_process_mrelease\.sh$'
	fi
	maintain '^F:\smm/vmstat\.c$' $dir/ksft_remote_read.sh $dir/remote_read.c
}

patch_documentation()
{
	local file=Documentation/mm/process_addrs.rst

	if kernel_has $file '^Stack expansion$'; then
		{ cat "$MAINLINE/doc/remote-reads.rst"; echo; } | insert before $file '^Stack expansion$'
	else
		# Before 6.13 the document is only a title.
		files $file
		{ echo; cat "$MAINLINE/doc/remote-reads.rst"; } >>"$TREE/$file"
	fi
}
