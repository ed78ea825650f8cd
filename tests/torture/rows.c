// SPDX-License-Identifier: GPL-2.0
/* The rows of "Who changes page tables" in docs/locking.md. */
#include <stddef.h>

#include "reach.h"

/* The last arguments are the functions, alternatives of different kernels. */
#define ROW_OF(_kind, _name, _play, ...)				\
	{ .name = _name, .play = _play, .functions = { __VA_ARGS__ },	\
	  .kind = _kind }
#define ROW(_name, _play, ...) \
	ROW_OF(WHILE_READ, _name, _play, __VA_ARGS__)

struct row rows[] = {
	ROW("retract_page_tables()", "retract", "retract_page_tables"),
	ROW("collapse_pte_mapped_thp()", "retract",
	    "try_collapse_pte_mapped_thp", "collapse_pte_mapped_thp"),
	ROW("collapse_huge_page()", "collapse", "collapse_huge_page"),
	ROW("zap_deposited_table(), by its caller", "discard-huge",
	    "zap_huge_pmd"),
	ROW("__split_huge_pmd()", "collapse", "__split_huge_pmd_locked",
	    "__split_huge_pmd", "split_huge_pmd_locked"),
	ROW("page faults: new tables", "unmap", "pmd_install"),
	ROW("userfaultfd: copying in", "user-move", "mfill_atomic_copy",
	    "mfill_atomic_install_pte"),
	ROW("UFFDIO_MOVE, pages", "user-move", "move_pages_ptes",
	    "move_pages_pte", "move_pages"),
	ROW("UFFDIO_MOVE, huge entries", "user-move", "move_pages_huge_pmd"),
	ROW("move_page_tables()", "replace", "move_page_tables"),
	ROW("move_page_tables(), whole tables", "replace-huge",
	    "move_normal_pmd", "move_page_tables"),
	ROW("move_page_tables(), huge entries", "replace-huge",
	    "move_huge_pmd"),
	ROW("free_pgtables(), of the VMA", "unmap", "free_pgtables"),
	ROW("free_pgtables(), next to the VMA", "neighbours", "free_pgtables"),
	ROW("free_pgtables(), MAP_FIXED", "remap", "free_pgtables"),
	/*
	 * If inlined, it is detected by a callee, which this play's target
	 * calls for no other reason.
	 */
	{ .name = "page-table reclaim on MADV_DONTNEED", .play = "discard",
	  .functions = { "zap_pte_table_if_empty", "zap_empty_pte_table",
			 "___pte_free_tlb" },
	  .needs = "zap_vma_range_batched" },
	ROW("MADV_DONTNEED", "discard", "zap_page_range_single",
	    "zap_page_range_single_batched", "zap_vma_range_batched"),
	ROW("MADV_FREE", "free", "madvise_free_pte_range",
	    "madvise_free_single_vma"),
	ROW("mprotect()", "protect", "change_protection"),
	ROW("truncation", "truncate", "unmap_mapping_range",
	    "unmap_mapping_pages"),
	ROW("hole-punch", "punch", "unmap_mapping_range",
	    "unmap_mapping_pages"),
	ROW("reclaim", "swap", "try_to_unmap"),
	ROW("swapping in", "swap", "do_swap_page"),
	ROW("migration", "migrate", "try_to_migrate"),
	ROW("migration, back", "migrate", "remove_migration_pte",
	    "remove_migration_ptes"),
	ROW("KSM", "merge", "try_to_merge_one_page", "replace_page"),
	ROW("NUMA balancing", "balance", "change_prot_numa"),
	ROW("OOM reaper", "oom", "__oom_reap_task_mm"),
	/* The first proves sharing; some kernels have only the other. */
	ROW("hugetlb: huge_pmd_unshare(), by what is called", "hugetlb",
	    "tlb_remove_table_sync_one", "huge_pmd_unshare_flush"),
	{ .name = "exit_mmap(), by the last reader", .play = "exit",
	  .functions = { "exit_mmap" }, .kind = BY_READER },
	ROW("a target ends", "exit", "exit_mm_release", "exit_mm"),
	ROW("a target executes a program", "exec", "exec_mm_release",
	    "exec_mmap"),

	/*
	 * Faults of reads, and the changes that they meet. fork() and mremap()
	 * lock the VMA before they change its tables, so reads meet them in
	 * that wait.
	 */
	ROW_OF(BY_FAULT, "a read swaps in", "fault-swapped", "do_swap_page"),
	ROW_OF(BY_FAULT, "a read of untouched memory", "fault-replaced",
	       "do_anonymous_page", "handle_pte_fault"),
	ROW_OF(BY_FAULT, "a read of an evicted file", "fault-file",
	       "filemap_fault"),
	ROW_OF(BY_FAULT, "a read unshares", "fault-shared", "do_wp_page",
	       "wp_page_copy"),
	ROW_OF(BY_FAULT, "a read of absent hugetlb", "fault-hugetlb",
	       "hugetlb_fault"),
	ROW_OF(WHILE_FAULT, "a fault, and a VMA is split", "fault-swapped",
	       "__split_vma"),
	ROW_OF(WHILE_FAULT, "a fault, and VMAs are merged", "fault-swapped",
	       "vma_merge_existing_range", "vma_modify"),
	ROW_OF(WHILE_FAULT, "a fault, and reclaim", "fault-swapped",
	       "try_to_unmap"),
	ROW_OF(WHILE_FAULT, "a fault, and munmap()", "fault-replaced",
	       "vms_gather_munmap_vmas", "do_vmi_align_munmap"),
	ROW_OF(WHILE_FAULT, "a fault, and mremap()", "fault-replaced",
	       "move_vma", "__x64_sys_mremap"),
	ROW_OF(WHILE_FAULT, "a fault, and MADV_DONTNEED", "fault-replaced",
	       "zap_page_range_single", "zap_page_range_single_batched",
	       "zap_vma_range_batched"),
	ROW_OF(WHILE_FAULT, "a fault, and fork()", "fault-shared",
	       "dup_mmap", "dup_mm", "copy_process"),
	ROW_OF(WHILE_FAULT, "a fault, and collapse_huge_page()",
	       "fault-collapse", "collapse_huge_page"),
	ROW_OF(WHILE_FAULT, "a fault, and its target ends", "fault-exit",
	       "exit_mm_release", "exit_mm"),
	ROW_OF(WHILE_FAULT, "a fault, and the OOM reaper", "fault-oom",
	       "__oom_reap_task_mm"),
};

const unsigned int nr_rows = sizeof(rows) / sizeof(rows[0]);
