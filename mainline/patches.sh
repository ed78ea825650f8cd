# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016
# What each patch of the series changes; see lib.sh for the words. The message of patch_NAME is messages/NAME.txt.

# shellcheck disable=SC2034
PATCHES=(speculate untag folio-walk access-remote-vm process-vm-readv copy-remote-vm-str selftest documentation)

# The functions of linux-6.12.h as they stand; not in linux/mmap_lock.h, which nearly all of the kernel includes.
patch_speculate()
{
	if kernel_has include/linux/mmap_lock.h mmap_lock_speculate_try_begin; then
		not_needed
		return
	fi
	{
		echo '#ifdef CONFIG_PER_VMA_LOCK'
		sed -n '/^static inline bool mmap_lock_speculate/,/^}/p' "$TOP/kernel/compat/linux-6.12.h" |
			sed 's/^}$/}\n/' | sed '$d'
		printf '#endif /* CONFIG_PER_VMA_LOCK */\n\n'
	} | insert before mm/internal.h '^#endif\s+/\* __MM_INTERNAL_H \*/$'
}

patch_untag()
{
	local file known='arch/arm64/include/asm/mmu_context.h arch/sparc/include/asm/mmu_context_64.h'

	kernel_has include/linux/mmu_context.h 'ifndef mm_untag_mask' ||
		die "$KERNEL has no mm_untag_mask() for all architectures any more; see kernel/remote_untag.h"
	semantic 01-untag-x86 arch/x86/include/asm/mmu_context.h arch/x86/kernel/process_64.c
	known+=' arch/x86/include/asm/mmu_context.h'
	if kernel_has arch/riscv/include/asm/mmu_context.h 'define mm_untag_mask'; then
		semantic 01-untag-riscv arch/riscv/include/asm/mmu_context.h arch/riscv/kernel/process.c
		known+=' arch/riscv/include/asm/mmu_context.h'
	fi
	# Those of arm64 and sparc never change.
	for file in $(cd "$SOURCE" && grep -rl 'define mm_untag_mask' arch); do
		[[ " $known " = *" $file "* ]] ||
			die "$file of $KERNEL has a mm_untag_mask() of its own; see patch_untag whether it may change"
	done
}

patch_folio-walk()
{
	semantic 02-folio-walk include/linux/pagewalk.h mm/pagewalk.c
	replace mm/pagewalk.c '^ \* The mmap lock must be held in read mode\.$' <"$MAINLINE/02-folio-walk.txt"
}

# New files of mm/ that are the module's as well.
shared()
{
	local file

	for file; do
		take "kernel/$file" "mm/$file"
	done
}

# Entries in MAINTAINERS; before 6.16 there is one for all of mm/.
maintain()
{
	! kernel_has MAINTAINERS '^F:\smm/ptdump\.c$' || printf 'F:\t%s\n' "${@:2}" | insert after MAINTAINERS "$1"
}

patch_access-remote-vm()
{
	shared remote_event.h remote_read.c remote_read.h remote_stats.c remote_stats.h remote_untag.h remote_walk.c \
		remote_walk.h
	take mainline/mm/remote_debugfs.c mm/remote_debugfs.c
	semantic 03-seams mm/remote_read.c mm/remote_stats.h mm/remote_walk.c
	semantic 03-access-remote-vm mm/memory.c
	printf '%s\n' 'obj-$(CONFIG_PER_VMA_LOCK) += remote_read.o remote_walk.o' 'ifdef CONFIG_DEBUG_FS' \
		'obj-$(CONFIG_PER_VMA_LOCK_STATS) += remote_debugfs.o remote_stats.o' endif |
		insert after mm/Makefile '^obj-\$\(CONFIG_TRANSPARENT_HUGEPAGE\) \+= '
	maintain '^F:\smm/ptdump\.c$' mm/remote_debugfs.c mm/remote_event.h mm/remote_read.c mm/remote_read.h \
		mm/remote_stats.c mm/remote_stats.h mm/remote_untag.h mm/remote_walk.c mm/remote_walk.h
}

patch_process-vm-readv()
{
	shared remote_readv.c remote_readv.h
	semantic 04-seams mm/remote_readv.c
	semantic 04-process-vm-readv mm/process_vm_access.c
	printf '%s\n' 'ifdef CONFIG_CROSS_MEMORY_ATTACH' 'obj-$(CONFIG_PER_VMA_LOCK) += remote_readv.o' endif |
		insert after mm/Makefile 'remote_read\.o remote_walk\.o$'
	maintain '^F:\smm/remote_read\.h$' mm/remote_readv.c mm/remote_readv.h
}

patch_copy-remote-vm-str()
{
	if ! kernel_has mm/memory.c '__copy_remote_vm_str\('; then
		not_needed
		return
	fi
	take mainline/mm/remote_read_str.c mm/remote_read_str.c
	take mainline/mm/remote_read_str.h mm/remote_read_str.h
	semantic 05-copy-remote-vm-str mm/memory.c
	printf '%s\n' 'ifdef CONFIG_BPF_SYSCALL' 'obj-$(CONFIG_PER_VMA_LOCK) += remote_read_str.o' endif |
		insert after mm/Makefile 'remote_read\.o remote_walk\.o$'
	maintain '^F:\smm/remote_read\.h$' mm/remote_read_str.c mm/remote_read_str.h
}

patch_selftest()
{
	local dir=tools/testing/selftests/mm

	take mainline/selftest/remote_read.c $dir/remote_read.c
	echo 'TEST_GEN_FILES += remote_read' | insert after $dir/Makefile '^TEST_GEN_FILES \+= pagemap_ioctl$'
	! kernel_has $dir/.gitignore '^mrelease_test$' ||
		echo 'remote_read' | insert after $dir/.gitignore '^mrelease_test$'
	printf '%s\n' '- remote_read' $'\ttest reads of another process'\''s memory' |
		insert after $dir/run_vmtests.sh '^\stest process_mrelease\(2\)$'
	printf '%s\n' '' 'CATEGORY="remote_read" run_test ./remote_read' |
		insert after $dir/run_vmtests.sh '^CATEGORY="process_mrelease" run_test '
	if kernel_has $dir/Makefile '^TEST_PROGS \+= ksft_process_mrelease\.sh$'; then
		take mainline/selftest/ksft_remote_read.sh $dir/ksft_remote_read.sh
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
