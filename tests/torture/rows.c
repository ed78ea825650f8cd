// SPDX-License-Identifier: GPL-2.0
/* "Who changes page tables", as docs/locking.md has it. */
#include <stddef.h>

#include "reach.h"

/* The functions, of which kernels have one or the other, come last. */
#define ROW(_name, _play, ...) \
	{ .name = _name, .play = _play, .functions = { __VA_ARGS__ } }

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
	 * Where it is inlined: by what it calls, which the target of this play
	 * calls for nothing else.
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
	/* The first shows that tables were shared; some have only the other. */
	ROW("hugetlb: huge_pmd_unshare(), by what is called", "hugetlb",
	    "tlb_remove_table_sync_one", "huge_pmd_unshare_flush"),
	{ .name = "exit_mmap(), by the last reader", .play = "exit",
	  .functions = { "exit_mmap" }, .by_reader = true },
	ROW("a target ends", "exit", "exit_mm_release", "exit_mm"),
	ROW("a target executes a program", "exec", "exec_mm_release",
	    "exec_mmap"),
};

const unsigned int nr_rows = sizeof(rows) / sizeof(rows[0]);
